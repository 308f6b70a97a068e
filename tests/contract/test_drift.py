"""Drift: an agency's view and ours, what differs, and that one command heals it."""

from datetime import timedelta

import pytest

from connectors.contract import Capabilities, Done
from connectors.errors import Retryable
from hub import telemetry
from hub.bootstrap.workers import AskedGauges
from hub.cli import doctor
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.domain.drift import DriftKind, Heal
from schemas.updates import AgencyView
from tests.contract.asking import Asking, Feed, word
from tests.contract.builders import PUPR, by_action, reply
from tests.contract.world import Known, World

ALL = Capabilities(polls="feed", snapshots="all")
REFERENCE = "PUPR-26-1"


def view(reference: str = REFERENCE, event: str = "", **more: object) -> AgencyView:
    given = {"reference": reference, "event_type": event, "raw_status": event or "?"}
    return AgencyView.model_validate(given | more)


@pytest.fixture
def known(world: World) -> Known:
    found = world.register()
    world.hand_over(PUPR, REFERENCE)
    return found


def told(world: World, known: Known) -> list[str]:
    return [row.type for row in world.log(known) if row.leg_agency == PUPR]


def tell_all(world: World, known: Known) -> list[PlanKind]:
    """Deliver what is due to the agency."""
    kinds = []
    while (row := world.cursor(known, PUPR)).delivered_seq < row.target_seq:
        kind = PlanKind.SEND if row.reference else PlanKind.SUBMIT
        kinds.append(kind)
        call = world.begin(PUPR, kind, f"key-{len(kinds)}-{row.generation}")
        reference = REFERENCE if row.reference else "PUPR-26-NEW"
        kept, _ = world.end(call, Done(reference=reference))
        assert kept
    return kinds


def test_views_that_agree_are_no_drift(world: World, known: Known) -> None:
    feed = Feed(views=[view(event="acknowledged")])
    asking = Asking(world, {PUPR: feed})
    asking.wait(90_000)
    asking.compare()

    assert feed.named == [[REFERENCE]]
    assert world.store.drifts.listed() == []
    assert asking.source(kind="snapshot")["last_success_at"] is not None


def test_a_status_that_moved_there_becomes_an_update_once(
    world: World, known: Known
) -> None:
    asking = Asking(world, {PUPR: Feed(views=[view(event="resolved")])})
    (drift,) = asking.look()
    assert (drift.kind, drift.heal) == (DriftKind.DIFFERENT_STATUS, Heal.HEAR)
    assert asking.heal() == ["its word closed comes in"]
    assert asking.heal() == ["nothing: it was done already"]
    asking.hear()

    assert told(world, known).count("resolved") == 1
    row = world.log(known)[-1]
    assert (row.author_kind, row.author_id, row.cause_kind) == (
        "agency",
        PUPR,
        "journal",
    )
    assert asking.look() == []
    assert world.store.drifts.listed() == []
    audit = [r for r in world.rows(t.audit) if r.action == "drift_healed"]
    assert len(audit) == 2
    assert world.violated() == set()


def test_the_agency_takes_its_own_word_back(world: World, known: Known) -> None:
    world.say(known, PUPR, "resolved", "a:1")
    asking = Asking(world, {PUPR: Feed(views=[view(event="work_started")])})

    (drift,) = asking.look()
    assert (drift.ours, drift.theirs) == ("closed", "in_progress")
    assert asking.heal() == ["its word in_progress comes in"]
    asking.hear()
    assert asking.look() == []


def test_a_list_that_is_older_than_its_own_word_waits(
    world: World, known: Known
) -> None:
    world.say(known, PUPR, "resolved", "a:1")
    (row,) = [r for r in world.log(known) if r.type == "resolved"]
    old = row.occurred_at - timedelta(hours=1)
    feed = Feed(views=[view(event="work_started", updated_at=old)])

    (drift,) = Asking(world, {PUPR: feed}).look()
    assert drift.heal is Heal.OPERATOR


def test_what_we_decided_since_is_told_again_once(world: World, known: Known) -> None:
    world.say(known, PUPR, "resolved", "a:1")
    world.append(known, by_action(reply("x", known.reporter_id)))
    tell_all(world, known)
    before = world.cursor(known, PUPR)
    asking = Asking(world, {PUPR: Feed(views=[view(event="resolved")])})

    (drift,) = asking.look()
    assert drift.heal is Heal.TELL
    (did,) = asking.heal()
    assert did.startswith("it is told again from event ")
    assert asking.look() == [], "it is on its way"
    assert PlanKind.SUBMIT not in tell_all(world, known)

    (again,) = asking.look()
    assert again.heal is Heal.OPERATOR, "never twice by itself"
    after = world.cursor(known, PUPR)
    assert after.generation == before.generation + 1
    assert after.delivered_seq == before.delivered_seq
    assert world.violated() == set()


def test_what_is_gone_there_is_handed_over_again_once(
    world: World, known: Known
) -> None:
    asking = Asking(world, {PUPR: Feed(views=[view(present=False)])})

    (drift,) = asking.look()
    assert (drift.kind, drift.heal) == (DriftKind.MISSING_THERE, Heal.HAND_OVER)
    items = [drift]
    drifts = world.store.drifts
    assert [d["did"] for d in drifts.heal(PUPR, items, "cli:siti", "hilang")] == [
        "it is handed over again"
    ]
    assert [d["did"] for d in drifts.heal(PUPR, items, "cli:siti", "hilang")] == [
        "nothing: it was done already"
    ]
    assert world.violated() == set()
    assert tell_all(world, known)[0] is PlanKind.SUBMIT

    asking.feeds[PUPR].views = [view("PUPR-26-NEW", "acknowledged")]
    assert asking.look() == []
    assert drifts.counts() == []
    assert told(world, known).count("handed_over") == 2
    asking.feeds[PUPR].views = []
    asking.feeds[PUPR].said = [word(1, "work_started")]
    asking.poll()
    asking.hear()
    assert "work_started" in told(world, known), "the old reference is known still"
    assert world.violated() == set()


def test_a_case_that_we_do_not_know_is_listed_for_a_person(
    world: World, known: Known
) -> None:
    views = [view(event="acknowledged"), view("PUPR-26-77", "work_started")]
    asking = Asking(world, {PUPR: Feed(views=views, capabilities=ALL)})

    (drift,) = asking.look()
    assert (drift.kind, drift.heal) == (DriftKind.MISSING_HERE, Heal.OPERATOR)
    assert "PUPR-26-77" not in repr(drift)
    assert world.row(t.drift).reference.startswith(b"v1.")
    assert asking.heal() == [""]
    asking.feeds[PUPR].views = views[:1]
    assert asking.look() == []
    assert world.rows(t.drift) == []


def test_our_key_under_another_reference_is_ours(world: World, known: Known) -> None:
    views = [view("PUPR-26-77", "work_started", key="key-1")]
    asking = Asking(world, {PUPR: Feed(views=views, capabilities=ALL)})

    (drift,) = asking.look()
    assert drift.kind is DriftKind.DIFFERENT_REFERENCE
    assert drift.complaint_id == known.id
    assert asking.heal() == ["its other reference is known now"]
    assert asking.look() == []
    asking.feeds[PUPR].said = [word(1, "work_started", reference="PUPR-26-77")]
    asking.poll()
    asking.hear()
    assert "work_started" in told(world, known)


def test_what_was_not_told_for_a_day_is_stale_and_woken(
    world: World, known: Known
) -> None:
    world.append(known, by_action(reply("x", known.reporter_id)))
    asking = Asking(world, {PUPR: Feed(views=[])})
    assert asking.look() == []

    world.move_clock(90_000)
    later = world.store.queries.now() + timedelta(hours=9)
    world.write(t.cursors.update().values(due_at=later))
    (drift,) = asking.look()
    assert (drift.kind, drift.heal) == (DriftKind.STALE, Heal.WAKE)
    assert asking.heal() == ["what waits goes now"]
    assert world.cursor(known, PUPR).due_at < later


def test_a_word_in_no_table_is_named(world: World, known: Known) -> None:
    (drift,) = Asking(world, {PUPR: Feed(views=[view()])}).look()
    assert (drift.heal, drift.theirs) == (Heal.OPERATOR, "")
    assert "no table" in drift.why


def test_cases_are_compared_in_chunks_that_go_on_where_they_ended(
    world: World, known: Known
) -> None:
    for n in range(2, 6):
        world.register(f"k{n}")
        world.hand_over(PUPR, f"PUPR-26-{n}")
    feed = Feed(views=[view(f"PUPR-26-{n}", "resolved") for n in range(1, 6)])
    asking = Asking(world, {PUPR: feed}, pages_max=1)
    asking.wait(90_000)
    turns = 1
    while asking.compare().goes_on:
        turns += 1

    assert feed.named == [
        ["PUPR-26-1", "PUPR-26-2"],
        ["PUPR-26-3", "PUPR-26-4"],
        ["PUPR-26-5"],
    ]
    assert turns == 3
    (count,) = world.store.drifts.counts()
    assert (count["kind"], count["cases"]) == ("different_status", 5)
    assert asking.compare().goes_on is False, "until tomorrow"
    assert len(feed.named) == 3


def test_an_agency_that_does_not_answer_leaves_what_is_known(
    world: World, known: Known
) -> None:
    feed = Feed(views=[view(event="resolved")])
    asking = Asking(world, {PUPR: feed})
    asking.look()
    feed.fails = [Retryable("503")]
    asking.wait(90_000)
    asking.compare()

    assert len(world.store.drifts.listed(PUPR)) == 1
    assert asking.source(kind="snapshot")["failures"] == 1
    asking.wait(3600)
    asking.compare()
    assert asking.source(kind="snapshot")["failures"] == 0


def test_drift_is_shown_by_the_doctor_and_on_the_metrics_page(
    world: World, known: Known
) -> None:
    asking = Asking(world, {PUPR: Feed(skew=3.0, views=[view(event="resolved")])})
    gauges = AskedGauges(world.store.sources, world.store.drifts)
    shown = telemetry.REGISTRY.get_sample_value
    asking.poll()
    assert doctor._asked(world.store).ok
    asking.look()
    asking.wait(60)
    gauges()

    kind = {"party": PUPR, "kind": "different_status"}
    source = {"source": f"agency:{PUPR}"}
    assert shown("simpul_drift", kind) == 1
    assert shown("simpul_source_skew_seconds", source) == 3
    assert 60 <= (shown("simpul_source_age_seconds", source) or 0) < 120
    check = doctor._asked(world.store)
    assert not check.ok
    assert check.findings[0]["kind"] == "different_status"

    asking.heal()
    gauges()
    assert shown("simpul_drift", kind) is None, "it is given its time"


def test_the_doctor_names_who_has_not_answered_for_long(
    world: World, known: Known
) -> None:
    feed = Feed(fails=[Retryable("its host is away")] * 9)
    asking = Asking(world, {PUPR: feed})
    asking.poll()
    assert doctor._asked(world.store).ok, "once is nothing"
    for _ in range(3):
        asking.wait(7200)
        asking.poll()

    check = doctor._asked(world.store)
    assert not check.ok
    assert [one["why"] for one in check.findings] == ["its host is away"]
    feed.fails = []
    asking.wait(7200)
    asking.poll()
    assert doctor._asked(world.store).ok
