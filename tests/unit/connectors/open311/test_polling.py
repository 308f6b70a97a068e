"""Asking for updates: by id and by window, of strict servers and of others."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import Misconfigured, Refused, Retryable
from connectors.systems.open311 import Open311System
from hub.simulator.faults import Fault
from hub.simulator.utility import SimulatedUtility
from schemas.updates import AgencyUpdate, Corrupt
from tests.unit.connectors.open311.builders import (
    HandClock,
    Poller,
    delivery,
    system,
    utility,
)
from tests.unit.connectors.rest.servers import in_turn, says, serving

ODDITIES: tuple[dict[str, Any], ...] = (
    {},
    {"page_cap": 3},
    {"page_cap": 20, "repeats_last_page": True},
    {"newest_first": False},
    {"fails_on_unknown_ids": True},
    {"fails_on_fractions": True},
    {"hides_datetimes": True},
    {"media_as_objects": True},
    {"html_errors": True},
    {"wraps_json": True},
)


def filed(tirta: SimulatedUtility, speaks: Open311System, number: int) -> list[str]:
    links = [{"url": f"https://simpul.example/files/{n}"} for n in "ab"]
    view = {"title": "Air mati", "attachments": {"links": links}}
    for n in range(number):
        speaks.submit(delivery(key=f"k-{n}", complaint=view))
    return [case.nomor for case in tirta.cases]


@pytest.mark.parametrize("written", ["xml", "json"])
@pytest.mark.parametrize("oddity", ODDITIES, ids=str)
def test_every_open_case_is_asked_for_whatever_the_server(
    oddity: dict[str, Any], written: str
) -> None:
    with (
        utility(**oddity) as tirta,
        system(tirta.url, format=written, batch=8) as speaks,
    ):
        ours = filed(tirta, speaks, 21)
        for nomor in ours:
            tirta.move(nomor, "fixed", "Air sudah mengalir.")
        poller = Poller(speaks, ours)

        found = poller.updates()

        assert sorted(set(found)) == [(one, "fixed", "resolved") for one in ours]
        assert tirta.told.waiting == 0
        assert poller.turn() == []


@pytest.mark.parametrize("hides", [False, True])
def test_one_that_goes_back_and_forth_is_three_updates(*, hides: bool) -> None:
    hand = HandClock()
    with (
        utility(now=hand, hides_datetimes=hides) as tirta,
        system(tirta.url) as speaks,
    ):
        (ours,) = filed(tirta, speaks, 1)
        poller = Poller(speaks, [ours])
        clock = datetime.now(UTC)
        found: list[AgencyUpdate] = []
        for n, word in enumerate(("investigating", "planned", "investigating")):
            hand.at = clock + timedelta(minutes=n)
            poller.now = clock + timedelta(minutes=n)
            tirta.move(ours, word)
            found += [one for one in poller.records() if isinstance(one, AgencyUpdate)]
            assert poller.turn() == []

    told = {(one.raw_status, one.event_id, one.occurred_at) for one in found}
    assert [one.raw_status for one in found] == [
        "investigating",
        "planned",
        "investigating",
    ]
    assert len(told) == 3


def test_without_times_neighbours_say_nothing_new_twice() -> None:
    with utility(hides_datetimes=True) as tirta, system(tirta.url) as speaks:
        ours = filed(tirta, speaks, 3)
        poller = Poller(speaks, ours)
        first = {one.event_id for one in _updates(poller)}
        tirta.move(ours[1], "fixed")
        second = {one.event_id for one in _updates(poller)}

    assert len(second - first) == 1


def _updates(poller: Poller) -> list[AgencyUpdate]:
    return [one for one in poller.records() if isinstance(one, AgencyUpdate)]


@pytest.mark.parametrize("fails", [False, True])
def test_an_unknown_id_hides_no_other(*, fails: bool) -> None:
    with (
        utility(fails_on_unknown_ids=fails) as tirta,
        system(tirta.url, batch=4) as speaks,
    ):
        ours = filed(tirta, speaks, 9)
        ours[4:4] = ["TS9999999"]
        poller = Poller(speaks, ours)

        found = {reference for reference, _, _ in poller.updates()}

    assert found == set(ours) - {"TS9999999"}


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.HTML_PAGE, Fault.GARBAGE])
def test_an_outage_is_no_end_of_cases(fault: Fault) -> None:
    with utility() as tirta, system(tirta.url, batch=4) as speaks:
        poller = Poller(speaks, filed(tirta, speaks, 3))
        tirta.faults.set(fault)
        with pytest.raises(Retryable):
            poller.turn()
        tirta.faults.clear()

        assert len(poller.updates()) == 3


def test_a_wrong_jurisdiction_is_no_unknown_id() -> None:
    with utility() as tirta, system(tirta.url) as speaks:
        ours = filed(tirta, speaks, 1)
        with system(tirta.url, jurisdiction_id="lain") as wrong:
            with pytest.raises(Refused):
                Poller(wrong, ours).turn()
            with pytest.raises(Refused):
                list(wrong.snapshot(ours))


def test_a_round_begins_anew_and_takes_new_cases_along() -> None:
    with utility() as tirta, system(tirta.url, batch=2) as speaks:
        poller = Poller(speaks, filed(tirta, speaks, 3))
        assert len(poller.updates()) == 3
        more = Poller(speaks, filed(tirta, speaks, 4))
        more.checkpoint, more._keys = poller.checkpoint, poller._keys

        found = more.updates()

    assert "TS0000004" in {reference for reference, _, _ in found}


def test_nothing_open_asks_nothing() -> None:
    with utility() as tirta, system(tirta.url) as speaks:
        assert Poller(speaks).turn() == []
        assert tirta.requests == []


@pytest.mark.parametrize("checkpoint", [b"", b"{", b"[]", b'{"v": 9}', b"\xff", b"7"])
@pytest.mark.parametrize("updates", ["cases", "feed"])
def test_a_checkpoint_that_cannot_be_read_begins_anew(
    checkpoint: bytes, updates: str
) -> None:
    with utility() as tirta, system(tirta.url, updates=updates) as speaks:
        ours = filed(tirta, speaks, 1)
        tirta.move(ours[0], "fixed")
        poller = Poller(speaks, ours)
        poller.checkpoint = checkpoint
        poller.now = datetime.now(UTC) + timedelta(seconds=5)

        assert poller.updates() == [(ours[0], "fixed", "resolved")]


@pytest.mark.parametrize("written", ["xml", "json"])
def test_the_feed_tells_every_step(written: str) -> None:
    with (
        utility() as tirta,
        system(tirta.url, updates="feed", format=written) as speaks,
    ):
        (ours,) = filed(tirta, speaks, 1)
        for word in ("investigating", "planned", "investigating"):
            tirta.move(ours, word)
        poller = Poller(speaks)
        poller.now = datetime.now(UTC) + timedelta(seconds=5)

        found = poller.updates()

    assert [word for _, word, _ in found] == [
        "investigating",
        "planned",
        "investigating",
    ]


def test_the_feed_catches_up_after_days_and_repeats_the_margin_only() -> None:
    began = datetime(2026, 11, 20, tzinfo=UTC)
    hand = HandClock()
    with utility(now=hand) as tirta, system(tirta.url, updates="feed") as speaks:
        ours = filed(tirta, speaks, 1)
        poller = Poller(speaks)
        poller.now = began
        poller.turn()
        for hour in range(0, 72, 2):
            hand.at = began + timedelta(hours=hour)
            tirta.move(ours[0], "planned", f"jam {hour}")
        poller.now = began + timedelta(days=3)
        poller.pages = 0

        first = _updates(poller)

        assert {one.text for one in first} == {f"jam {n}" for n in range(0, 72, 2)}
        assert poller.pages == 3
        poller.now += timedelta(minutes=4)
        hand.at = began + timedelta(days=3, seconds=-30)
        tirta.move(ours[0], "fixed", "terlambat")
        assert "terlambat" in {one.text for one in _updates(poller)}


@pytest.mark.parametrize("cap", [20, 50])
def test_a_feed_that_cuts_its_pages_is_asked_by_halves(cap: int) -> None:
    began = datetime(2026, 11, 20, tzinfo=UTC)
    hand = HandClock()
    with (
        utility(now=hand, page_cap=cap) as tirta,
        system(tirta.url, updates="feed") as speaks,
    ):
        ours = filed(tirta, speaks, 1)
        for second in range(130):
            at = began + timedelta(seconds=second * 7 if second < 100 else 600 + second)
            hand.at = at
            tirta.move(ours[0], "planned", f"ke-{second}")
        poller = Poller(speaks)
        poller.now = began + timedelta(hours=1)

        found = {one.text for one in _updates(poller)}

    assert found == {f"ke-{second}" for second in range(130)}


def test_a_feed_that_minds_no_window_is_not_asked_for_ever() -> None:
    told = {"service_request_id": 7, "updated_datetime": "2020-01-01T00:00:00Z"}
    rows = [{"update_id": n, "status": "open", **told} for n in range(1, 21)]
    with (
        serving(says(200, json.dumps(rows).encode())) as server,
        system(server.url, updates="feed") as speaks,
    ):
        poller = Poller(speaks)
        assert len(poller.updates()) == 20
        assert len(server.seen) <= 2


def test_windows_are_whole_seconds_in_utc_and_overlap() -> None:
    with serving(says(200, b"[]")) as server, system(server.url, updates="feed") as s:
        poller = Poller(s)
        for minute in (0, 10):
            poller.now = datetime(2026, 11, 24, 3, minute, 0, 999999, tzinfo=UTC)
            poller.turn()

    asked = [seen.target.partition("?")[2] for seen in server.seen]
    assert "start_date=2026-11-23T02%3A55%3A00Z" in asked[0]
    assert "end_date=2026-11-24T03%3A00%3A00Z" in asked[0]
    assert "start_date=2026-11-24T02%3A55%3A00Z" in asked[1]
    assert "api_key=kunci-uji" in asked[0]


def test_a_clock_that_is_set_back_ends_and_loses_nothing() -> None:
    with serving(says(200, b"[]")) as server, system(server.url, updates="feed") as s:
        poller = Poller(s)
        poller.now = datetime(2026, 11, 24, 3, tzinfo=UTC)
        poller.turn()
        poller.now -= timedelta(hours=2)
        poller.turn()
        poller.now += timedelta(hours=3)
        poller.turn()

    last = server.seen[-1].target
    assert "start_date=2026-11-24T02%3A55%3A00Z" in last
    assert "end_date=2026-11-24T04%3A00%3A00Z" in last


def test_the_servers_clock_is_measured() -> None:
    date = "Tue, 24 Nov 2026 03:00:00 GMT"
    empty = says(200, b"[]", Date=date)
    with serving(empty) as server, system(server.url, updates="feed") as speaks:
        poller = Poller(speaks)
        poller.now = datetime(2026, 11, 24, 2, 58, tzinfo=UTC)
        poller.turn()

    assert poller.skew == pytest.approx(120, abs=2)


def test_throttling_and_a_wrong_key_are_told() -> None:
    with (
        serving(says(429, b"", Retry_After="7")) as server,
        system(server.url) as speaks,
        pytest.raises(Retryable) as raised,
    ):
        Poller(speaks, ["A-1", "A-2"]).turn()
    with (
        utility() as tirta,
        system(tirta.url, updates="feed", api_key="x") as wrong,
        pytest.raises(Misconfigured),
    ):
        Poller(wrong).turn()

    assert raised.value.after_seconds == 7


@pytest.mark.parametrize("updates", ["cases", "feed"])
def test_an_unknown_word_and_a_broken_record_harm_no_neighbour(updates: str) -> None:
    with utility() as tirta, system(tirta.url, updates=updates) as speaks:
        ours = filed(tirta, speaks, 2)
        tirta.faults.set(Fault.CORRUPT_ITEM)
        tirta.move(ours[0], "Menunggu Rapat")
        tirta.faults.clear()
        tirta.move(ours[1], "fixed")
        poller = Poller(speaks, ours)
        poller.now = datetime.now(UTC) + timedelta(seconds=5)

        found = poller.records()

    bad = {one.code for one in found if isinstance(one, Corrupt)}
    good = [one.reference for one in found if isinstance(one, AgencyUpdate)]
    assert "unmapped_status" in bad
    assert ("missing_field" in bad) == (updates == "feed")
    assert good == [ours[1]]


def test_a_snapshot_says_what_is_there_and_what_is_not() -> None:
    with utility(page_cap=2) as tirta, system(tirta.url, batch=3) as speaks:
        ours = filed(tirta, speaks, 4)
        tirta.move(ours[0], "fixed")

        views = {view.reference: view for view in speaks.snapshot([*ours, "X-1"])}

    assert [views[one].event_type for one in ours] == ["resolved"] + [
        "acknowledged"
    ] * 3
    assert views[ours[0]].updated_at is not None
    assert not views["X-1"].present


def test_a_snapshot_leaves_out_what_the_server_did_not_tell() -> None:
    with (
        utility(fails_on_unknown_ids=True) as tirta,
        system(tirta.url) as speaks,
    ):
        ours = filed(tirta, speaks, 2)
        views = list(speaks.snapshot([*ours, "X-1"]))
    other = says(200, b'[{"service_request_id": "Z-1", "status": "open"}]')
    with serving(in_turn(other)) as server, system(server.url) as speaks:
        none = list(speaks.snapshot(["A-1"]))

    assert [view.reference for view in views] == ours
    assert all(view.present for view in views)
    assert none == []
