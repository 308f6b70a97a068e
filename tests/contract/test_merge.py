"""Two complaints about one matter become one, and nobody is forgotten."""

import json
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from connectors.contract import Capabilities, Delivery, Done, NotFound
from connectors.errors import Refused
from hub.bootstrap.workers import monotonic
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.stages.act import NotPossibleError
from hub.stages.deliver import Call, Deliver, Way, lane_of
from schemas.parties import PartyKind
from tests.contract.builders import (
    DINKES,
    LIMITS,
    MAIL,
    PUPR,
    Words,
    raw_message,
)
from tests.contract.test_batches import intake
from tests.contract.test_casework import act
from tests.contract.updating import hear
from tests.contract.world import Known, World

ANI = Words(name="Ani Contoh", email="ani@warga.example", phone="+628120000002")


class Post:
    """A way back to reporters that keeps what went out."""

    capabilities = Capabilities(submits=False)

    def __init__(self) -> None:
        self.sent: list[Delivery] = []

    def send(self, delivery: Delivery) -> Done:
        self.sent.append(delivery)
        return Done()

    submit = send

    def find(self, delivery: Delivery) -> NotFound:
        return NotFound()


def post(world: World) -> list[Delivery]:
    """Tell every reporter what is due; returns what went out."""
    way = Way(MAIL, PartyKind.REPORTER, Post(), LIMITS, (), "m1")
    post = way.target
    deliver = Deliver(world.store.cursors, {MAIL: way}, monotonic, 20.0)
    while leases := deliver.lease(lane_of(MAIL), [], 10).leases:
        for begun in deliver.begin(leases, monotonic()):
            assert begun is not None
            deliver.settle([deliver.call(begun) if isinstance(begun, Call) else begun])
    assert isinstance(post, Post)
    return post.sent


def told(sent: Sequence[Delivery], address: str) -> list[str]:
    """Name the events that somebody was told of."""
    return [
        event.type
        for one in sent
        if one.contact is not None and one.contact.address == address
        for event in one.events
    ]


@pytest.fixture
def budi(world: World) -> Known:
    """The complaint that stays: an agency has it."""
    known = world.register("k1")
    world.hand_over()
    return known


@pytest.fixture
def ani(world: World) -> Known:
    """The one that follows it, known to another agency."""
    known = world.register("k2", words=ANI, agencies=(DINKES,))
    world.hand_over(DINKES, "DK-9")
    post(world)
    return known


def test_every_reporter_hears_of_the_one_that_stays(
    world: World, budi: Known, ani: Known
) -> None:
    moved = act(world, ani, "merge", details={"other": budi.id}, why="satu lubang")
    hear(world, PUPR, text="Sudah ditambal.", event_id="1")
    sent = post(world)

    assert (moved.event, moved.status) == ("merged_into", "merged")
    assert told(sent, ANI.email) == ["merged_into", "followed_up"]
    assert told(sent, Words().email) == ["followed_up"]
    assert [e.type for e in world.log(budi)][-2:] == ["merged_from", "followed_up"]
    agency = world.cursor(ani, DINKES)
    assert agency.target_seq == moved.seq, "its agency is told that it is over"
    assert world.violated() == set()


def test_nobody_learns_the_others_code(world: World, budi: Known, ani: Known) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    hear(world, PUPR, event_id="1")
    codes = {
        one.contact.address: one.code for one in post(world) if one.contact is not None
    }

    assert codes == {ANI.email: ani.code, Words().email: budi.code}
    case = world.store.queries.case_by_code(ani.code)
    assert case is not None
    assert (case.code, case.public_number) != (budi.code, "")
    assert [a["name"] for a in case.agencies] == [PUPR]
    assert case.status == "in_progress"
    assert [e.type for e in case.timeline][-2:] == ["merged_into", "followed_up"]


def test_what_the_other_agency_still_says_is_told_there_once(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    before = len(world.log(ani))
    said = {"reference": "DK-9", "event_type": "resolved", "text": "Beres."}
    rows = [hear(world, DINKES, **said, event_id="7") for _ in range(2)]

    assert [row.state for row in rows] == ["done", "duplicate"]
    relayed = world.log(budi)[-1]
    assert relayed.type == "relayed"
    assert relayed.facts["origin"] == ani.id
    assert relayed.status_after == "assigned"
    assert len(world.log(ani)) == before
    assert told(post(world), ANI.email) == ["merged_into", "relayed"]
    assert world.violated() == set()


def test_what_was_said_before_is_not_said_again_where_it_went(
    world: World, budi: Known, ani: Known
) -> None:
    before = {"reference": "DK-9", "event_type": "work_started", "event_id": "7"}
    between = {"reference": "DK-9", "event_type": "resolved", "event_id": "8"}
    hear(world, DINKES, **before)
    act(world, ani, "merge", details={"other": budi.id})
    hear(world, DINKES, **between)
    third = world.register("k3", words=Words(email="c@warga.example"), agencies=())
    act(world, budi, "merge", details={"other": third.id})

    rows = [hear(world, DINKES, **said) for said in (before, between)]

    assert [row.state for row in rows] == ["duplicate", "duplicate"]
    assert [e.type for e in world.log(budi)].count("relayed") == 1
    assert "relayed" not in [e.type for e in world.log(third)]
    assert world.violated() == set()


def test_a_reply_goes_to_the_one_that_stays(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    reply = raw_message(
        "reply",
        json.dumps({"text": "Masih berlubang."}).encode(),
        meta={"route": "/api/v1/complaints/{code}/replies", "code": ani.code},
        expects_complaint=False,
    )
    receipt = world.store.journal.accept(reply)
    intake(world)("intake.web", [receipt.journal_id])

    said = world.log(budi)[-1]
    assert (said.type, said.author_id) == ("reporter_replied", ani.reporter_id)
    assert said.data_key_id == world.row(t.complaints, id=ani.id).data_key_id
    assert world.cursor(budi, PUPR).target_seq == said.seq
    assert world.violated() == set()


def test_followers_of_a_follower_are_taken_along(
    world: World, budi: Known, ani: Known
) -> None:
    cici = Words(name="Cici", email="cici@warga.example", phone="+628120000003")
    third = world.register("k3", words=cici, agencies=())
    act(world, third, "merge", details={"other": ani.id})
    act(world, ani, "merge", details={"other": budi.id})
    hear(world, PUPR, event_id="1")
    sent = post(world)

    assert sorted(told(sent, cici.email)) == [
        "followed_up",
        "merged_into",  # her own
        "merged_into",  # of the one that she followed
        "registered",
    ]
    codes = {d.code for d in sent if d.contact and d.contact.address == cici.email}
    assert codes == {third.code}
    number = world.row(t.complaints, id=budi.id).public_number
    with pytest.raises(NotPossibleError, match=f"follows {number}"):
        act(world, ani, "classify", details={"supervisory_grade": True})
    assert world.violated() == set()


def test_the_erasure_of_who_follows_ends_what_they_are_told_and_nobody_elses(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    post(world)
    world.store.eraser.request(ani.id, "cli:siti", "")
    world.move_clock(3600)
    assert world.store.eraser.erase_due() == 1
    hear(world, PUPR, event_id="1")
    sent = post(world)

    assert told(sent, ANI.email) == []
    assert told(sent, Words().email) == ["followed_up"]
    copies = world.rows(t.reporters, complaint_id=budi.id)
    alive = {
        row.id: world.row(t.data_keys, id=row.data_key_id).wrapped for row in copies
    }
    assert alive[ani.reporter_id] is None
    assert alive[budi.reporter_id] is not None
    assert world.violated() == set()


def test_the_erasure_of_who_follows_discards_what_was_set_aside_for_them(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    post(world)
    world.write(sa.delete(t.cursors).where(t.cursors.c.recipient == budi.reporter_id))
    hear(world, PUPR, event_id="1")
    world.end(world.begin(MAIL, PlanKind.SEND), Refused("no", fingerprint="x"))
    assert world.row(t.dead_letters).recipient == ani.reporter_id
    world.store.eraser.request(ani.id, "cli:siti", "")
    world.move_clock(3600)
    assert world.store.eraser.erase_due() == 1

    assert world.row(t.dead_letters).state == "discarded"


def test_the_erasure_of_the_one_that_stays_is_told_to_its_own_reporter_only(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    post(world)
    world.store.eraser.request(budi.id, "cli:siti", "")
    sent = post(world)

    assert told(sent, Words().email) == ["erasure_requested"]
    assert told(sent, ANI.email) == []

    world.move_clock(3600)
    assert world.store.eraser.erase_due() == 1
    hear(world, PUPR, event_id="1")
    assert told(post(world), ANI.email) == ["followed_up"], "who follows hears on"
    assert world.violated() == set()


def test_one_reporter_withdraws_nothing_for_another(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})

    with pytest.raises(NotPossibleError, match="others follow it"):
        act(world, budi, "withdraw")
    act(world, ani, "protect", details={"confidential": True})


def test_what_cannot_be_merged_says_why(world: World, budi: Known, ani: Known) -> None:
    hidden = world.register("k4", words=Words(email="d@warga.example"), agencies=())
    act(world, hidden, "protect", details={"confidential": True})
    gone = world.register("k5", words=Words(email="e@warga.example"), agencies=())
    act(world, gone, "archive", reason="spam")
    for other, why in (
        ("", "needs another"),
        ("dicek", "needs another"),
        (ani.id, "needs another"),
        (hidden.id, "confidential"),
        (gone.id, "is archived"),
        ("00000000-0000-7000-8000-000000000000", "no complaint"),
    ):
        with pytest.raises(NotPossibleError, match=why):
            act(world, ani, "merge", details={"other": other})

    act(world, ani, "merge", details={"other": budi.id})
    with pytest.raises(NotPossibleError, match="follows"):
        act(world, budi, "merge", details={"other": ani.id})


def test_what_is_confidential_follows_none(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "protect", details={"confidential": True})

    with pytest.raises(NotPossibleError, match="confidential"):
        act(world, ani, "merge", details={"other": budi.id})


def test_what_becomes_confidential_is_told_to_no_follower_any_more(
    world: World, budi: Known, ani: Known
) -> None:
    act(world, ani, "merge", details={"other": budi.id})
    post(world)
    act(world, budi, "protect", details={"confidential": True})
    hear(world, PUPR, text="Nama pelapor: Budi.", event_id="1")
    sent = post(world)

    assert told(sent, ANI.email) == []
    assert told(sent, Words().email) == ["followed_up"]
    case = world.store.queries.case_by_code(ani.code)
    assert case is not None
    assert [e.type for e in case.timeline][-1] == "merged_into"
    assert (case.status, case.agencies) == ("in_progress", [])
    assert world.violated() == set()


def test_the_same_merge_is_carried_out_once(
    world: World, budi: Known, ani: Known
) -> None:
    given = {"details": {"other": budi.id}, "action_id": "a-1"}
    first, again = (act(world, ani, "merge", **given) for _ in range(2))

    assert (first.seq, again.seq, again.due) == (first.seq, first.seq, ())
    assert [e.type for e in world.log(budi)].count("merged_from") == 1
