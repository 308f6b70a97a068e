"""Moulds: what the rules decide alike is worked out once, then stamped.

A new complaint's log, legs and cursors depend on what was decided, not on who wrote or
what about. So the first complaint of a decision is appended event by event, like any
other; its rows, without what is its own, are the mould of those that follow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from uuid_utils import uuid7

from hub.database.case import Case, CursorRow
from hub.database.directory import PartyRow
from hub.database.hot.batch import (
    NEW_COMPLAINTS,
    NEW_CURSORS,
    NEW_EVENTS,
    NEW_LEGS,
    Batch,
    Row,
)
from hub.database.projection import (
    cursor_row,
    event_row,
    fact_columns,
    leg_row,
    projection,
)
from hub.database.types import compact_json
from hub.database.vault import DataKey
from hub.domain.deadlines import Deadlines
from hub.domain.folding import Folding
from hub.domain.registration import Beginning
from hub.ports import NewCase
from schemas.events import NewEvent

MOULDS_MAX = 2_000
"""Decisions that are remembered."""
INSTANTS_MAX = 5_000
"""Beginnings of clocks that a mould remembers."""
QUARTER_SECONDS = 900
"""No zone's day begins between two quarters of an hour."""
REPORTER = "reporter"

_SOON = timedelta(days=1)
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mould:
    """The rows of a decision, without ids, instants, and the complaint's own words."""

    decided: tuple[NewEvent, ...]
    complaint: _Row
    events: tuple[_Row, ...]
    legs: tuple[_Row, ...]
    cursors: tuple[_Row, ...]
    """Their recipient says `reporter` where it is the reporter."""
    instants: dict[tuple[Any, ...], tuple[datetime | None]] = field(
        default_factory=dict
    )
    """When the clocks have their first step, by what that depends on.

    Threads share it: what one clears another may still have read.
    """

    def next_clock(self, begun: Beginning, deadlines: Deadlines) -> datetime | None:
        """Give the instant of the first step of a complaint's clocks.

        Clocks count the days after their start: those that start in one quarter of an
        hour are alike. What waited for a day or longer is counted by itself.
        """
        received_at, now = begun.entry.received_at, begun.now
        if now - received_at > _SOON:
            return deadlines.next_at(list(enumerate(begun.events, start=1)))
        facts = begun.facts
        region = facts.get("region") or {}
        place = (
            facts["report_type"],
            region.get("scheme"),
            region.get("code"),
            received_at.timestamp() // QUARTER_SECONDS,
            now.timestamp() // QUARTER_SECONDS,
        )
        known = self.instants.get(place)
        if known is None:
            known = (deadlines.next_at(list(enumerate(begun.events, start=1))),)
            if len(self.instants) >= INSTANTS_MAX:
                self.instants.clear()
            self.instants[place] = known
        return known[0]

    @classmethod
    def of(
        cls, case: Case, beginning: Beginning, parties: Mapping[str, PartyRow]
    ) -> "Mould":
        """Take the mould of a complaint that was appended and is not written yet."""
        versions = [
            parties[w.event.leg[0]].config_version
            if w.event.leg and w.event.leg[0] in parties
            else ""
            for w in case.added
        ]
        return cls(
            decided=beginning.decided,
            complaint=projection(case.state),
            events=tuple(
                event_row(replace(written, key=None, data_key_id=""), version)
                for written, version in zip(case.added, versions, strict=True)
            ),
            legs=tuple(leg_row("", leg) for _, leg in sorted(case.state.legs.items())),
            cursors=tuple(
                _cursor(cursor, case.reporter_id, parties[cursor.party].lane)
                for _, cursor in sorted(case.cursors.items())
            ),
        )


def _cursor(cursor: CursorRow, reporter_id: str, lane: str) -> _Row:
    row = cursor_row("", lane, cursor)
    if cursor.recipient == reporter_id:
        row["recipient"] = REPORTER
    return row | {"due_at": cursor.due}


class Moulds:
    """The moulds of one process, as long as the parties are configured alike."""

    def __init__(self) -> None:
        self._parties: Mapping[str, PartyRow] = {}
        self._by_decision: dict[tuple[int, str], Mould] = {}
        # A mould keeps what was decided, so that its identity is not given again.

    def find(
        self, begun: Beginning, party: str, parties: Mapping[str, PartyRow]
    ) -> Mould | None:
        """Find the mould of a decision, for reporters who are told by `party`."""
        if parties is not self._parties:
            if parties != self._parties:
                self._by_decision = {}
            self._parties = parties
        return self._by_decision.get((id(begun.decided), party))

    def keep(self, begun: Beginning, party: str, mould: Mould) -> None:
        """Remember a mould."""
        if len(self._by_decision) >= MOULDS_MAX:
            self._by_decision = {}
        self._by_decision[(id(begun.decided), party)] = mould


@dataclass(frozen=True, slots=True)
class Stamped:
    """A new complaint made from a mould: its rows are collected already."""

    new: NewCase
    key: DataKey
    cursors: Sequence[Row]
    event_id: str
    """Of the first event."""

    def case(self) -> Case:
        """Make the complaint as if it had been read, to append to it."""
        row = self.new.row
        events = list(enumerate(self.new.events, start=1))
        folding = Folding(events)
        return Case(
            row.complaint_id,
            row.code,
            row.public_number,
            self.key,
            self.key.id,
            reporter_id=self.new.reporter_id,
            channel=self.new.complaint.channel,
            folding=folding,
            legs=dict(folding.state.legs),
            cursors={
                (cursor["party"], cursor["recipient"]): CursorRow(
                    **{k: v for k, v in cursor.items() if k in _CURSOR_FIELDS}
                )
                for cursor in self.cursors
            },
            causes={(e.cause.kind, e.cause.id, e.cause.no) for _, e in events},
        )


_CURSOR_FIELDS = frozenset(
    {
        "party",
        "recipient",
        "state",
        "delivered_seq",
        "target_seq",
        "assignment_no",
        "due_at",
        "hinted_at",
    }
)


def stamp(
    batch: Batch,
    mould: Mould,
    new: NewCase,
    begun: Beginning,
    key: DataKey,
    deadlines: Deadlines,
    *,
    hinting: bool,
) -> Stamped:
    """Collect the rows of a new complaint; its first event is numbered one."""
    mine = {"complaint_id": new.row.complaint_id}
    _collect_complaint(batch, mould, new, begun, key, deadlines)
    event_id = _collect_events(batch, mould, mine, begun, key)
    for row in mould.legs:
        batch.add(NEW_LEGS, {**row, **mine})
    due = {"due_at": begun.now, "hinted_at": begun.now if hinting else None}
    cursors = [
        {**row, **mine, **(due if row["due_at"] else _NOT_DUE)} for row in mould.cursors
    ]
    for row in cursors:
        if row["recipient"] == REPORTER:
            row["recipient"] = begun.reporter_id
        batch.add(NEW_CURSORS, row)
    return Stamped(new, key, cursors, event_id)


_NOT_DUE: _Row = {"due_at": None, "hinted_at": None}


def _collect_complaint(
    batch: Batch,
    mould: Mould,
    new: NewCase,
    begun: Beginning,
    key: DataKey,
    deadlines: Deadlines,
) -> None:
    batch.add(
        NEW_COMPLAINTS,
        {
            **mould.complaint,
            **fact_columns(begun.facts),
            "id": new.row.complaint_id,
            "code": new.row.code,
            "public_number": new.row.public_number,
            "data_key_id": key.id,
            "received_at": begun.entry.received_at,
            "next_clock_at": mould.next_clock(begun, deadlines),
            "overdue": False,
        },
    )


def _collect_events(
    batch: Batch, mould: Mould, mine: _Row, begun: Beginning, key: DataKey
) -> str:
    own = {
        **mine,
        "cause_id": begun.entry.journal_id,
        "occurred_at": begun.now,
        "recorded_at": begun.now,
        "data_key_id": key.id,
    }
    event_id = str(uuid7())
    first: dict[int, _Row] = {
        0: {
            "event_id": event_id,
            "occurred_at": begun.entry.occurred_at,
            "author_id": begun.reporter_id,
            "facts": begun.facts,
            "sealed": key.seal(
                f"log|sealed|{own['complaint_id']}.1", compact_json(begun.sealed)
            ),
        },
        1: {"facts": begun.names},
    }
    for n, row in enumerate(mould.events):
        made = {**row, **own, "event_id": str(uuid7())}
        if n in first:
            made |= first[n]
        batch.add(NEW_EVENTS, made)
    return event_id
