"""Complaints that begin on a platform above, or in an agency's own system."""

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.database import tables as t
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, Reporter
from schemas.updates import AgencyComplaint, AgencyUpdate
from tests.contract.above import (
    AGENCIES,
    LAPOR,
    accept,
    again,
    begun,
    hear,
    instant,
    known,
    party,
    said,
    stage,
)
from tests.contract.builders import NOON, PUPR
from tests.contract.world import World


@pytest.fixture(autouse=True)
def platform(world: World) -> None:
    world.store.parties.configure([party()])


def types(world: World) -> list[str]:
    return [event.type for event in world.log(known(world))]


def test_what_begins_above_is_registered_placed_and_never_asked_to_be_taken(
    world: World,
) -> None:
    (row,) = hear(world, begun())

    case = known(world)
    events = world.log(case)
    assert (row.state, row.result_id) == ("done", case.id)
    assert types(world) == ["received", "registered", "verified", "assigned"]
    assert (events[0].author_kind, events[0].author_id) == ("upstream", LAPOR)
    assert instant(events[0].facts["filed_at"]) == NOON
    assert events[0].occurred_at == row.received_at, "our clocks run from then"
    above, below = world.cursor(case, LAPOR), world.cursor(case, PUPR)
    assert above.reference_index is not None
    assert (above.delivered_seq, above.target_seq) == (2, 4)
    assert (below.delivered_seq, below.target_seq) == (3, 4)
    assert {c.party for c in world.rows(t.cursors)} == {LAPOR, PUPR}
    assert world.row(t.complaints).channel == "partner"
    assert world.violated() == set()


def test_what_no_rule_places_waits_for_an_officer(world: World) -> None:
    complaint = NewComplaint(
        title="Air", body="Air keruh.", channel=ChannelName.PARTNER
    )
    hear(world, begun(complaint=complaint))
    assert types(world)[-1] == "triage_requested"
    assert world.violated() == set()


def test_the_same_reference_is_never_a_second_complaint(world: World) -> None:
    rows = hear(world, begun(), begun())
    rows += hear(world, begun(), begun("4711002"))

    states = [row.state for row in rows]
    assert states == ["done", "duplicate", "duplicate", "done"]
    assert len(world.rows(t.complaints)) == 2
    assert world.violated() == set()


def test_nor_is_it_for_workers_that_read_it_at_the_same_time(world: World) -> None:
    ids = [accept(world, begun(title)) for title in ("1", "2", "1", "2") * 4]
    random.Random(7).shuffle(ids)
    halves = [ids[n::4] for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda some: stage(world)(f"updates.{LAPOR}", some), halves))

    states = sorted(row.state for row in world.rows(t.journal))
    assert states == ["done"] * 2 + ["duplicate"] * 14
    assert len(world.rows(t.complaints)) == 2
    assert world.violated() == set()


def test_its_words_are_no_repetition_of_what_is_written_to_us(world: World) -> None:
    hear(world, begun(), begun("4711002"))
    complaint = begun().complaint
    with world.store.journal.claim([]) as work:
        assert work.same_words(complaint) is None
    assert complaint.reporter == Reporter(
        name="Sari Contoh", email="sari@warga.example"
    )


def test_a_word_on_what_is_not_known_yet_waits_and_is_matched(world: World) -> None:
    (orphan,) = hear(world, said("put_on_hold", 5))
    assert orphan.state == "waiting"

    hear(world, begun())
    again(world)

    assert world.row(t.journal, id=orphan.id).state == "done"
    assert world.row(t.complaints).status == "on_hold"
    assert world.violated() == set()


def test_a_word_that_stands_before_its_complaint_in_a_batch_is_heard(
    world: World,
) -> None:
    rows = hear(world, said("put_on_hold", 5), begun())
    assert [row.state for row in rows] == ["done", "done"]
    assert world.row(t.complaints).status == "on_hold"


def test_how_it_stood_there_is_heard_with_it(world: World) -> None:
    born = begun(event_type="put_on_hold", raw_status="Tertunda")
    rows = hear(world, born, born)
    assert [row.state for row in rows] == ["done", "duplicate"]
    assert types(world)[-1] == "put_on_hold"
    assert world.row(t.complaints).status == "on_hold"
    assert world.violated() == set()


def test_any_order_and_any_repetition_give_one_complaint_and_one_state(
    world: World,
) -> None:
    words: list[AgencyComplaint | AgencyUpdate] = [
        begun(),
        said("put_on_hold", 10),
        said("resumed", 20),
        said("archived", 30),
        said("restored", 40),
    ]
    orders = list(itertools.permutations(words))
    dice = random.Random(11)
    found: set[tuple[str, str]] = set()
    for n, order in enumerate(dice.sample(orders, 6)):
        reference = f"77{n}"
        told: list[AgencyComplaint | AgencyUpdate] = [
            one.model_copy(update={"reference": reference}) for one in order
        ]
        told += dice.choices(told, k=3)
        for record in told:
            hear(world, record)
        again(world)
        (case,) = [
            row
            for row in world.rows(t.complaints)
            if row.id not in {seen for seen, _ in found}
        ]
        events = world.rows(t.log, complaint_id=case.id)
        assert len(events) == 4 + 4, "nothing twice, and nothing lost"
        found.add((case.id, case.status))
    assert {status for _, status in found} == {"assigned"}
    assert world.violated() == set()


def test_a_complaint_of_ours_that_comes_back_under_its_number_is_no_new_one(
    world: World,
) -> None:
    mine = world.register()
    number = world.row(t.complaints, id=mine.id).public_number
    (row,) = hear(world, begun(public_number=number))
    assert (row.state, row.result_id) == ("duplicate", mine.id)
    assert len(world.rows(t.complaints)) == 1
    (other,) = hear(world, begun("8", public_number="900000000000009"))
    assert other.state == "done", "a number of somebody else's says nothing"


def test_an_agencys_own_case_is_assigned_to_it_and_not_handed_over(
    world: World,
) -> None:
    born = begun("PUPR-7", event_type="work_started", raw_status="Dikerjakan")
    (row,) = hear(world, born, party_=PUPR)

    case = known(world)
    assert row.state == "done"
    assert types(world) == [
        "received",
        "registered",
        "verified",
        "assigned",
        "handed_over",
        "work_started",
    ]
    events = world.log(case)
    assert (events[0].author_kind, events[0].author_id) == ("agency", PUPR)
    assert {e.author_id for e in events[3:5]} == {"agency_born"}
    cursor = world.cursor(case, PUPR)
    assert (cursor.delivered_seq, cursor.target_seq, cursor.due_at) == (5, 5, None)
    assert cursor.reference_index is not None
    assert world.row(t.legs).status == "in_progress"
    assert world.violated() == set()

    (again_,) = hear(world, said("resolved", 9, "PUPR-7"), party_=PUPR)
    assert again_.state == "done"
    assert world.row(t.complaints).status == "closed"
    assert world.violated() == set()


def test_a_status_that_its_party_cannot_say_is_quarantined_with_its_reason(
    world: World,
) -> None:
    (wrong,) = hear(world, begun(event_type="resolved"))
    (also,) = hear(world, said("resolved"))
    assert (wrong.state, also.state) == ("quarantined", "quarantined")
    assert "cannot say 'resolved'" in wrong.why
    assert set(AGENCIES) == {LAPOR, PUPR, "dinkes"}
    assert world.rows(t.complaints) == []
