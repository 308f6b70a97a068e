"""Versions of agencies are kept under numbers, applied together, and found again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from connectors.registry import mapping_version
from hub.database import tables as t
from hub.database.parties import HELD_BACK
from hub.database.versions import Change, versions_at
from tests.contract.test_migrations import url_of
from tests.contract.world import World

FIRST, SECOND = b'name = "rsud" # 1\r\n', b'name = "rsud" # 2\n'


def test_what_is_applied_is_current_and_what_was_is_found_by_its_hash(
    world: World,
) -> None:
    kept = world.store.versions
    assert kept.apply([Change("rsud", FIRST)], "cli:siti", "mulai") == {"rsud": 1}
    assert kept.apply([Change("rsud", SECOND)], "cli:siti", "medan baru") == {"rsud": 2}

    (now,) = kept.current()
    old = kept.find("rsud", mapping_version(FIRST))

    assert (now.number, now.content, now.applied) == (2, SECOND, True)
    assert old is not None
    assert (old.number, old.content, old.applied) == (1, FIRST, False)
    assert [row["state"] for row in kept.history("rsud")] == ["current", "former"]
    assert versions_at(url_of(world)) == [now]


def test_the_way_back_keeps_the_number_and_is_audited(world: World) -> None:
    kept = world.store.versions
    for text in (FIRST, SECOND):
        kept.apply([Change("rsud", text)], "cli:siti", "")
    mark = kept.mark()

    assert kept.apply([Change("rsud", FIRST)], "cli:budi", "salah") == {"rsud": 1}

    assert kept.mark() != mark
    assert [one.content for one in kept.current()] == [FIRST]
    newest = world.store.queries.audit()[0]
    assert (newest["action"], newest["by"]) == ("agency_applied", "cli:budi")
    assert newest["detail"]["number"] == 1


def test_going_live_changes_the_mark_and_names_who_approved(world: World) -> None:
    kept = world.store.versions
    kept.apply([Change("rsud", FIRST, live=False)], "cli:siti", "")
    mark = kept.mark()

    kept.apply([Change("rsud", FIRST, approved_by="Ibu Kepala")], "cli:siti", "")

    assert kept.mark() != mark
    (row,) = kept.history("rsud")
    assert (row["live"], row["approved_by"]) == (True, "Ibu Kepala")


def test_a_text_that_is_run_from_its_file_is_kept_once_by_all_processes(
    world: World,
) -> None:
    stores = [world.store, world.another(), world.another()]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda s: s.versions.keep({"rsud": FIRST}, "start"), stores))

    (row,) = world.store.versions.history("rsud")
    assert (row["state"], row["number"]) == ("file", 1)
    assert [one.applied for one in world.store.versions.current()] == [False]
    assert world.store.versions.mark() == ()


def test_who_cannot_be_used_is_paused_and_goes_on_when_it_can(world: World) -> None:
    parties = world.store.parties

    parties.configure(_rows(world), {"dinas_pupr": "misconfigured: no TOML"})
    assert _state(world) == ("paused", f"{HELD_BACK}misconfigured: no TOML")
    parties.configure(_rows(world), {})
    assert _state(world) == ("active", "")


def test_an_operators_pause_is_neither_renamed_nor_ended(world: World) -> None:
    parties = world.store.parties
    parties.pause("dinas_pupr", "cli:siti", "pindah gedung")

    parties.configure(_rows(world), {"dinas_pupr": "misconfigured: no TOML"})
    assert _state(world) == ("paused", "pindah gedung")
    parties.configure(_rows(world), {})
    assert _state(world) == ("paused", "pindah gedung")


def _state(world: World) -> tuple[str, str]:
    found = {row["party"]: row for row in world.store.queries.parties()}
    return found["dinas_pupr"]["state"], found["dinas_pupr"]["why"]


def _rows(world: World) -> list[dict[str, Any]]:
    c = t.parties.c
    with world.store.db.read() as tx:
        found = tx.conn.execute(
            sa.select(c.party, c.kind, c.lane).where(c.party == "dinas_pupr")
        )
        return [row._asdict() | {"config_version": "m1"} for row in found]
