"""What a party denies now is neither forgotten nor asked for again and again."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from connectors.errors import OutcomeUnknown
from hub.database import tables as t
from hub.database.due import SqlDue
from hub.domain.delivery import PlanKind
from hub.ports import Grant
from tests.contract.builders import FINDS, PUPR
from tests.contract.world import World

LANE = f"deliver.{PUPR}"
REHINT_SECONDS = 60.0


def seven(world: World) -> list[str]:
    return [world.register(f"k{n}").id for n in range(7)]


def set_party(world: World, **values: object) -> None:
    world.write(sa.update(t.parties).where(t.parties.c.party == PUPR).values(**values))


def ask(world: World, ids: list[str], slots: int = 4) -> Grant:
    return world.grant(LANE, ids, slots)


def due_soon(world: World) -> int:
    """Count the rows that a hint or the next sweep would find."""
    rows = world.rows(t.cursors, party=PUPR)
    now = _now(world)
    return sum(row.due_at <= now and row.lease_until is None for row in rows)


def test_what_an_empty_bucket_denies_is_told_and_stays_due(world: World) -> None:
    ids = seven(world)
    set_party(world, rate=2.0)

    first = ask(world, ids)
    assert len(first.leases) == 2
    assert first.wait_seconds is not None
    assert 0 < first.wait_seconds <= 0.5
    assert due_soon(world) == 5

    world.move_clock(first.wait_seconds)
    assert len(ask(world, ids).leases) == 1


def test_what_no_place_is_free_for_is_told_too(world: World) -> None:
    ids = seven(world)
    set_party(world, slots=3)

    assert len(ask(world, ids).leases) == 3
    assert ask(world, ids).wait_seconds is not None
    assert due_soon(world) == 4


def test_while_a_probe_is_under_way_the_others_ask_again_soon(world: World) -> None:
    ids = seven(world)
    set_party(world, breaker="open", open_until=_now(world))

    probing = ask(world, ids)
    assert len(probing.leases) == 1
    assert probing.wait_seconds is not None
    assert due_soon(world) == 6


def test_over_a_long_wait_every_row_that_was_asked_for_sleeps(world: World) -> None:
    ids = seven(world)
    SqlDue(world.store.db).sweep(REHINT_SECONDS)
    set_party(world, throttled_until=_in(world, 30))

    assert ask(world, ids[:6], slots=2) == Grant([])
    assert due_soon(world) == 1

    world.move_clock(31)
    found = SqlDue(world.store.db).sweep(REHINT_SECONDS)
    assert {row_id for lane, row_id, _ in found if lane == LANE} >= set(ids[:6])


def test_a_paused_partys_rows_stay_due_and_nobody_waits_for_them(world: World) -> None:
    ids = seven(world)
    SqlDue(world.store.db).sweep(REHINT_SECONDS)
    world.store.parties.pause(PUPR, "operator", "maintenance")

    assert ask(world, ids) == Grant([])
    assert due_soon(world) == 7
    assert SqlDue(world.store.db).sweep(REHINT_SECONDS) == []

    world.store.parties.resume(PUPR, "operator", "done")
    assert len(SqlDue(world.store.db).sweep(REHINT_SECONDS)) == 7


def test_resuming_a_party_does_not_cut_short_the_wait_before_a_look_up(
    world: World,
) -> None:
    known = world.register()
    world.end(world.begin(PUPR, PlanKind.SUBMIT), OutcomeUnknown("reset"), FINDS)
    before = world.cursor(known, PUPR).due_at

    world.store.parties.pause(PUPR, "operator", "maintenance")
    world.store.parties.resume(PUPR, "operator", "done")

    assert world.cursor(known, PUPR).due_at == before


def _now(world: World) -> datetime:
    with world.store.db.read() as tx:
        return tx.now


def _in(world: World, seconds: float) -> datetime:
    return _now(world) + timedelta(seconds=seconds)
