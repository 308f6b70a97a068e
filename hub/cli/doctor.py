"""`simpul doctor`: is this deployment well? Looks, and changes nothing."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from hub.cli.check import Check
from hub.cli.doctor_attachments import examine_attachments
from hub.cli.doctor_broker import examine_broker
from hub.cli.doctor_mail import apart
from hub.cli.errors import Failed, one_line
from hub.cli.output import counted, print_json, print_table, say
from hub.cli.session import common, no_database, read_settings
from hub.domain.polling import is_silent

if TYPE_CHECKING:
    from hub.bootstrap import Store
    from hub.settings import Settings

UNHEALTHY = 3
CLOCK_SECONDS_MAX = 5
"""A database clock further away than this makes times and leases doubtful."""
SHOWN_MAX = 20
"""Findings shown to people; the JSON document has all."""
AGAIN_SECONDS = 1.0
LOCKS_MIN = 4 * 500 + 1000
"""Four workers with a full batch each, and what everything else locks."""

Found = TypeVar("Found")


@click.command()
@common
def doctor(data_dir: Path | None, *, as_json: bool) -> int:
    """Check database, broker, key ring, records, seals, clock; exit code 3: unwell."""
    settings = read_settings(data_dir)
    checks = list(_examine(settings))
    healthy = all(check.ok for check in checks)
    if as_json:
        print_json({"healthy": healthy, "checks": [asdict(one) for one in checks]})
    else:
        _print(checks)
        say("All is well." if healthy else "Something is wrong; see the lines above.")
    return 0 if healthy else UNHEALTHY


def _print(checks: Sequence[Check]) -> None:
    rows = [
        {
            "check": one.check,
            "result": "ok" if one.ok else "WRONG",
            "detail": one.detail,
        }
        for one in checks
    ]
    print_table(rows, ["check", "result", "detail"])
    for one in checks:
        for finding in one.findings[:SHOWN_MAX]:
            say(f"  {one.check}: {', '.join(str(v) for v in finding.values())}")
        if len(one.findings) > SHOWN_MAX:
            say(f"  {one.check}: {len(one.findings) - SHOWN_MAX} more, see --json")


def _examine(settings: "Settings") -> Iterator[Check]:
    """Check the outside first; the records only when they can be opened."""
    outside = [*_database(settings), _keyring(settings)]
    yield from outside
    yield _routing(settings)
    yield _agencies(settings)
    yield from examine_broker(settings)
    if not all(check.ok for check in outside):
        return
    from hub.bootstrap import open_store

    store = open_store(settings, migrate=False)
    try:
        for look in LOOKS:
            yield look(store)
        yield examine_attachments(store)
    finally:
        store.close()


def _database(settings: "Settings") -> Iterator[Check]:
    from hub.database.condition import revision
    from hub.database.engine import DatabaseDownError
    from hub.database.migrate import head

    try:
        found = revision(settings.effective_database_url)
    except DatabaseDownError as error:
        yield Check("database", ok=False, detail=one_line(error) or "")
        return
    if not found:
        raise Failed(no_database(settings))
    yield Check("database", ok=True, detail="it can be reached")
    same = found == head()
    detail = f"at {found}" if same else f"at {found}, the program wants {head()}"
    yield Check("migrations", same, detail)


def _keyring(settings: "Settings") -> Check:
    from hub.database.keyring import Keyring, KeyringError

    try:
        ring = Keyring.open(settings.effective_keyring_file)
    except KeyringError as error:
        return Check("key ring", ok=False, detail=str(error))
    detail = f"{counted(len(ring.keys), 'key')}, mode 0600"
    return Check("key ring", ok=True, detail=detail)


def _routing(settings: "Settings") -> Check:
    """Rules that cannot do what they say, and agencies that name what there is not."""
    from connectors.registry import ConfigError
    from hub.bootstrap.reference import load_reference, load_routing
    from hub.domain.routing_check import check

    try:
        table = load_routing(settings)
        reference = load_reference(settings, table.zone)
    except ConfigError as error:
        return Check("routing", ok=False, detail=one_line(error) or "")
    day = reference.day(datetime.now(UTC))
    found = [
        *map(asdict, check(table, reference.tree.agencies, reference, day)),
        *({"why": lack} for lack in reference.tree.lacks()),
    ]
    detail = (
        f"{len(found)} things are wrong: simpul routing test"
        if found
        else f"{len(table.rules)} rules can do what they say"
    )
    return Check("routing", not found, detail, tuple(found))


def _agencies(settings: "Settings") -> Check:
    """An agency's own mistake stops nobody else, and must not stay unseen."""
    from connectors.registry import ConfigError, find_manifests
    from connectors.roster import Lack
    from hub.bootstrap.reference import folders_of
    from hub.bootstrap.rosters import roster_of
    from hub.bootstrap.switching import close_all

    try:
        roster = roster_of(settings)
    except ConfigError as error:
        return Check("agencies", ok=False, detail=one_line(error) or "")
    close_all(one.system for one in roster.agencies.values())
    wrong = [
        {"agency": name, "why": one.why}
        for name, one in roster.failures.items()
        if one.lack is Lack.MISCONFIGURED
    ]
    wrong += [{"agency": n, "why": why} for n, why in roster.not_applied.items()]
    manifests = {n: roster.manifests[n] for n in roster.agencies}
    try:
        files = find_manifests(folders_of(settings))
        wrong += apart(manifests, settings.channels, os.environ, files)
    except ConfigError as error:
        wrong.append({"agency": "email", "why": str(error)})
    detail = (
        f"{len(wrong)} are misconfigured or differ from what runs"
        if wrong
        else f"{len(roster.agencies)} of {len(roster.manifests)} can be used"
    )
    return Check("agencies", not wrong, detail, tuple(wrong))


def _locks(store: "Store") -> Check:
    """Each row of a batch takes an advisory lock; they come out of one shared table."""
    from hub.database.condition import lock_table

    found = lock_table(store.db)
    if found is None:
        return Check("locks", ok=True, detail="SQLite has one writer")
    if found >= LOCKS_MIN:
        return Check("locks", ok=True, detail=f"the lock table holds {found}")
    detail = f"it holds {found} of {LOCKS_MIN}: raise max_locks_per_transaction"
    return Check("locks", ok=False, detail=detail)


def _edge(store: "Store") -> Check:
    """What was accepted is on the edge's disk first; it must be readable."""
    closed = store.edge.unreadable()
    detail = (
        f"{counted(len(closed), 'file')} cannot be opened: put the key ring back"
        if closed
        else f"{counted(len(store.edge.files()), 'file')} of accepted messages"
    )
    return Check("edge", not closed, detail, tuple({"file": one} for one in closed))


def _partitions(store: "Store") -> Check:
    """Rows without a month are kept, but no month that goes takes them along."""
    if store.db.dialect == "sqlite":
        return Check("partitions", ok=True, detail="SQLite has none")
    lacks = store.partitions.lacks()
    detail = (
        f"{len(lacks)} of the journal's are amiss: does a process have the schedule?"
        if lacks
        else "the coming month has its own, nothing is outside"
    )
    return Check("partitions", not lacks, detail, tuple(asdict(one) for one in lacks))


def _invariants(store: "Store") -> Check:
    from hub.database.invariants import RULES, check_invariants

    broken = _lasting(
        lambda: check_invariants(store.db, store.edge, store.erased, store.deadlines)
    )
    detail = f"{len(broken)} violations" if broken else f"{len(RULES) + 3} rules hold"
    return Check("records", not broken, detail, tuple(asdict(one) for one in broken))


def _erased(store: "Store") -> Check:
    back = store.eraser.brought_back()
    listed = f"{len(store.erased.ids())} on the list"
    detail = (
        f"{len(back)} were brought back by a backup: `simpul run` erases them again"
        if back
        else f"{listed}, none is readable"
    )
    return Check("erased", not back, detail, tuple({"id": one} for one in back))


def _seals(store: "Store") -> Check:
    broken = _lasting(store.sealer.verify)
    count = sum(store.sealer.counts().values())
    detail = f"{len(broken)} do not hold" if broken else f"{count} rows, all hold"
    return Check("seals", not broken, detail, tuple(asdict(one) for one in broken))


def _clock(store: "Store") -> Check:
    away = abs((store.queries.now() - datetime.now(UTC)).total_seconds())
    detail = f"the database's is {away:.1f} s away from this machine's"
    return Check("clock", away <= CLOCK_SECONDS_MAX, detail)


LOOK_AT_SOURCES = "simpul agencies sources, simpul channels sources"


def _asked(store: "Store") -> Check:
    """What is asked by a wrong way, or is silent, and where views differ."""
    asked = [one for one in store.sources.listed() if one["state"] == "active"]
    wrong = [
        {"source": one["source"], "why": one["why"]}
        for one in asked
        if one["misconfigured"]
    ]
    silent = [
        {"source": one["source"], "why": one["why"]}
        for one in asked
        if not one["misconfigured"]
        and is_silent(one["every_seconds"], one["failures"], one["age_seconds"])
    ]
    differing = store.drifts.counts()
    cases = sum(one["cases"] for one in differing)
    detail = "every agency's view is ours, as far as it was asked"
    if differing:
        detail = (
            f"{counted(cases, 'case differs', 'cases differ')}: "
            "simpul agencies reconcile NAME --heal"
        )
    if silent:
        detail = f"{len(silent)} have not answered for long: {LOOK_AT_SOURCES}"
    if wrong:
        detail = f"{len(wrong)} are asked by a wrong way: {LOOK_AT_SOURCES}"
    findings = (*wrong, *silent, *differing)
    return Check("asking", not findings, detail, findings)


LOOKS = (
    _locks,
    _partitions,
    _edge,
    _invariants,
    _erased,
    _seals,
    _clock,
    _asked,
)
"""What is looked at once the database can be opened."""


def _lasting(look: Callable[[], list[Found]]) -> list[Found]:
    """Look twice: beside a running hub, records are compared that move meanwhile."""
    first = look()
    if not first:
        return first
    threading.Event().wait(AGAIN_SECONDS)
    again = look()
    return [one for one in first if one in again]
