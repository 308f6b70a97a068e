"""Polling: rounds that overlap, pages of every kind, and cases one by one."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import OpenCase, Page
from connectors.errors import ConnectorError, Misconfigured, OutcomeUnknown
from connectors.systems.rest import RestSystem
from connectors.systems.rest.coming_in import Poll
from connectors.systems.rest.polling import Checkpoint, since_of, written_since
from schemas.updates import AgencyUpdate
from tests.unit.connectors.rest.asked import (
    NOW,
    answers,
    ask,
    asking,
    query_of,
    stored,
)
from tests.unit.connectors.rest.servers import RawServer, says

ROW = {"id": "C-1", "status": "Diterima"}


def polling(**table: Any) -> dict[str, Any]:
    query = {"since": "{since}", "page": "{page}"}
    return {"poll": {"path": "/changes", "query": query, **table}}


def rounds(rest: RestSystem, pages: int, checkpoint: bytes | None = None) -> list[Page]:
    found = []
    for _ in range(pages):
        page = rest.poll(ask(checkpoint))
        checkpoint = page.checkpoint
        found.append(page)
    return found


def pages_asked(server: RawServer, name: str = "page") -> list[str]:
    return [query_of(seen).get(name, "") for seen in server.seen]


def test_a_page_is_stored_as_it_came_and_read_like_a_push() -> None:
    with asking(polling(), *answers({"data": [ROW]})) as (rest, server):
        assert rest.capabilities.polls == "feed"
        page = rest.poll(ask())
        (raw,) = page.raws
        (update,) = rest.read(stored(raw))

    assert isinstance(update, AgencyUpdate)
    assert update.event_type == "acknowledged"
    assert json.loads(raw.body) == {"data": [ROW]}
    assert (raw.source, raw.lane) == (
        "agency:dinas_contoh",
        "updates.dinas_contoh",
    )
    assert not page.more
    assert query_of(server.seen[0])["since"] == "2026-11-17T03:00:00Z"


def test_the_next_round_begins_a_margin_before_the_last_one_by_the_servers_clock() -> (
    None
):
    ahead = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    said = answers({"data": []}, Date=ahead)
    with asking(polling(margin_seconds=30), *said) as (rest, server):
        first, _ = rounds(rest, 2)

    assert first.skew_seconds == 90
    assert query_of(server.seen[1])["since"] == "2026-11-24T03:01:00Z"


def test_pages_end_with_an_empty_one() -> None:
    said = answers({"data": [ROW]}, {"data": [ROW, ROW]}, {"data": []})
    with asking(polling(paging={"kind": "page"}), *said) as (rest, server):
        found = rounds(rest, 3)

    assert [page.more for page in found] == [True, True, False]
    assert [len(page.raws) for page in found] == [1, 1, 0]
    assert pages_asked(server) == ["1", "2", "3"]
    assert len(set(pages_asked(server, "since"))) == 1


def test_a_server_that_repeats_its_last_page_ends_the_round() -> None:
    said = answers({"data": [ROW]})
    with asking(polling(paging={"kind": "page"}), *said) as (rest, _):
        found = rounds(rest, 2)

    assert [page.more for page in found] == [True, False]
    assert [len(page.raws) for page in found] == [1, 0]


def test_offsets_count_items_and_a_cap_leaves_the_rest_to_the_next_round() -> None:
    table = polling(paging={"kind": "offset", "pages_max": 2})
    table["poll"]["query"] = {"from": "{offset}"}
    said = answers({"data": [ROW, ROW]}, {"data": [ROW]}, {"data": []})
    with asking(table, *said) as (rest, server):
        found = rounds(rest, 3)

    assert [page.more for page in found] == [True, False, False]
    assert [query_of(seen)["from"] for seen in server.seen] == ["0", "2", "3"]


def test_cursors_lead_on_until_there_is_none() -> None:
    table = polling(paging={"kind": "cursor", "next": "meta.next"})
    table["poll"]["query"] = {"after": "{cursor}"}
    said = answers(
        {"data": [], "meta": {"next": "c2"}}, {"data": [ROW], "meta": {"next": None}}
    )
    with asking(table, *said) as (rest, server):
        found = rounds(rest, 2)

    assert [page.more for page in found] == [True, False]
    assert pages_asked(server, "after") == ["", "c2"]


def test_links_are_followed_below_the_systems_own_address_only() -> None:
    table = polling(paging={"kind": "link"})
    here = says(200, b'{"data": []}', Link='</changes?p=2>; rel="next"')
    away = says(200, b'{"data": [1]}', Link='<http://x.example/>; rel="next"')
    with asking(table, here, away) as (rest, server):
        found = rounds(rest, 2)
        with pytest.raises(Misconfigured, match="not below base_url"):
            rest.poll(ask(found[-1].checkpoint))

    assert server.seen[1].target == "/changes?p=2"


@pytest.mark.parametrize(
    "answer",
    [says(200, b"<html>"), says(200, b""), says(200, b'{"data": 3}'), says(500)],
    ids=["a login page", "nothing", "no list", "an error"],
)
def test_a_page_that_cannot_be_read_moves_nothing(answer: Any) -> None:
    with asking(polling(), answer) as (rest, _), pytest.raises(OutcomeUnknown):
        rest.poll(ask())


def test_a_page_without_any_update_is_not_stored() -> None:
    settings = polling()
    settings["update"] = {
        "items": "data",
        "where": "kind = 'status'",
        "reference": "id",
        "status": "status",
    }
    with asking(settings, *answers({"data": [{**ROW, "kind": "x"}]})) as (rest, _):
        assert rest.poll(ask()).raws == ()


def test_cases_are_asked_for_one_by_one_and_need_not_name_themselves() -> None:
    settings = {
        "poll": {"kind": "cases", "path": "/cases/{reference}", "cases_a_page": 2},
        "update": {"items": "case", "reference": "id", "status": "status"},
    }
    cases = [OpenCase(position=str(n), reference=f"R{n}") for n in range(3)]
    said = [*answers({"case": {"status": "Dikerjakan"}}), says(404), says(404)]
    with asking(settings, *said) as (rest, server):
        assert rest.capabilities.polls == "cases"
        first = rest.poll(ask(None, *cases))
        second = rest.poll(ask(first.checkpoint, *cases))
        (update,) = rest.read(stored(first.raws[0]))

    assert isinstance(update, AgencyUpdate)
    assert update.reference == "R0"
    assert (first.more, second.more) == (True, False)
    assert [seen.target for seen in server.seen] == [
        "/cases/R0",
        "/cases/R1",
        "/cases/R2",
    ]


CASES = {
    "poll": {"kind": "cases", "path": "/cases/{reference}"},
    "update": {"items": "case", "reference": "id", "status": "status"},
}


def test_one_case_that_always_fails_harms_no_other() -> None:
    cases = [OpenCase(position=str(n), reference=f"R{n}") for n in range(3)]
    good = answers({"case": {"status": "Dikerjakan"}})[0]
    with asking(CASES, good, says(500), good) as (rest, _):
        page = rest.poll(ask(None, *cases))

    assert [raw.meta["reference"] for raw in page.raws] == ["R0", "R2"]


@pytest.mark.parametrize(("status", "calls"), [(500, 3), (429, 1), (401, 1)])
def test_a_system_that_is_away_is_left_alone(status: int, calls: int) -> None:
    cases = [OpenCase(position=str(n), reference=f"R{n}") for n in range(9)]
    with (
        asking(CASES, says(status)) as (rest, server),
        pytest.raises(ConnectorError),
    ):
        rest.poll(ask(None, *cases))

    assert len(server.seen) == calls


def test_an_answer_that_says_the_same_is_the_same_message_for_a_day() -> None:
    settings = polling(repeat_hours=24)
    with asking(settings, *answers({"data": [ROW]})) as (rest, _):
        keys = [
            rest.poll(ask(now=NOW + timedelta(hours=hours))).raws[0].source_key
            for hours in (0, 1, 25)
        ]

    assert keys[0] == keys[1] != keys[2]


MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the zone comes beside
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(began=MOMENTS, now=MOMENTS, margin=st.floats(0, 1e6))
def test_no_round_begins_after_the_last_one_did(
    began: datetime, now: datetime, margin: float
) -> None:
    poll = Poll(path="/x", margin_seconds=margin)
    kept = Checkpoint.of(Checkpoint(began=began).written())

    since = since_of(poll, kept, now)

    assert since <= began
    written = written_since(since, "epoch", UTC)
    assert int(written) <= began.timestamp()


@given(st.binary())
def test_any_checkpoint_can_be_read(written: bytes) -> None:
    assert Checkpoint.of(written).version == 1
