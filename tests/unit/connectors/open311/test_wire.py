"""The wire: dates, words and shapes; nothing that comes in raises."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.open311.dates import is_strict, read_date, write_date
from connectors.protocols.open311.records import (
    as_flag,
    as_id,
    as_media,
    error_records,
    read_request,
    read_update,
    request_records,
    update_records,
)
from connectors.protocols.open311.tree import NotOpen311Error, parse
from connectors.protocols.open311.words import Word, normalise, read_word
from connectors.systems.open311.statuses import EVENTS, WORDS, StatusTable, spoken
from schemas.events import AGENCY_EVENTS
from schemas.status import Status
from schemas.updates import AgencyUpdate, Corrupt
from tests.unit.connectors.open311.builders import entry, system

WIB = ZoneInfo("Asia/Jakarta")
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("service_requests", "request", "service_request_id", "status"),
                    *("updated_datetime", "status_notes", "request_update", "x"),
                    *("update_id", "media_url", "extras", "agency_responsible"),
                ]
            ),
            below,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001 - hypothesis adds zones
        max_value=datetime(9000, 1, 1),  # noqa: DTZ001
        timezones=st.integers(-14 * 60, 14 * 60).map(
            lambda minutes: timezone(timedelta(minutes=minutes))
        ),
    )
)
def test_what_is_written_is_strict_and_reads_back(moment: datetime) -> None:
    text = write_date(moment)

    assert is_strict(text)
    assert text.endswith("Z")
    read = read_date(text, WIB)
    assert read is not None
    assert timedelta(0) <= moment - read < timedelta(seconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T03:00:00Z",
        "2026-11-24T03:00:00z",
        "2026-11-24T10:00:00+07:00",
        "2026-11-24T10:00:00+0700",
        "2026-11-24T10:00:00+07",
        "2026-11-24 10:00:00 +07:00",
        "2026-11-24T10:00:00",
        "2026-11-24T10:00",
        "2026-11-24T03:00:00.000Z",
        " 2026-11-24T03:00:00 UTC ",
    ],
)
def test_every_spelling_of_a_moment_is_read(text: str) -> None:
    assert read_date(text, WIB) == datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "kemarin sore", "24/11/2026", "2026-13-01T00:00:00Z", "1-1-1", "2026"],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_date(text, WIB) is None


@given(st.text())
def test_no_text_breaks_dates_and_words(text: str) -> None:
    read_date(text, WIB)
    read_word(text)
    as_id(text)


def test_the_ends_of_the_calendar_do_not_break_it() -> None:
    assert read_date("0001-01-01T00:00:00+07:00", WIB) is None
    assert read_date("9999-12-31T23:59:59-07:00", WIB) is None
    assert read_date("2026-11-24T00:00:00+99:99", WIB) is None


def test_a_moment_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        write_date(datetime(2026, 11, 24))  # noqa: DTZ001 - what it is about


@pytest.mark.parametrize("word", list(Word))
def test_words_are_read_in_either_case_and_with_spaces(word: Word) -> None:
    assert read_word(word.upper()) is word
    assert read_word(word.replace("_", " ").title()) is word
    assert EVENTS[word] in AGENCY_EVENTS


def test_words_of_nobody_are_none() -> None:
    assert read_word("Menunggu Rapat") is None
    assert read_word("") is None
    assert read_word("fixed - council") is Word.FIXED


def test_every_status_of_a_complaint_has_a_word() -> None:
    assert set(WORDS) == {str(status) for status in Status} - {"returned"}
    assert spoken("returned", extended=True) == "OPEN"


def test_rows_of_the_manifest_win_and_the_agencys_own_code_is_asked_first() -> None:
    table = StatusTable({"Dup": "acknowledged", "fixed": "followed_up"})

    assert table.event_type("DUP", "closed") == "acknowledged"
    assert table.event_type("X9", "closed") == "resolved"
    assert table.event_type("X9", "FIXED") == "followed_up"
    assert table.event_type("X9") == ""
    assert normalise("Not council's  responsibility") == (
        "not_council_s_responsibility"
    )


XML = """<?xml version="1.0" encoding="utf-8"?>
<anything xmlns="http://example.org/x"><request_update><update_id>9</update_id>
<service_request_id>A</service_request_id><status>fixed</status>
<media_url><media_url>u1</media_url><media_url>u2</media_url></media_url>
<extras><external_status_code>X9</external_status_code></extras>
</request_update></anything>"""


def test_the_name_of_the_root_means_nothing() -> None:
    (record,) = update_records(parse(XML.encode()))
    update = read_update(record, WIB)

    assert (update.update_id, update.request_id, update.status) == ("9", "A", "fixed")
    assert update.media == ("u1", "u2")
    assert update.status_code == "X9"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", ()),
        (None, ()),
        ("u", ("u",)),
        (["u", "v"], ("u", "v")),
        ([{"url": "u"}, {"media_url": "v"}], ("u", "v")),
        ({"media_url": ["u", "v"]}, ("u", "v")),
        ({"media_url": {"x": 1}}, ()),
        ("data:image/png;base64,AA", ("data:image/png;base64,AA",)),
    ],
)
def test_media_urls_come_in_every_shape(value: Any, found: tuple[str, ...]) -> None:
    assert as_media(value) == found


def test_booleans_and_ids_come_as_texts_and_numbers() -> None:
    no_ids: list[Any] = [0, "0", "", None, "..", "a\nb", "x" * 201, []]
    no_flags: list[Any] = [False, "false", 0, "", None, []]

    assert all(as_flag(value) for value in (True, "true", "TRUE", 1, "1"))
    assert not any(map(as_flag, no_flags))
    assert [as_id(value) for value in (7, "7", " A-7 ")] == ["7", "7", "A-7"]
    assert not any(map(as_id, no_ids))


EXISTS = (
    b"<errors><error><code>400</code><description>Bad request: already exists"
    b"</description></error></errors>"
)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"code": 400, "description": "Bad request: already exists"}]',
        b'{"errors": {"code": 400, "description": "Bad request: already exists"}}',
        b'{"errors": [{"code": "400", "message": "Bad request: already exists"}]}',
        EXISTS,
    ],
)
def test_errors_come_in_every_shape(body: bytes) -> None:
    (error,) = error_records(parse(body))

    assert (error.code, error.description) == ("400", "Bad request: already exists")


def test_a_case_is_no_error_and_an_object_is_an_agency() -> None:
    (record,) = request_records(
        {
            "service_requests": [
                {
                    "service_request_id": 7,
                    "description": "x",
                    "agency_responsible": {"recipient": ["Dinas Air"]},
                }
            ]
        }
    )

    assert error_records([record]) == []
    assert read_request(record, WIB).agency == "Dinas Air"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<a>",
        b"<html><body/></html>",
        b"<!DOCTYPE html><p>x",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" * 100_000,
        b"[" * 100_000,
        b"{" + b'"a":{' * 50 + b"}" * 51,
        b"7" * 5000,
        b"\xff\xfe\x00",
        b"{'a': 1}",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_what_is_no_open311_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(NotOpen311Error):
        parse(body)


def test_a_tree_without_end_is_refused() -> None:
    with pytest.raises(NotOpen311Error):
        parse(b"<a>" + b"<b/>" * 200_001 + b"</a>")
    with pytest.raises(NotOpen311Error):
        parse(json.dumps([0] * 200_001).encode())


@given(st.binary(max_size=200) | JSON_VALUES.map(lambda v: json.dumps(v).encode()))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    with system() as speaks:
        for kind in ("cases", "feed", ""):
            page = entry(body, open311=kind, noticed=body[:40].decode("latin-1"))
            for one in [*speaks.read(page), *_alone(speaks, page, kind)]:
                assert isinstance(one, AgencyUpdate | Corrupt)


def _alone(speaks: Any, page: Any, kind: str) -> list[Any]:
    bodies = speaks.split(page)
    return [one for body in bodies for one in speaks.read(entry(body, open311=kind))]


@given(
    st.text(
        st.characters(codec="utf-8", exclude_characters="<>&\x00\ufffe\uffff"),
        max_size=50,
    )
)
def test_split_records_say_what_the_page_said(note: str) -> None:
    rows = [
        {"service_request_id": f"A-{n}", "status": "fixed", "status_notes": note}
        for n in range(3)
    ]
    with system() as speaks:
        page = entry(json.dumps(rows).encode())
        whole = list(speaks.read(page))
        parts = [one for body in speaks.split(page) for one in speaks.read(entry(body))]

    assert whole == parts
    assert len(parts) == 3
