"""A platform above: what it says of a case, and what it is told of it."""

from dataclasses import dataclass, field

import pytest
from uuid_utils.compat import uuid7

from connectors.contract import Capabilities, Delivery, Done, Item, New, NotFound
from hub.database import tables as t
from hub.stages.deliver import Deliver, Way, lane_of
from hub.stages.intake import Intake
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, PartyKind
from schemas.raw import JournalEntry
from tests.contract.above import (
    AGENCIES,
    LAPOR,
    ROADS,
    again,
    begun,
    hear,
    known,
    party,
    said,
)
from tests.contract.builders import DINKES, LIMITS, MAIL, PUPR, raw_message
from tests.contract.test_casework import act
from tests.contract.updating import hear as agency_says
from tests.contract.world import Known, World

ALLOW = ("public_number", "title", "body", "confidential", "reporter.name")


@dataclass
class Platform:
    """Files what it gets, and keeps what it is told."""

    capabilities: Capabilities = field(default_factory=Capabilities)
    filed: list[Delivery] = field(default_factory=list)
    told: list[Delivery] = field(default_factory=list)

    def submit(self, delivery: Delivery) -> Done:
        self.filed.append(delivery)
        return Done(reference=f"47110{len(self.filed):02}")

    def send(self, delivery: Delivery) -> Done:
        self.told.append(delivery)
        return Done()

    def find(self, delivery: Delivery) -> NotFound:
        del delivery
        return NotFound()

    @property
    def heard(self) -> list[str]:
        return [event.type for delivery in self.told for event in delivery.events]


def drive(world: World, platform: Platform, party_: str = LAPOR) -> None:
    """Tell the platform all that it is to be told."""
    way = Way(party_, PartyKind.UPSTREAM, platform, LIMITS, ALLOW, "m1")
    deliver = Deliver(world.store.cursors, {party_: way}, lambda: 0.0, 1.0)
    while grant := deliver.lease(lane_of(party_), [], 10).leases:
        for lease in grant:
            deliver(lease)


@pytest.fixture
def mirrored(world: World) -> World:
    world.store.parties.configure([party(mirrors=True)])
    return world


def targets(world: World, case: Known) -> dict[str, int]:
    return {
        row.party: row.target_seq for row in world.rows(t.cursors, complaint_id=case.id)
    }


def test_every_complaint_is_filed_there_and_its_reporter_hears_under_which_number(
    mirrored: World,
) -> None:
    case = mirrored.register()
    platform = Platform()
    drive(mirrored, platform)

    (filed,) = platform.filed
    assert filed.complaint["title"] == "Jalan rusak"
    assert set(filed.complaint) == {*ALLOW[:4], "reporter"}
    assert platform.heard == ["verified", "assigned"]
    events = mirrored.log(case)
    assert (events[-1].type, events[-1].leg_agency) == ("handed_over", LAPOR)
    assert mirrored.cursor(case, MAIL).target_seq == events[-1].seq
    assert mirrored.cursor(case, LAPOR).reference_index is not None
    assert mirrored.rows(t.legs, agency=LAPOR) == []
    assert mirrored.violated() == set()


def test_no_filter_stops_the_filing(world: World) -> None:
    world.store.parties.configure([party(mirrors=True, wants=["closed"])])
    world.register()
    platform = Platform()
    drive(world, platform)
    assert (len(platform.filed), platform.heard) == (1, [])


def test_what_began_there_is_not_filed_there_again(mirrored: World) -> None:
    hear(mirrored, begun())
    platform = Platform()
    drive(mirrored, platform)

    assert platform.filed == []
    assert platform.heard == ["verified", "assigned"]
    assert {d.reference for d in platform.told} == {"4711001"}
    assert mirrored.violated() == set()


def test_an_agencys_own_case_is_filed_there(mirrored: World) -> None:
    hear(mirrored, begun("PUPR-7"), party_=PUPR)
    platform = Platform()
    drive(mirrored, platform)
    assert len(platform.filed) == 1
    assert platform.heard == ["verified", "assigned", "handed_over"]
    assert mirrored.violated() == set()


def test_it_is_told_what_agencies_say_but_nothing_of_its_own(
    mirrored: World,
) -> None:
    hear(mirrored, begun())
    case = known(mirrored)
    mirrored.hand_over()
    agency_says(mirrored, PUPR, event_id="1", text="Besok kami perbaiki.")
    hear(mirrored, said("reporter_replied", 60, text="Terima kasih."))
    platform = Platform()
    drive(mirrored, platform)

    assert platform.heard == ["verified", "assigned", "handed_over", "followed_up"]
    reply = mirrored.log(case)[-1]
    assert (reply.type, reply.facts["channel"]) == ("reporter_replied", "partner")
    assert mirrored.cursor(case, PUPR).target_seq == reply.seq, "its agency reads it"
    assert mirrored.violated() == set()


def test_it_acts_on_the_case_and_opens_no_leg(world: World) -> None:
    world.store.parties.configure([party()])
    hear(world, begun(), said("put_on_hold", 60))
    case = known(world)
    assert world.row(t.complaints).status == "on_hold"
    hear(world, said("resumed", 61))
    assert world.row(t.complaints).status == "assigned"
    assert {leg.agency for leg in world.rows(t.legs, complaint_id=case.id)} == {PUPR}
    event = world.log(case)[-1]
    assert (event.leg_agency, event.assignment_no) == (LAPOR, 0)
    assert world.violated() == set()


def test_a_word_that_changes_nothing_wakes_nobody(world: World) -> None:
    world.store.parties.configure([party()])
    hear(world, begun(), said("put_on_hold", 60))
    case = known(world)
    before = targets(world, case)

    rows = hear(world, said("put_on_hold", 70), said("remarked", 71))
    rows += hear(world, said("put_on_hold", 70))

    assert [row.state for row in rows] == ["done", "done", "duplicate"]
    assert [e.type for e in world.log(case)[-2:]] == ["confirmed"] * 2
    assert targets(world, case) == before
    assert world.violated() == set()


def test_a_remark_is_read_by_agencies_and_by_the_reporter(mirrored: World) -> None:
    case = mirrored.register()
    mirrored.hand_over()
    drive(mirrored, Platform())
    hear(mirrored, said("remarked", 60, "4711001", text="Mohon dipercepat."))
    seq = mirrored.log(case)[-1].seq
    found = targets(mirrored, case)
    assert (found[PUPR], found[MAIL]) == (seq, seq)
    assert found[LAPOR] < seq


def test_what_it_says_of_a_merged_complaint_is_told_where_that_went(
    mirrored: World,
) -> None:
    platform = Platform()
    second = mirrored.register()
    drive(mirrored, platform)
    primary = mirrored.register("k2")
    act(mirrored, second, "merge", details={"other": primary.id})
    hear(mirrored, said("remarked", 90, "4711001", text="Ada kabar?"))

    event = mirrored.log(primary)[-1]
    assert (event.type, event.facts["agency"]) == ("relayed", LAPOR)
    assert (event.author_kind, event.facts["origin"]) == ("upstream", second.id)
    assert mirrored.violated() == set()


def test_our_own_status_told_and_told_back_ends_after_three_hops(
    mirrored: World,
) -> None:
    """Agency → hub → platform → hub → agency: nobody hears it a second time."""
    case = mirrored.register(agencies=(PUPR, DINKES))
    mirrored.hand_over()
    mirrored.hand_over(DINKES, "DK-1")
    platform = Platform()
    drive(mirrored, platform)
    agency_says(mirrored, PUPR, event_id="1", text="Besok kami perbaiki.")
    drive(mirrored, platform)
    before = targets(mirrored, case)
    calls = len(platform.told)

    for hop in range(3):
        # The platform takes what it was told for its own, under a new id each time.
        hear(mirrored, said("remarked", 60 + hop, text="Besok  kami perbaiki."))
        number = mirrored.row(t.complaints, id=case.id).public_number
        hear(mirrored, begun("4711001", public_number=number))
        hear(mirrored, begun(f"99{hop}", public_number=number))
        told = {"reference": "DK-1", "event_type": "followed_up"}
        again(mirrored)
        agency_says(
            mirrored, DINKES, **told, event_id=str(hop), text="Besok kami perbaiki."
        )
        drive(mirrored, platform)

    now = targets(mirrored, case)
    # The second agency's first answer moves its leg: that is news once.
    moved = [e for e in mirrored.log(case)[-6:] if e.type != "confirmed"]
    assert [e.type for e in moved] == ["followed_up"]
    assert {p: now[p] - before[p] for p in (DINKES,)} == {DINKES: 0}
    assert len(platform.told) == calls + 1
    assert len(mirrored.rows(t.complaints)) == 1
    assert mirrored.violated() == set()


def test_a_confidential_or_anonymous_complaint_is_filed_by_the_same_rules(
    mirrored: World,
) -> None:
    complaint = begun().complaint.model_copy(
        update={"anonymous": True, "confidential": True}
    )
    hear(mirrored, begun("PUPR-8", complaint=complaint), party_=PUPR)
    platform = Platform()
    drive(mirrored, platform)
    (filed,) = platform.filed
    assert filed.complaint["confidential"] is True
    assert "reporter" not in filed.complaint


def test_without_a_platform_that_mirrors_nothing_is_written_for_one(
    world: World,
) -> None:
    world.store.parties.configure([party()])
    world.register()
    assert {row.party for row in world.rows(t.cursors)} == {PUPR, MAIL}


class Reader:
    """A channel whose messages are complaints already."""

    def run(self, channel: str, entry: JournalEntry) -> list[Item]:
        del channel
        body = entry.raw.body.decode()
        complaint = NewComplaint(title="Jalan", body=body, channel=ChannelName.WEB)
        return [New(complaint=complaint)]


def test_what_the_rules_decide_alike_is_filed_alike(mirrored: World) -> None:
    """The first of a decision is appended, the others are stamped from it."""
    journal = mirrored.store.journal
    ids = [
        journal.accept(raw_message(f"k{n}", f"jalan rusak {n}".encode())).journal_id
        for n in range(5)
    ]
    agencies = {n: each for n, each in AGENCIES.items() if n != LAPOR}
    intake = Intake(
        journal, Reader(), ROADS, agencies, frozenset(), lambda: str(uuid7())
    )
    intake("intake.web", ids)

    cursors = mirrored.rows(t.cursors, party=LAPOR)
    assert [(c.delivered_seq, c.target_seq) for c in cursors] == [(1, 4)] * 5
    platform = Platform()
    drive(mirrored, platform)
    assert len(platform.filed) == 5
    assert mirrored.violated() == set()
