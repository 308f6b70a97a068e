"""Judging a fault from outside: what was lost, doubled, held, and how long it took."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from hub.bootstrap import Store
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.database.projection import event_of
from hub.simulator.citizens import Sent
from hub.simulator.region import SimulatedRegion
from hub.simulator.tally import MARKER
from tests.faults.fleet import wait_for

LETTERS_AT_ONCE = 6
BLIND = {"dinkes"}
"""Neither key nor look-up: an unknown outcome is held there, never sent again."""


@dataclass
class Line:
    """One fault of the report."""

    fault: str
    times: int = 0
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    held: int = 0
    seconds: list[float] = field(default_factory=list)
    """From the fault to everyone in step, each time."""

    def show(self) -> str:
        """Write it as a line of the table."""
        times = sorted(self.seconds)
        middle = f"{times[len(times) // 2]:5.1f}" if times else "    -"
        most = f"{times[-1]:5.1f}" if times else "    -"
        return (
            f"{self.fault:<26}{self.times:>5}{self.sent:>6}{self.lost:>6}"
            f"{self.doubled:>9}{self.held:>6}  {middle}  {most}"
        )


HEAD = (
    f"{'fault':<26}{'times':>5}{'sent':>6}{'lost':>6}{'doubled':>9}{'held':>6}"
    "  in step again after (s): median, most"
)


def what_lags(store: Store) -> str:
    """Describe what keeps the hub from being in step, a line each."""
    c = t.cursors.c
    lagging = sa.select(t.cursors).where(
        c.delivered_seq < c.target_seq, c.state != "held"
    )
    shown = (c.complaint_id, c.party, c.state, c.delivered_seq, c.target_seq)
    times = (c.due_at, c.hinted_at, c.lease_until, c.sending_step, c.failures)
    query = lagging.with_only_columns(*shown, *times).limit(20)
    with store.db.read() as tx:
        rows = tx.conn.execute(query).all()
        now = tx.now
    lines = [f"{now}: {dict(store.queries.counts())}"]
    return "\n".join([*lines, *(str(row._asdict()) for row in rows)])


def held_hand_overs(store: Store) -> list[dict[str, Any]]:
    """List the hand-overs that are held; fails where the outcome could be found out."""
    rows = store.queries.dead_letters(limit=100_000)
    held = [row for row in rows if row["kind"] == "held" and row["is_submit"]]
    assert {row["party"] for row in held} <= BLIND
    return held


def markers_of(store: Store, complaint_ids: Collection[str]) -> set[str]:
    """Read the markers of the letters that complaints came in by."""
    c = t.log.c
    query = sa.select(t.log).where(
        c.complaint_id.in_(complaint_ids), c.type == "received"
    )
    with store.db.read() as tx:
        rows = tx.conn.execute(query).all()
        keys = store.vault.keys(tx.conn, {row.data_key_id for row in rows})
    words = [str(event_of(row, keys).sealed) for row in rows]
    return {marker for text in words for marker in MARKER.findall(text)}


class Judge:
    """Sends a batch through one fault and counts what became of it."""

    def __init__(
        self, region: SimulatedRegion, store: Store, seconds_max: float
    ) -> None:
        self._region = region
        self._store = store
        self._seconds_max = seconds_max
        self._held: set[str] = set()
        self.lines: dict[str, Line] = {}

    def through(
        self,
        fault: str,
        number: int,
        strike: Callable[[], bool],
        *,
        before: Callable[[], object] | None = None,
    ) -> Line:
        """Send letters while a fault strikes; waits until everyone is in step.

        `strike` blocks until the fault is over and tells whether it happened;
        `before` is done before the first letter. Raises AssertionError when they
        are not in step in time.
        """
        line = self.lines.setdefault(fault, Line(fault))
        began = time.monotonic()
        if before is not None:
            before()
        sent, happened = self._send_and_strike(number, strike)
        in_step = wait_for(self.at_rest, self._seconds_max)
        assert in_step, f"{fault}: {what_lags(self._store)}"
        if happened:
            line.times += 1
            line.seconds.append(time.monotonic() - began)
        accepted = [one.marker for one in sent if one.accepted]
        self._count(line, accepted)
        return line

    def _send_and_strike(
        self, number: int, strike: Callable[[], bool]
    ) -> tuple[Sequence[Sent], bool]:
        found: list[Sent] = []
        writer = threading.Thread(
            target=lambda: found.extend(
                self._region.citizens.write_many(number, at_once=LETTERS_AT_ONCE)
            )
        )
        writer.start()
        happened = strike()
        writer.join(self._seconds_max)
        assert not writer.is_alive(), "the citizens still wait for an answer"
        return found, happened

    def _count(self, line: Line, markers: Sequence[str]) -> None:
        tally = self._region.tally()
        held = self.held_submits()
        new = held - self._held
        self._held = held
        waiting = markers_of(self._store, self._held_complaints())
        lost = set(tally.missing(markers)) - waiting
        mine = set(markers)
        line.sent += len(markers)
        line.held += len(new)
        line.lost += len(lost)
        line.doubled += sum(marker in mine for marker, _ in tally.doubled)

    def held_submits(self) -> set[str]:
        """Name the hand-overs that are held, all at agencies without key or look-up."""
        return {str(row["id"]) for row in held_hand_overs(self._store)}

    def _held_complaints(self) -> set[str]:
        return {str(row["complaint_id"]) for row in held_hand_overs(self._store)}

    def state(self) -> dict[str, int]:
        """What the hub itself says."""
        return dict(self._store.queries.counts())

    def at_rest(self) -> bool:
        """Tell whether everyone has what concerns them, or it is held."""
        if not self._region.at_rest:  # before and after: it may have spoken meanwhile
            return False
        try:
            counts = self.state()
        except ConnectionError:
            return False
        waits = counts["lagging"] - counts["held"]
        return not counts["to_work"] and waits <= 0 and self._region.at_rest

    def final(self) -> list[str]:
        """Name everything that is wrong at the end; empty when all holds."""
        store = self._store
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        seals = store.sealer.verify()
        rows = store.queries.dead_letters(limit=100_000)
        others = [row for row in rows if row["kind"] != "held"]
        return [str(one) for one in (*broken, *seals, *others)]

    def doubled(self) -> list[tuple[str, str]]:
        """Name what any agency has twice."""
        return self._region.tally().doubled

    def figure(self) -> str:
        """Sum the table up in one line."""
        lines = self.lines.values()
        faults, letters = sum(x.times for x in lines), sum(x.sent for x in lines)
        lost, doubled = sum(x.lost for x in lines), sum(x.doubled for x in lines)
        return f"{faults} faults, {letters} letters, {lost} lost, {doubled} doubled"

    def report(self) -> str:
        """The table of all faults."""
        return "\n".join([HEAD, *(line.show() for line in self.lines.values())])
