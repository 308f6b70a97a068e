"""The run-time state of parties: shared by all workers, visible to operators."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.audit import note
from hub.database.engine import Database, Tx, retrying
from hub.database.hot.batch import CHANGED_PARTIES, Batch
from hub.database.hot.looking import Look, look
from hub.database.types import Instant
from hub.domain.breaker import Breaker, Party, PartyState, pause, report, resume
from hub.domain.delivery import Step
from hub.domain.settlement import PartySignal, Settlement
from schemas.agency import Limits
from schemas.parties import PartyKind

_RUN_TIME = (
    "state",
    "why",
    "breaker",
    "failures",
    "open_count",
    "open_until",
    "probe_until",
    "throttled_until",
    "tokens",
    "tokens_at",
    "ramp_until",
    "stopped_since",
    "same_refusals",
    "last_fingerprint",
    "last_success_at",
)


LOCKED = Look(
    t.parties,
    (
        "party",
        "lane",
        "kind",
        "slots",
        "rate",
        "ramp_s",
        "breaker_failures",
        "breaker_open_s",
        "stopped_s",
        *_RUN_TIME,
    ),
    ("party",),
    lock=True,
)
"""Run-time state of many parties; the last locks in the order."""


def lock_party(tx: Tx, party: str) -> Party | None:
    """Lock and read one party's run-time state; the last lock in the order."""
    row = tx.conn.execute(
        sa.select(t.parties)
        .where(t.parties.c.party == party)
        .with_for_update(key_share=True)
    ).one_or_none()
    return None if row is None else party_of(row)


def party_of(row: Any) -> Party:
    """Read a row as run-time state."""
    return Party(
        party=row.party,
        rate=row.rate,
        ramp_seconds=row.ramp_s,
        breaker_failures=row.breaker_failures,
        breaker_open_seconds=row.breaker_open_s,
        state=PartyState(row.state),
        why=row.why,
        breaker=Breaker(row.breaker),
        stopped_seconds=row.stopped_s,
        **{name: getattr(row, name) for name in _RUN_TIME if name not in _CONVERTED},
    )


_CONVERTED = {"state", "why", "breaker"}


def save_party(tx: Tx, before: Party, after: Party) -> None:
    """Write the run-time state where it changed."""
    if before == after:
        return
    tx.conn.execute(
        sa.update(t.parties)
        .where(t.parties.c.party == after.party)
        .values(**_run_time(after))
    )


def tell_parties(tx: Tx, told: Sequence[tuple[str, Settlement]], batch: Batch) -> None:
    """Take outcomes into account, in their order, in their parties' run-time state."""
    heard = [(party, one) for party, one in told if one.party is not PartySignal.NONE]
    (rows,) = look(tx, (LOCKED, {party for party, _ in heard}))
    before = {row.party: party_of(row) for row in rows}
    after = dict(before)
    for party, settlement in heard:
        if party in after:
            after[party] = report(
                after[party],
                settlement.party,
                tx.now,
                why=settlement.why,
                fingerprint=settlement.fingerprint,
                wait_seconds=settlement.party_wait_seconds,
            )
    for party, found in after.items():
        collect_party(batch, before[party], found)


def collect_party(batch: Batch, before: Party, after: Party) -> None:
    """Collect the run-time state where it changed."""
    if before != after:
        batch.add(CHANGED_PARTIES, {"party": after.party, **_run_time(after)})


def _run_time(party: Party) -> dict[str, Any]:
    values = {name: getattr(party, name) for name in _RUN_TIME}
    return values | {"stopped_s": party.stopped_seconds, "why": party.why[:300]}


class PartyStore:
    """Configures parties at start, and carries out operators' pause and resume."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @retrying
    def configure(
        self,
        rows: Iterable[dict[str, Any]],
        held_back: Mapping[str, str] | None = None,
    ) -> None:
        """Write configurations; the run-time state of known parties is kept.

        Who is held back (party -> why) is paused for that, unless an operator paused
        it; who no longer is goes on. Idempotent.
        """
        reasons = held_back or {}
        with self._db.write() as tx:
            known = set(tx.conn.execute(sa.select(t.parties.c.party)).scalars())
            for row in sorted(rows, key=itemgetter("party")):
                party = row["party"]
                if party not in known:
                    tx.conn.execute(sa.insert(t.parties).values(**row))
                elif row["config_version"]:
                    tx.conn.execute(
                        sa.update(t.parties)
                        .where(t.parties.c.party == party)
                        .values(**row)
                    )
                _hold_back(tx, party, reasons.get(party, ""))

    @retrying
    def pause(self, party: str, by: str, why: str) -> bool:
        """Pause a party; False when there is none. Idempotent."""
        return self._change(party, by, "party_paused", why, resuming=False)

    @retrying
    def resume(self, party: str, by: str, why: str) -> bool:
        """Resume a party with a slow start; due work goes on. Idempotent."""
        return self._change(party, by, "party_resumed", why, resuming=True)

    def _change(
        self, party: str, by: str, action: str, why: str, *, resuming: bool
    ) -> bool:
        with self._db.write() as tx:
            before = lock_party(tx, party)
            if before is None:
                return False
            after = resume(before, tx.now) if resuming else pause(before, tx.now, why)
            save_party(tx, before, after)
            if resuming:
                _due_at_once(tx, party)
            note(tx, by=by, action=action, subject=party, reason=why)
        return True


HELD_BACK = "configuration: "
"""How the reason of a pause begins that ends with its cause."""


def _hold_back(tx: Tx, party: str, why: str) -> None:
    """Pause a party that cannot be used, or let it go on when it can again."""
    before = lock_party(tx, party)
    if before is None:
        return
    paused = before.state is PartyState.PAUSED
    ours = paused and before.why.startswith(HELD_BACK)
    if why and (ours or not paused):
        save_party(tx, before, pause(before, tx.now, f"{HELD_BACK}{why}"))
    elif ours and not why:
        save_party(tx, before, resume(before, tx.now))
        _due_at_once(tx, party)


def _due_at_once(tx: Tx, party: str) -> None:
    """Let what waited for a retry go as soon as the slow start permits.

    A look-up keeps its time: asked too early, an agency does not know yet.
    """
    now = sa.literal(tx.now, Instant())
    for table in (t.cursors, t.answers):
        c = table.c
        waits = c.due_at > tx.now
        if table is t.cursors:
            waits &= c.sending_step != Step.FIND
        tx.conn.execute(
            sa.update(table)
            .where(c.party == party, c.due_at.is_not(None), c.state == "active")
            .values(due_at=sa.case((waits, now), else_=c.due_at), hinted_at=None)
        )
    _ask_at_once(tx, party)


def _ask_at_once(tx: Tx, party: str) -> None:
    """Let what failed be asked again; what went well keeps its time."""
    c = t.sources.c
    tx.conn.execute(
        sa.update(t.sources)
        .where(c.party == party, c.failures > 0, c.state == "active")
        .values(due_at=tx.now, hinted_at=None)
    )


def config_row(
    party: str,
    kind: PartyKind,
    *,
    title: str,
    lane: str,
    limits: Limits,
    config_version: str,
    wants: Iterable[str] | None,
    order_by: str = "arrival",
) -> dict[str, Any]:
    """Make the configured part of a party's row."""
    return {
        "party": party,
        "kind": kind,
        "title": title,
        "lane": lane,
        "config_version": config_version,
        "wants": None if wants is None else list(wants),
        "order_by": order_by,
        "rate": limits.rate_per_second,
        "slots": limits.concurrency,
        "ramp_s": limits.ramp_seconds,
        "breaker_failures": limits.breaker_failures,
        "breaker_open_s": limits.breaker_open_seconds,
    }
