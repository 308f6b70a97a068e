import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.sms.config import SmsConfig
from connectors.channels.sms.text import write_text
from connectors.contract import Contact
from connectors.protocols.sms.gsm import (
    BASIC,
    EXTENDED,
    friendly,
    segments,
    septets,
)
from connectors.protocols.sms.numbers import e164
from tests.unit.connectors.channels.builders import CODE, delivery, gateway

GSM_TEXT = st.text(st.sampled_from(BASIC + EXTENDED), max_size=700)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # An escape pair at the border of a part is not divided.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("ж" + "😀" * 66 + "ж", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_messages_are_counted_as_the_network_counts(text: str, expected: int) -> None:
    assert segments(text) == expected


@given(GSM_TEXT)
def test_septets_are_one_or_two_for_each_character(text: str) -> None:
    doubled = sum(text.count(char) for char in EXTENDED)

    assert septets(text) == len(text) + doubled


@given(st.text(max_size=300), st.characters(exclude_categories=["Cs"]))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert segments(text + more) >= segments(text)


@given(GSM_TEXT)
def test_the_parts_are_enough_for_the_septets(text: str) -> None:
    needed = septets(text) or 0

    assert segments(text) * 160 >= needed
    assert segments(text) <= max(1, -(-needed // 152))


def test_marks_of_word_processors_get_their_plain_twin() -> None:
    written = "\u201cJalan\u201d \u2013 rusak\u2026\u00a0di RT\u201805\u2019"

    assert friendly(written) == "\"Jalan\" - rusak... di RT'05'"
    assert septets(written) is None
    assert septets(friendly(written)) is not None


@pytest.mark.parametrize(
    "written",
    [
        "08120001234",
        "0812-0001-234",
        "+62 812 0001 234",
        "628120001234",
        "tel:+628120001234",
        "(0812) 000.1234",
        "8120001234",
    ],
)
def test_every_spelling_of_a_number_gives_the_same(written: str) -> None:
    assert e164(written) == "+628120001234"


@pytest.mark.parametrize(
    "written", ["1708", "112", "NUSASEL", "", "62", "+", "0812-ab"]
)
def test_short_codes_and_names_are_no_numbers(written: str) -> None:
    assert e164(written) == ""


def _config(**changes: object) -> SmsConfig:
    return SmsConfig.model_validate({"gateways": {"nusa": gateway()}} | changes)


def test_the_notices_of_a_delivery_make_one_text_with_the_code() -> None:
    text = write_text(_config(), delivery("Dinas membaca.", "Dinas bekerja."))

    assert text == f"Laporan {CODE}: Dinas membaca. Dinas bekerja."


def test_an_sms_is_in_the_language_of_the_reporter() -> None:
    english = Contact(address="+628120001234", language="en")
    text = write_text(_config(), delivery("Dinas membaca.", contact=english))

    assert text == f"Report {CODE}: (en) Dinas membaca."


def test_a_code_that_the_notice_has_is_not_repeated() -> None:
    notice = f"Laporan Anda kami terima dengan kode {CODE}."

    assert write_text(_config(), delivery(notice)) == notice


def test_a_link_to_the_tracking_page_follows_where_it_is_set() -> None:
    config = _config(link="https://lapor.example/t/{code}")

    text = write_text(config, delivery("Selesai."))

    assert text == f"Laporan {CODE}: Selesai. https://lapor.example/t/{CODE}"


def test_of_too_many_notices_the_oldest_go() -> None:
    notices = [f"Kabar nomor {number} dari dinas." for number in range(100)]

    text = write_text(_config(), delivery(*notices))

    assert segments(text) <= 3
    assert "nomor 99" in text
    assert "nomor 0 " not in text


@given(st.lists(st.text(max_size=900), min_size=1, max_size=5), st.integers(1, 4))
def test_no_text_is_longer_than_the_limit(notices: list[str], most: int) -> None:
    text = write_text(_config(segments_max=most), delivery(*notices))

    assert segments(text) <= most
    assert CODE in text
