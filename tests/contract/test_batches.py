"""Intake of whole batches: what rows of one batch see of each other."""

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from uuid_utils import uuid7

from connectors.channels.web import WebChannel
from connectors.contract import Item, New
from hub.database import tables as t
from hub.database.engine import DatabaseDownError
from hub.database.work import ClaimedWork
from hub.domain.agency_tree import AgencyTree
from hub.domain.reference import Reference
from hub.ports import Normaliser
from hub.stages.intake import Intake
from schemas.agency import AgencyManifest, Route, RoutingTable
from schemas.raw import JournalEntry
from tests.contract.builders import DINKES, MAIL, PUPR, raw_message
from tests.contract.world import World

ROUTES = RoutingTable(
    emergency=("kebakaran",),
    rules=(
        Route(id="roads", why="roads", category=("roads",), main=(PUPR,), cc=(DINKES,)),
        Route(id="health", why="health", category=("health",), main=(DINKES,)),
    ),
)
OWN = {
    "id",
    "complaint_id",
    "code",
    "public_number",
    "data_key_id",
    "event_id",
    "cause_id",
    "author_id",
    "recipient",
    "sealed",
    "facts",
    "received_at",
    "occurred_at",
    "recorded_at",
    "due_at",
    "hinted_at",
    "next_clock_at",
}
"""Columns in which two complaints of one decision may differ."""


class Reader:
    """Reads as the web channel does; `spoil` changes what was read."""

    def __init__(self, spoil: Callable[[Item], Item] = lambda item: item) -> None:
        self._channel = WebChannel.from_config({})
        self._spoil = spoil

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        return [self._spoil(item) for item in self._channel.normalise(entry)]


def intake(
    world: World,
    reader: Normaliser | None = None,
    last_day: date | None = None,
    **more: Any,
) -> Intake:
    """Make the stage; `last_day` is the health office's, and so is what is more."""
    health: dict[str, Any] = {"valid_until": last_day, "successors": (PUPR,), **more}
    agencies = {
        PUPR: AgencyManifest(name=PUPR, title=PUPR, system="rest"),
        DINKES: AgencyManifest(name=DINKES, title=DINKES, system="rest", **health),
    }
    ways = frozenset({MAIL})
    return Intake(
        world.store.journal,
        reader or Reader(),
        ROUTES,
        agencies,
        ways,
        lambda: str(uuid7()),
        Reference(AgencyTree(agencies)),
    )


def accept(
    world: World, *titles: str, category: str = "roads", **person: str
) -> list[str]:
    """Accept a complaint per title; returns the journal rows."""
    ids = []
    for title in titles:
        body = {
            "title": title,
            "body": "Lubang besar di depan pasar",
            "category": {"code": category},
            "region": {"code": "32.76.01"},
            "reporter": {"email": "budi@warga.example"} | person,
        }
        message = raw_message(f"k{uuid7()}", json.dumps(body).encode())
        ids.append(world.store.journal.accept(message).journal_id)
    return ids


def states(world: World, ids: Sequence[str]) -> list[str]:
    return [world.row(t.journal, id=row_id).state for row_id in ids]


def test_the_same_words_twice_in_one_batch_are_one_complaint(world: World) -> None:
    ids = accept(world, "Jalan rusak", "Lampu mati", "JALAN  rusak", "Jalan rusak")
    assert intake(world)("intake.web", ids) == 4
    assert states(world, ids) == ["done", "done", "duplicate", "duplicate"]
    assert len(world.rows(t.complaints)) == 2
    first = world.row(t.journal, id=ids[0])
    assert {world.row(t.journal, id=i).result_id for i in ids[2:]} == {
        first.complaint_id
    }
    assert len(world.rows(t.answers)) == 2
    assert world.violated() == set()


def test_a_reply_finds_its_complaint_in_the_same_batch(world: World) -> None:
    (row_id,) = accept(world, "Jalan rusak")
    code = world.row(t.journal, id=row_id).code
    reply = raw_message(
        "reply",
        json.dumps({"text": "Masih rusak"}).encode(),
        meta={"route": "/api/v1/complaints/{code}/replies", "code": code},
        expects_complaint=False,
    )
    ids = [row_id, world.store.journal.accept(reply).journal_id]
    intake(world)("intake.web", ids)
    assert states(world, ids) == ["done", "done"]
    complaint = world.row(t.complaints)
    assert [e.type for e in world.rows(t.log)][-1] == "reporter_replied"
    assert complaint.head_seq == len(world.rows(t.log)) == 6
    assert world.violated() == set()


def test_what_was_decided_alike_gives_alike_rows(world: World) -> None:
    stage = intake(world)
    for n in range(3):
        ids = accept(world, f"Jalan {n}", f"Jembatan {n}", email=f"b{n}@warga.example")
        ids += accept(world, f"Klinik {n}", category="health")
        ids += accept(world, f"Lain {n}", category="other", email="")
        stage("intake.web", ids)
    by_decision: dict[str, list[Any]] = {}
    for row in world.rows(t.complaints):
        log = [_shared(e) for e in world.rows(t.log, complaint_id=row.id)]
        legs = [_shared(leg) for leg in world.rows(t.legs, complaint_id=row.id)]
        cursors = [_shared(c) for c in world.rows(t.cursors, complaint_id=row.id)]
        alike = [_shared(row), log, legs, cursors]
        by_decision.setdefault(row.category, []).append(alike)
    assert {name: len(rows) for name, rows in by_decision.items()} == {
        "roads": 6,
        "health": 3,
        "other": 3,
    }
    for rows in by_decision.values():
        assert all(row == rows[0] for row in rows)
    assert world.violated() == set()


def _shared(row: Any) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k not in OWN}


def test_a_row_that_cannot_be_written_takes_no_neighbour_along(world: World) -> None:
    def spoil(item: Item) -> Item:
        if isinstance(item, New) and item.complaint.title == "Rusak":
            broken = item.complaint.model_copy(update={"region": "no region"})
            return item.model_copy(update={"complaint": broken})
        return item

    ids = accept(world, "Satu", "Dua", "Rusak", "Tiga", "Empat")
    intake(world, Reader(spoil))("intake.web", ids)
    assert states(world, ids) == ["done", "done", "quarantined", "done", "done"]
    assert world.violated() == set()


def test_a_batch_is_tried_again_after_a_conflict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = accept(world, "Satu", "Dua")
    flush, tries = ClaimedWork.flush, []

    class Deadlock(Exception):
        sqlstate = "40P01"

    def failing(work: ClaimedWork) -> list[tuple[str, str]]:
        tries.append(len(work.ids))
        due = flush(work)
        if len(tries) < 3:
            raise exc.OperationalError(None, {}, Deadlock())
        return due

    monkeypatch.setattr(ClaimedWork, "flush", failing)
    intake(world)("intake.web", ids)
    assert tries == [2, 2, 2]
    assert states(world, ids) == ["done", "done"]
    assert len(world.rows(t.complaints)) == 2
    assert world.violated() == set()


def test_a_batch_is_hinted_once_for_each_party_and_complaint(world: World) -> None:
    ids = accept(world, "Satu", "Dua")
    intake(world)("intake.web", ids)
    hints = world.store.journal.take_hints()
    complaints = {row.id for row in world.rows(t.complaints)}
    lanes = {f"deliver.{party}" for party in (PUPR, DINKES, MAIL)}
    assert sorted(hints) == sorted((lane, c) for lane in lanes for c in complaints)


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_batch_whose_connection_is_cut_stays_due(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = accept(world, "Satu", "Dua")
    flush = ClaimedWork.flush

    def cut(work: ClaimedWork) -> list[tuple[str, str]]:
        own = sa.text("SELECT pg_backend_pid()")
        pid = work._tx.conn.execute(own).scalar_one()
        with world.store.db.write() as other:
            other.conn.execute(
                sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}
            )
        return flush(work)

    monkeypatch.setattr(ClaimedWork, "flush", cut)
    with pytest.raises(DatabaseDownError):
        intake(world)("intake.web", ids)
    monkeypatch.undo()
    assert states(world, ids) == ["new", "new"]
    intake(world)("intake.web", ids)
    assert states(world, ids) == ["done", "done"]
    assert world.violated() == set()


def test_an_agency_that_ends_overnight_gets_nothing_more_and_an_officer_is_told_who(
    world: World,
) -> None:
    today = Reference().day(world.store.queries.now())
    work = intake(world, last_day=today)
    (before,) = accept(world, "Obat habis", category="health")
    work("intake.web", [before])
    world.move_clock(86400)
    (after,) = accept(world, "Dokter pergi", category="health")
    work("intake.web", [after])

    (leg,) = world.rows(t.legs)
    assert leg.agency == DINKES
    assert leg.complaint_id == world.row(t.journal, id=before).complaint_id
    (waits,) = world.store.told.in_triage(9)
    rule, why, agencies = waits.decided
    assert (rule, agencies) == ("health", ())
    assert why == f"{DINKES} ended on {today}; its successors: {PUPR}"
    assert world.violated() == set()


def test_an_agency_may_have_a_person_verify_what_it_gets(world: World) -> None:
    health = accept(world, "Antrean lama", category="health")
    roads = accept(world, "Jalan rusak", email="ani@warga.example")
    intake(world, verification="officer")("intake.web", [*health, *roads])

    found = {row.status: row for row in world.rows(t.complaints)}
    assert found["received"].triage
    asked = [row for row in world.rows(t.log) if row.type == "triage_requested"]
    assert [row.complaint_id for row in asked] == [found["received"].id]
    assert f"proposed: {DINKES}" in asked[0].facts["why"]
    assert found["assigned"].id != found["received"].id
    assert world.violated() == set()


def test_who_writes_of_an_emergency_is_told_at_once_to_call(world: World) -> None:
    ids = accept(world, "Tolong, KEBAKARAN di gang mawar!", "Bau kebakarannya lama")
    intake(world)("intake.web", ids)

    (advised,) = (row for row in world.rows(t.log) if row.type == "emergency_advised")
    first = world.row(t.journal, id=ids[0]).complaint_id
    assert advised.complaint_id == first
    case = world.row(t.complaints, id=first)
    assert case.status == "assigned", "it goes on as any other"
    reporter = world.row(t.cursors, complaint_id=first, party=MAIL)
    assert reporter.target_seq == advised.seq
    assert world.violated() == set()
