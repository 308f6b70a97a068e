"""A seal holds until one sealed value changes, whoever changes it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.seals import KINDS, Kind
from tests.contract.builders import raw_message
from tests.contract.world import Known, World

EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


def sealed(world: World) -> Known:
    """A store with two seals of each kind, some rows in each."""
    known = world.register("k0")
    for round_no in range(2):
        for n in range(2):
            world.register(f"k{round_no}{n}")
            world.store.parties.pause("dinkes", "operator", f"reason {n}")
        world.store.sealer.seal()
    assert world.store.sealer.verify() == []
    return known


def broken(world: World) -> set[str]:
    return {found.kind for found in world.store.sealer.verify()}


def other(value: Any) -> Any:
    """A different value of the same sort."""
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value + 1000 if isinstance(value, int) else {**value, "changed": 1}


def _other_text(value: str) -> str:
    try:
        UUID(value)
    except ValueError:
        return f"{value}x"
    return str(uuid7())


def filler(column: sa.Column[Any]) -> Any:
    """Some value for a column that is empty."""
    known = {"parent_id": str(uuid7()), "assignment_no": 7, "sealed": b"x"}
    return known.get(column.name, "x")


def key_of(kind: Kind, row: Any) -> list[sa.ColumnElement[bool]]:
    return [c == getattr(row, c.name) for c in kind.table.primary_key.columns]


@EACH_KIND
def test_changing_any_sealed_column_is_found(world: World, kind: Kind) -> None:
    sealed(world)
    row = world.rows(kind.table)[1]
    names = [*kind.columns, *([kind.ciphertext] if kind.ciphertext else [])]
    at = kind.table.c.position == row.position
    for name in names:
        value = getattr(row, name)
        changed = filler(kind.table.c[name]) if value is None else other(value)
        assert world.write(sa.update(kind.table).where(at).values({name: changed})) == 1
        assert broken(world) == {kind.name}, name
        world.write(sa.update(kind.table).where(at).values({name: value}))
        assert broken(world) == set(), name


@pytest.mark.parametrize("place", ["first", "last"])
@EACH_KIND
def test_a_deleted_row_is_found(world: World, kind: Kind, place: str) -> None:
    sealed(world)
    last = max(row.position for row in world.rows(kind.table))
    at = kind.table.c.position == (1 if place == "first" else last)
    assert world.write(sa.delete(kind.table).where(at)) == 1
    assert broken(world) == {kind.name}


@pytest.mark.parametrize("place", [0, -1], ids=["first", "last"])
@EACH_KIND
def test_a_removed_seal_is_found(world: World, kind: Kind, place: int) -> None:
    sealed(world)
    seal = world.rows(t.seals, kind=kind.name)[place]
    c = t.seals.c
    at = sa.and_(c.kind == kind.name, c.from_position == seal.from_position)
    assert world.write(sa.delete(t.seals).where(at)) == 1
    assert broken(world) == {kind.name}


@EACH_KIND
def test_a_forged_root_is_found(world: World, kind: Kind) -> None:
    sealed(world)
    at = sa.and_(t.seals.c.kind == kind.name, t.seals.c.from_position == 1)
    world.write(sa.update(t.seals).where(at).values(root=b"x" * 32))
    assert broken(world) == {kind.name}


def test_changing_the_raw_ciphertext_is_found(world: World) -> None:
    known = sealed(world)
    row = world.row(t.journal_raw, journal_id=known.journal_id)
    at = t.journal_raw.c.journal_id == known.journal_id
    world.write(sa.update(t.journal_raw).where(at).values(sealed=other(row.sealed)))
    assert broken(world) == {"journal"}


def test_work_goes_on_without_breaking_a_seal(world: World) -> None:
    known = sealed(world)
    world.say(known, "dinas_pupr", "work_started", "1")
    world.store.sealer.seal()
    assert world.store.sealer.seal() == 0
    assert broken(world) == set()


def test_an_erasure_breaks_no_seal(world: World) -> None:
    known = sealed(world)
    world.store.eraser.request(known.id, "operator", "asked")
    world.store.eraser.erase_due()
    assert broken(world) == set()
    world.store.sealer.seal()
    assert broken(world) == set()
    assert world.violated() == set()


def test_a_row_that_is_still_to_be_worked_is_not_numbered(world: World) -> None:
    known = world.register("k1")
    waiting = world.store.journal.accept(raw_message("k2", b"Lampu padam")).journal_id
    world.store.sealer.seal()
    assert world.row(t.journal, id=waiting).position is None
    assert world.row(t.journal, id=known.journal_id).position is not None
