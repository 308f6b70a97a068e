"""Mails that are passed on, the conversation they are of, and dates that can be."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.protocols.mail.conversations import conversation_of
from connectors.protocols.mail.dates import believed_date
from connectors.protocols.mail.forwarded import find_forwarded
from connectors.protocols.mail.headers import Headers, Mailbox

FROM = ("From", "Pak RT <rt@desa.example>")
ANI = Mailbox("Ani Contoh", "ani@warga.example")
NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Begin forwarded message:\n\n> From: Ani Contoh <ani@warga.example>\n> Air",
        (
            "Mohon bantuan\n\n---------- Forwarded message ---------\n"
            "From: Ani Contoh <ani@warga.example>\nDate: Senin\n\nAir mati"
        ),
        "---------- Pesan terusan ----------\nDari: Ani Contoh <ani@warga.example>\n",
        "Awal pesan terusan:\n\nDari: Ani Contoh <ani@warga.example>\n\nAir mati",
        (
            "-------- Pesan yang diteruskan --------\nSubjek: Air\n"
            "*Dari:* Ani Contoh [mailto:ani@warga.example]\n"
        ),
    ],
)
def test_a_mail_that_is_passed_on_names_who_wrote_it(text: str) -> None:
    found = find_forwarded(Headers((FROM,)), text)

    assert found is not None
    assert (found.rule, found.inner) == ("banner", ANI)


def test_a_group_that_replaces_the_sender_keeps_it_in_a_header() -> None:
    headers = Headers((FROM, ("X-Original-From", "Ani Contoh <ani@warga.example>")))
    found = find_forwarded(headers, "Air mati")

    assert found is not None
    assert (found.rule, found.inner) == ("x_original_from", ANI)


@pytest.mark.parametrize(
    "text",
    [
        "Air mati.",
        "Saya sudah kirim pesan terusan ke RT.\nDari: rumah saya",
        "Begin forwarded message:\n\nAir mati",
        "Dari: Ani Contoh <ani@warga.example>",
    ],
)
def test_words_about_forwarding_are_no_forwarding(text: str) -> None:
    assert find_forwarded(Headers((FROM,)), text) is None
    own = ("X-Original-From", "rt@desa.example")
    assert find_forwarded(Headers((FROM, own)), text) is None


def test_a_name_without_an_address_is_kept_as_it_is_written() -> None:
    found = find_forwarded(
        Headers((FROM,)), "---- Pesan terusan ----\nDari: Ani dari gang tiga\n"
    )

    assert found is not None
    assert found.inner == Mailbox("Ani dari gang tiga", "")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("References", "<1@a> <2@a>"), ("In-Reply-To", "<2@a>")], "<1@a>"),
        ([("In-Reply-To", "<2@a>"), ("Subject", "Re: x")], "<2@a>"),
        ([("Subject", "Re: Fwd: Ticket 17 diterima")], "ticket # diterima"),
        ([("Subject", "Bls: RE[2]: Ticket 4")], "ticket #"),
        ([], ""),
    ],
)
def test_a_conversation_is_named_by_its_beginning_else_by_its_subject(
    fields: list[tuple[str, str]], expected: str
) -> None:
    assert conversation_of(Headers(fields)) == expected


@pytest.mark.parametrize(
    ("distance", "rule"),
    [
        (timedelta(), "header"),
        (timedelta(days=-7), "header"),
        (timedelta(days=-7, seconds=-1), "too_old"),
        (timedelta(minutes=10), "header"),
        (timedelta(minutes=10, seconds=1), "in_the_future"),
        (timedelta(days=-40_000), "too_old"),
    ],
)
def test_a_date_is_believed_within_a_week_before_and_minutes_after_the_arrival(
    distance: timedelta, rule: str
) -> None:
    written, by = believed_date(format_datetime(NOON + distance), NOON)

    assert by == rule
    assert written == (min(NOON + distance, NOON) if rule == "header" else None)


@pytest.mark.parametrize(
    ("zone", "hour"), [("WIB", 12), ("WITA", 13), ("WIT", 14), ("+0700", 12)]
)
def test_indonesian_zones_are_read(zone: str, hour: int) -> None:
    written, rule = believed_date(f"Tue, 24 Nov 2026 {hour}:00:00 {zone}", NOON)

    assert (written, rule) == (NOON, "header")


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("", "missing"),
        ("kemarin", "unreadable"),
        ("1 Jan 0001 00:00:00 +1400", ""),
    ],
)
def test_no_date_is_a_rule_of_its_own(header: str, rule: str) -> None:
    written, by = believed_date(header, NOON)

    assert written is None
    assert by == rule or (not rule and by in {"unreadable", "too_old"})
