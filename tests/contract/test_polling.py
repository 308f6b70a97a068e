"""Asking agencies: pages and checkpoints are one, failures stay where they are."""

import threading

import pytest

from connectors.contract import Page
from connectors.errors import Misconfigured, Refused, Retryable
from hub import telemetry
from hub.database import tables as t
from hub.database.due import SqlDue
from hub.database.sources import source_id
from hub.ports import Failure
from tests.contract.asking import EVERY, Asking, Feed, word
from tests.contract.builders import DINKES, PUPR
from tests.contract.world import World


def said(count: int) -> list[dict[str, object]]:
    return [word(n) for n in range(count)]


def test_a_turn_reads_every_page_and_the_next_begins_behind_it(world: World) -> None:
    feed = Feed(said(5))
    asking = Asking(world, {PUPR: feed})

    asked = asking.poll()
    nothing = asking.poll()
    asking.wait()
    feed.said.append(word(5))
    again = asking.poll()

    assert asked.messages == 5
    assert nothing.messages == 0
    assert again.messages == 1
    assert feed.asked == [None, b"2", b"4", b"5"]
    rows = world.rows(t.journal)
    assert {(r.source, r.lane) for r in rows} == {(f"agency:{PUPR}", f"updates.{PUPR}")}
    assert len(rows) == 6, "what the margin repeats is known"
    assert world.violated() == set()


def test_a_checkpoint_is_stored_as_ciphertext(world: World) -> None:
    asking = Asking(world, {PUPR: Feed(said(1))})
    asking.poll()

    stored = world.row(t.sources, source=f"agency:{PUPR}").checkpoint
    assert stored.startswith(b"v1.")


def test_a_page_and_its_checkpoint_are_stored_together_or_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(world, {PUPR: Feed(said(2))})
    journal, real = world.store.journal, world.store.journal.accept_in

    def killed(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(journal, "accept_in", killed)
    with pytest.raises(KeyboardInterrupt):
        asking.poll()
    monkeypatch.undo()

    assert world.rows(t.journal) == []
    assert world.row(t.sources, source=f"agency:{PUPR}").checkpoint is None
    asking.wait()  # until the lease of the dead one is over
    assert asking.poll().messages == 2


def test_a_page_that_cannot_be_stored_leaves_the_checkpoint(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(world, {PUPR: Feed(said(2))})

    def broken(*given: object) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(world.store.journal, "accept_in", broken)
        patch.setattr(world.store.sources, "fail", lambda turn, failure: True)
        assert asking.poll().messages == 0

    assert world.row(t.sources, source=f"agency:{PUPR}").checkpoint is None


def test_two_workers_ask_one_source_once(world: World) -> None:
    feed = Feed(said(2), page=2)
    asking = Asking(world, {PUPR: feed})
    other = world.another()
    begun, goes_on = threading.Event(), threading.Event()

    def hang(ask: object) -> None:
        begun.set()
        assert goes_on.wait(20)

    feed.before = hang
    first = threading.Thread(target=asking.poll)
    first.start()
    assert begun.wait(20)
    assert asking.poll(store=other).messages == 0
    goes_on.set()
    first.join()

    assert feed.asked == [None]
    assert len(world.rows(t.journal)) == 2


def test_whoever_lost_the_lease_stores_nothing(world: World) -> None:
    feed = Feed(said(2))
    asking = Asking(world, {PUPR: feed})
    other = world.another()

    def overtaken(ask: object) -> None:
        feed.before = lambda ask: None
        asking.wait()  # longer than the lease
        assert asking.poll(store=other).messages == 2

    feed.before = overtaken
    asked = asking.poll()

    assert asked.messages == 0
    assert [row.times_seen for row in world.rows(t.journal)] == [1, 1]


def test_a_turn_ends_after_its_pages_and_goes_on_at_once(world: World) -> None:
    feed = Feed(said(9), page=2)
    asking = Asking(world, {PUPR: feed}, pages_max=2)

    turns = []
    while (asked := asking.poll()).goes_on:
        turns.append(asked.messages)

    assert turns == [4, 4]
    assert asked.messages == 1
    assert len(world.rows(t.journal)) == 9


def test_a_failure_backs_off_and_moves_no_other_source(world: World) -> None:
    broken = Feed(said(3), fails=[Retryable("503")] * 3)
    well = Feed(said(3))
    asking = Asking(world, {PUPR: broken, DINKES: well})
    world.store.parties.pause("nobody", "x", "y")

    waits = []
    for _ in range(3):
        asking.poll(PUPR)
        waits.append(asking.source(PUPR)["due_at"] - world.store.queries.now())
        asking.poll(DINKES)
        asking.wait(waits[-1].total_seconds() + 1)
    assert asking.source(PUPR)["failures"] == 3
    assert asking.source(DINKES)["failures"] == 0
    assert asking.source(PUPR)["last_success_at"] is None
    assert len(world.rows(t.journal, source=f"agency:{DINKES}")) == 3
    assert [round(w.total_seconds() / (0.75 * EVERY)) for w in waits] == [1, 2, 4]

    assert asking.poll(PUPR).messages == 3, "nothing was lost meanwhile"
    assert asking.source(PUPR)["why"] == ""


def test_a_retry_after_holds_the_whole_party(world: World) -> None:
    feed = Feed(fails=[Retryable("429", after_seconds=900, throttled=True)])
    asking = Asking(world, {PUPR: feed})
    asking.poll()

    party = world.row(t.parties, party=PUPR)
    waits = asking.source()["due_at"] - world.store.queries.now()
    assert party.throttled_until > world.store.queries.now()
    assert 890 < waits.total_seconds() <= 900


def test_a_wrong_way_is_shown_on_the_party_and_told_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(world, {PUPR: Feed(fails=[Misconfigured("401 at /feed")] * 3)})
    told: list[str] = []
    monkeypatch.setattr(
        telemetry.log, "error", lambda event, **facts: told.append(event)
    )
    for _ in range(3):
        asking.poll()
        asking.wait(7200)

    (shown,) = [r for r in world.store.queries.parties() if r["party"] == PUPR]
    assert shown["asking"] == "401 at /feed"
    assert shown["state"] == "active", "what it is told goes on"
    assert told == ["source_misconfigured"]

    asking.poll()
    (shown,) = [r for r in world.store.queries.parties() if r["party"] == PUPR]
    assert shown["asking"] == ""


def test_a_page_that_nobody_can_read_is_one_quarantined_row(world: World) -> None:
    refused = [Refused("not JSON", response=b"<html>") for _ in range(2)]
    asking = Asking(world, {PUPR: Feed(fails=[*refused])})
    for _ in range(2):
        asking.poll()
        asking.wait(7200)
    asking.hear()

    (row,) = world.rows(t.journal)
    assert row.state == "quarantined"
    assert asking.source()["last_success_at"] is None


@pytest.mark.parametrize("error", [ZeroDivisionError(), ConnectionResetError()])
def test_what_breaks_in_a_system_is_a_failure_like_others(
    world: World, error: Exception
) -> None:
    world.register()
    world.hand_over()
    asking = Asking(world, {PUPR: Feed(fails=[error] * 2)})
    asking.poll()
    asking.wait(90_000)
    asking.compare()

    assert type(error).__name__ in asking.source()["why"]
    assert type(error).__name__ in asking.source(kind="snapshot")["why"]


def test_a_database_that_goes_away_meanwhile_is_no_failure_of_the_agency(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: object) -> None:
        raise ConnectionError

    feed = Feed(before=lambda ask: ask.cases("", 1))
    asking = Asking(world, {PUPR: feed})
    with monkeypatch.context() as patch:
        patch.setattr(world.store.sources, "open_cases", away)
        with pytest.raises(ConnectionError):
            asking.poll()

    assert asking.source()["failures"] == 0


def test_a_paused_party_is_not_asked_and_nothing_is_lost(world: World) -> None:
    feed = Feed(said(2))
    asking = Asking(world, {PUPR: feed})
    world.store.parties.pause(PUPR, "cli:siti", "perawatan")

    asking.poll()
    assert feed.asked == []
    world.store.parties.resume(PUPR, "cli:siti", "selesai")
    assert asking.poll().messages == 2


def test_every_page_takes_a_permit_of_its_party(world: World) -> None:
    feed = Feed(said(40), page=1, margin=0)
    asking = Asking(world, {PUPR: feed}, pages_max=1000)
    world.write(t.parties.update().values(rate=5, tokens=5, tokens_at=None))

    asking.poll()
    first = len(feed.asked)
    for _ in range(100):
        asking.wait(2)
        asking.poll()

    assert first <= 6, "five calls a second"
    assert len(world.rows(t.journal)) == 40


def test_the_sweep_finds_due_sources_and_leaves_paused_ones(world: World) -> None:
    asking = Asking(world, {PUPR: Feed(), DINKES: Feed()})
    world.store.parties.pause(DINKES, "cli:siti", "perawatan")

    found = SqlDue(world.store.db).sweep(60)
    assert [(lane, one) for lane, one, _ in found] == [
        ("poll", source_id(f"agency:{PUPR}"))
    ]
    asking.poll()
    assert SqlDue(world.store.db).sweep(60) == []
    asking.wait()
    assert {(row[1], row[2]) for row in SqlDue(world.store.db).sweep(60)} == {
        (source_id(f"agency:{PUPR}"), "sweep")
    }


def test_a_changed_file_is_asked_at_once_and_keeps_the_checkpoint(world: World) -> None:
    feed = Feed(said(2))
    asking = Asking(world, {PUPR: feed})
    asking.poll()
    world.store.sources.configure(asking.rows())
    assert asking.poll().messages == 0

    feed.said.append(word(2))
    world.store.sources.configure(asking.rows("2"))
    assert asking.poll().messages == 1
    assert feed.asked == [None, b"2"]

    world.store.sources.configure([])
    asking.wait()
    assert asking.poll().messages == 0
    assert asking.source()["state"] == "off"


def test_an_agency_is_asked_about_its_open_cases_in_order(world: World) -> None:
    known = []
    for n in range(3):
        known.append(world.register(f"k{n}"))
        world.hand_over(PUPR, f"PUPR-26-{n}")
    world.say(known[1], PUPR, "resolved", "s1")
    read: list[str] = []

    def go_through(ask: object) -> None:
        position = ""
        while some := ask.cases(position, 1):  # type: ignore[attr-defined]
            (case,) = some
            read.append(case.reference)
            position = case.position

    feed = Feed(before=go_through)
    Asking(world, {PUPR: feed}).poll()

    assert read == ["PUPR-26-0", "PUPR-26-2"]


def test_a_clock_is_measured_smoothed_and_shown(world: World) -> None:
    feed = Feed(skew=10.0)
    asking = Asking(world, {PUPR: feed})
    shown = []
    for skew in (10.0, 18.0, 7 * 3600.0):
        feed.skew = skew
        asking.poll()
        asking.wait()
        shown.append(asking.source()["skew_seconds"])

    assert shown == [10.0, 12.0, 25200.0]
    assert asking.source()["hint"].startswith("+7 h")


def test_a_clock_that_was_set_back_has_the_cases_compared(world: World) -> None:
    feed = Feed(skew=3600.0)
    asking = Asking(world, {PUPR: feed})
    asking.poll()
    before = asking.source(kind="snapshot")["due_at"]
    feed.skew = 0.0
    asking.wait()
    asking.poll()

    assert asking.source(kind="snapshot")["due_at"] <= world.store.queries.now()
    assert before > world.store.queries.now()


def test_a_dead_process_gives_its_sources_back_at_the_next_start(world: World) -> None:
    asking = Asking(world, {PUPR: Feed(said(1))})
    sources = world.store.sources
    turn = sources.lease(source_id(f"agency:{PUPR}"), 600)
    assert turn is not None

    sources.free()
    assert not sources.keep(turn, Page(raws=(), checkpoint=b"9"), 0.0, 1).is_stored
    assert not sources.fail(turn, Failure("late", 1.0))
    assert asking.poll().messages == 1


def test_a_source_with_news_is_due_at_once(world: World) -> None:
    asking = Asking(world, {PUPR: Feed(said(1))})
    asking.poll()
    sources, one = world.store.sources, source_id(f"agency:{PUPR}")
    assert sources.lease(one, 60) is None, "it was just asked"

    woken = sources.wake(one)
    turn = sources.lease(one, 60)

    assert woken
    assert turn is not None
    assert not sources.wake(one), "whoever asks it may be past the news"


def test_a_source_that_is_asked_no_more_is_not_woken(world: World) -> None:
    Asking(world, {PUPR: Feed(said(1))})
    world.store.sources.configure([])

    assert not world.store.sources.wake(source_id(f"agency:{PUPR}"))


def test_how_far_a_source_was_read_can_be_seen(world: World) -> None:
    asking = Asking(world, {PUPR: Feed(said(1))})
    assert world.store.sources.checkpoint(f"agency:{PUPR}") is None

    asking.poll()

    assert world.store.sources.checkpoint(f"agency:{PUPR}") == b"1"
