"""Nothing vanishes: one corrupted row, and exactly its rule is named."""

from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from connectors.contract import Done
from connectors.errors import OutcomeUnknown, Refused
from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.invariants import RULES
from hub.domain.delivery import PlanKind
from hub.ports import Settled
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName
from tests.contract.above import LAPOR, begun, hear, party
from tests.contract.builders import (
    DINKES,
    MAIL,
    NOON,
    PUPR,
    Words,
    by_action,
    raw_message,
    reply,
)
from tests.contract.world import Known, World

Corrupt = Callable[[Tx, Known], object]


def healthy(world: World) -> Known:
    """A store with something of every kind; returns the complaint to corrupt."""
    erased = world.register("erased", words=Words(email="a@warga.example"))
    world.store.eraser.request(erased.id, "operator", "asked")
    world.store.eraser.erase_due()
    held = world.register("held", agencies=(DINKES,))
    world.end(world.begin(DINKES, PlanKind.SUBMIT), OutcomeUnknown("reset"))
    assert world.cursor(held, DINKES).state == "held"
    known = world.register("main", agencies=(PUPR, DINKES))
    world.hand_over(PUPR)
    world.say(known, PUPR, "work_started", "1")
    world.append(known, by_action(reply("", known.reporter_id)))
    world.end(world.begin(PUPR, PlanKind.SEND), Refused("422"))
    _other_rows(world)
    world.store.parties.configure([party()])
    air = NewComplaint(title="Air", body="Air keruh.", channel=ChannelName.PARTNER)
    hear(world, begun(complaint=air))
    return known


def _other_rows(world: World) -> None:
    accept = world.store.journal.accept
    page, orphan, ignored, asked = (
        accept(raw_message(key, expects_complaint=False))
        for key in ("page", "orphan", "ignored", "asked")
    )
    (row,) = world.store.journal.read([page.journal_id])
    with world.store.journal.claim([page.journal_id]) as work:
        work.split(row, [b"a", b"b"])
    for receipt, settled in (
        (orphan, Settled("waiting", "orphan", due_in_seconds=60, waiting_for=b"x")),
        (ignored, Settled("ignored", "bounce")),
        (asked, Settled("done", "", "answer", "none")),
    ):
        with world.store.journal.claim([receipt.journal_id]) as work:
            work.settle(work.rows[0], settled)


def change(
    table: sa.Table, *where: sa.ColumnElement[bool], **values: object
) -> Corrupt:
    def run(tx: Tx, known: Known) -> None:
        own = [table.c.complaint_id == known.id] if "complaint_id" in table.c else []
        own = [] if table is t.journal or table is t.data_keys else own
        statement = sa.update(table).where(*own, *where).values(**values)
        assert tx.conn.execute(statement).rowcount == 1

    return run


def on_complaint(**values: object) -> Corrupt:
    return lambda tx, known: tx.conn.execute(
        sa.update(t.complaints).where(t.complaints.c.id == known.id).values(**values)
    )


def lose_event(tx: Tx, known: Known) -> None:
    c = t.log.c
    tx.conn.execute(sa.delete(t.log).where(c.complaint_id == known.id, c.seq == 2))


def lose_complaint(tx: Tx, known: Known) -> None:
    query = sa.select(t.log).where(t.log.c.complaint_id == known.id, t.log.c.seq == 2)
    row = tx.conn.execute(query).one()
    values = {column.name: getattr(row, column.name) for column in t.log.columns}
    stray = {"complaint_id": str(uuid7()), "cause_kind": "clock"}
    tx.conn.execute(sa.insert(t.log).values(**(values | stray)))


def lose_cursor(tx: Tx, known: Known) -> None:
    c = t.cursors.c
    tx.conn.execute(
        sa.delete(t.cursors).where(c.complaint_id == known.id, c.party == DINKES)
    )


def lose_part(tx: Tx, known: Known) -> None:
    tx.conn.execute(sa.delete(t.journal).where(t.journal.c.item_no == 2))


def lose_message(tx: Tx, known: Known) -> None:
    tx.conn.execute(sa.delete(t.journal).where(t.journal.c.state == "ignored"))


def lose_key(tx: Tx, known: Known) -> None:
    c = t.data_keys.c
    key = sa.select(t.complaints.c.data_key_id).where(t.complaints.c.id == known.id)
    own = c.id == key.scalar_subquery()
    tx.conn.execute(sa.update(t.data_keys).where(own).values(wrapped=None))


def keep_key(tx: Tx, known: Known) -> None:
    c = t.data_keys.c
    tx.conn.execute(
        sa.update(t.data_keys).where(c.wrapped.is_(None)).values(wrapped=b"x")
    )


pupr, mail, dinkes = (t.cursors.c.party == p for p in (PUPR, MAIL, DINKES))
journal, log = t.journal.c, t.log.c


def lose_platforms_number(tx: Tx, known: Known) -> None:
    del known  # it is about the complaint that began on the platform
    c = t.cursors.c
    statement = sa.update(t.cursors).where(c.party == LAPOR)
    assert tx.conn.execute(statement.values(reference_index=None)).rowcount == 1


CORRUPTIONS: tuple[tuple[str, str, Corrupt], ...] = (
    (
        "done_rows_name_their_result",
        "a done row without a result",
        change(t.journal, journal.result_id == "none", result_id=None),
    ),
    (
        "done_rows_name_their_result",
        "a row that names an event nobody wrote",
        change(t.journal, journal.result_id == "none", result_kind="event"),
    ),
    (
        "events_have_their_cause",
        "an event of an unknown journal row",
        change(t.log, log.seq == 3, cause_id=str(uuid7())),
    ),
    (
        "events_have_their_cause",
        "an event of an unknown attempt",
        change(t.log, log.type == "handed_over", cause_id=str(uuid7())),
    ),
    ("log_is_gap_free", "a lost event", lose_event),
    ("log_is_gap_free", "events without a complaint", lose_complaint),
    ("projection_equals_fold", "another status", on_complaint(status="closed")),
    ("projection_equals_fold", "another region", on_complaint(region="32.76")),
    (
        "projection_equals_fold",
        "another status of a leg",
        change(t.legs, t.legs.c.agency == PUPR, status="closed"),
    ),
    (
        "projection_equals_fold",
        "another last status",
        change(t.log, log.type == "reporter_replied", status_after="closed"),
    ),
    ("assignments_have_cursors", "a lost cursor", lose_cursor),
    ("cursors_are_sound", "beyond the head", change(t.cursors, mail, target_seq=99)),
    ("cursors_are_sound", "late, but not due", change(t.cursors, mail, due_at=None)),
    (
        "cursors_are_sound",
        "ahead of its target",
        change(t.cursors, pupr, delivered_seq=99),
    ),
    (
        "cursors_are_sound",
        "in step, but due",
        change(
            t.cursors,
            pupr,
            due_at=sa.select(t.complaints.c.received_at).limit(1).scalar_subquery(),
        ),
    ),
    (
        "cursors_are_sound",
        "parked without a letter",
        change(t.cursors, dinkes, state="parked"),
    ),
    (
        "references_mean_handed_over",
        "a lost reference",
        change(t.cursors, pupr, reference_index=None),
    ),
    (
        "references_mean_handed_over",
        "a reference from nowhere",
        change(t.cursors, dinkes, reference_index=b"x"),
    ),
    (
        "rows_to_work_are_due",
        "a waiting row that nobody finds",
        change(t.journal, journal.state == "waiting", due_at=None),
    ),
    (
        "what_began_elsewhere_is_known_there",
        "a platform's number that is lost",
        lose_platforms_number,
    ),
    ("requests_have_their_parts", "a lost part", lose_part),
    ("erased_means_keyless", "a key that lives on", keep_key),
    ("erased_means_keyless", "a key lost without an erasure", lose_key),
    ("edge_equals_journal", "a lost message", lose_message),
    ("clocks_are_wound", "a clock that nobody hears", on_complaint(next_clock_at=None)),
    ("clocks_are_wound", "a clock that goes wrong", on_complaint(next_clock_at=NOON)),
    ("clocks_are_wound", "late by nothing", on_complaint(overdue=True)),
)


def test_a_healthy_store_breaks_no_rule(world: World) -> None:
    healthy(world)
    assert world.violated() == set()


def _on(known: Known, corrupt: Corrupt, tx: Tx) -> None:
    corrupt(tx, known)


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in CORRUPTIONS}))
def test_a_corrupted_row_is_named_by_its_rule_alone(world: World, rule: str) -> None:
    known = healthy(world)
    for name, what, corrupt in CORRUPTIONS:
        if name == rule:
            found = world.violated_after(partial(_on, known, corrupt))
            assert found == {rule}, what
    assert world.violated() == set()


def test_an_erasure_that_is_not_on_the_list_is_named(world: World) -> None:
    healthy(world)
    world.store.erased.path.write_text("")
    assert world.violated() == {"erased_list_is_complete"}


def test_every_rule_has_a_corruption() -> None:
    assert {rule for rule, _, _ in CORRUPTIONS} == {
        *RULES,
        "edge_equals_journal",
        "clocks_are_wound",
    }


def test_a_message_that_waits_in_the_spool_is_not_missed(world: World) -> None:
    healthy(world)
    world.down()
    world.store.journal.accept(raw_message("late", spoolable=True))
    world.up()
    assert world.violated() == set()


def test_a_healed_delivery_leaves_no_trace_in_the_rules(world: World) -> None:
    known = healthy(world)
    letters = [x for x in world.rows(t.dead_letters) if x.complaint_id == known.id]
    world.store.operations.retry([x.id for x in letters], "operator", "mended")
    assert world.violated() == set()
    world.end(world.begin(PUPR, PlanKind.DEAD_LETTER), Done())
    assert world.violated() == set()
