"""Log rows as events, and the rows that are computed from a complaint's state."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.case import Case, CursorRow, Written
from hub.database.directory import read_parties
from hub.database.engine import Tx
from hub.database.vault import DataKey, Vault, open_or_none
from hub.domain.deadlines import Deadlines, Watch
from hub.domain.lifecycle import CaseState, LegState
from hub.domain.privacy import interested
from schemas.events import Cause, LogEvent
from schemas.parties import Author, AuthorKind, CauseKind
from schemas.status import Status

CENTRE_DECIDES = frozenset(
    {Status.RECEIVED, Status.VERIFIED, Status.RETURN_REQUESTED, Status.APPEALED}
)
"""Statuses that wait for an official's decision above the agencies."""


def reference_place(complaint_id: str, party: str) -> str:
    """Name the place of a cursor's sealed reference."""
    return f"cursors|reference|{complaint_id}.{party}"


def kept_reference_place(complaint_id: str, agency: str, number: int) -> str:
    """Name the place of a sealed reference that is kept beside the one in use."""
    return f"agency_references|reference|{complaint_id}.{agency}.{number}"


def projection(state: CaseState) -> dict[str, Any]:
    """Compute the clear columns of a complaint from its state."""
    return {
        "head_seq": state.head_seq,
        "status": state.status,
        "triage": state.status in CENTRE_DECIDES,
        "merged_into": state.merged_into or None,
        **fact_columns(state.facts),
    }


def fact_columns(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Compute those columns of a complaint that its facts alone decide."""
    return {
        "type": facts.get("report_type", "complaint"),
        "category": (facts.get("category") or {}).get("code", ""),
        "region": (facts.get("region") or {}).get("code", ""),
        "channel": facts.get("channel", ""),
        "anonymous": bool(facts.get("anonymous")),
        "confidential": bool(facts.get("confidential")),
    }


def watch_columns(case: Case, deadlines: Deadlines) -> dict[str, Any]:
    """Compute what is stored of the clocks; nothing is awaited of what was erased."""
    watch = Watch() if case.key is None else deadlines.watch(case.events)
    return watch_row(watch)


def watch_row(watch: Watch) -> dict[str, Any]:
    """Name the columns of what is stored of the clocks."""
    return {"next_clock_at": watch.next_at, "overdue": watch.overdue}


def leg_row(complaint_id: str, leg: LegState) -> dict[str, Any]:
    """Compute the row of one leg."""
    return {
        "complaint_id": complaint_id,
        "agency": leg.agency,
        "assignment_no": leg.assignment_no,
        "unit": leg.unit,
        "role": leg.role,
        "status": leg.status,
        "order_by": leg.order_by,
        "hops": leg.hops,
        "opened_seq": leg.opened_seq,
        "closed_seq": leg.closed_seq,
    }


def leg_rows(complaint_id: str, state: CaseState) -> list[dict[str, Any]]:
    """Compute the rows of a complaint's legs from its state."""
    return [leg_row(complaint_id, leg) for _, leg in sorted(state.legs.items())]


def cursor_row(complaint_id: str, lane: str, cursor: CursorRow) -> dict[str, Any]:
    """Make the row of a cursor, as far as appending moves it."""
    return {
        "complaint_id": complaint_id,
        "party": cursor.party,
        "recipient": cursor.recipient,
        "lane": lane,
        "state": cursor.state,
        "delivered_seq": cursor.delivered_seq,
        "target_seq": cursor.target_seq,
        "due_at": cursor.due_at,
        "hinted_at": cursor.hinted_at,
        "assignment_no": cursor.assignment_no,
    }


def reference_row(vault: Vault, complaint_id: str, cursor: CursorRow) -> dict[str, Any]:
    """Make the change that gives a cursor its reference."""
    place = reference_place(complaint_id, cursor.party)
    return {
        "complaint_id": complaint_id,
        "party": cursor.party,
        "recipient": cursor.recipient,
        "reference": vault.wrap(place, cursor.reference.encode()),
        "reference_index": vault.blind(f"reference:{cursor.party}", cursor.reference),
    }


def event_row(written: Written, config_version: str) -> dict[str, Any]:
    """Make the log row of an event; without a key its words are not kept."""
    event, sealed = written.event, None
    if event.sealed and written.key is not None:
        sealed = written.key.seal_json(
            f"log|sealed|{written.complaint_id}.{written.seq}", event.sealed
        )
    author, cause = event.author, event.cause
    agency, assignment_no = event.leg or (None, None)
    return {
        "complaint_id": written.complaint_id,
        "seq": written.seq,
        "event_id": written.event_id,
        "type": event.type,
        "author_kind": author.kind,
        "author_id": author.id,
        "cause_kind": cause.kind,
        "cause_id": cause.id,
        "cause_no": cause.no,
        "leg_agency": agency,
        "assignment_no": assignment_no,
        "occurrence_key": event.occurrence_key or None,
        "order_key": event.order_key,
        "occurred_at": event.occurred_at,
        "recorded_at": written.recorded_at,
        "status_after": written.status_after,
        "facts": event.facts,
        "sealed": sealed,
        "data_key_id": written.data_key_id,
        "config_version": config_version,
    }


def read_events(
    tx: Tx, complaint_id: str, keys: dict[str, DataKey] | None = None
) -> Sequence[LogEvent]:
    """Read a complaint's events in seq order; sealed parts only with their keys."""
    rows = tx.conn.execute(
        sa.select(t.log)
        .where(t.log.c.complaint_id == complaint_id)
        .order_by(t.log.c.seq)
    )
    return [event_of(row, keys or {}) for row in rows]


def told_seqs(
    tx: Tx, complaint_id: str, party: str, first: int, last: int
) -> list[int]:
    """Name those seqs of a range that the party is told of, in order."""
    configured = read_parties(tx).get(party)
    if configured is None:
        return []
    rows = tx.conn.execute(
        sa.select(t.log)
        .where(t.log.c.complaint_id == complaint_id, t.log.c.seq.between(first, last))
        .order_by(t.log.c.seq)
    )
    kind, wants = configured.kind, configured.wants
    return [r.seq for r in rows if interested(event_of(r, {}), kind, party, wants)]


def event_of(row: sa.Row[Any], keys: dict[str, DataKey]) -> LogEvent:
    """Read one log row as an event."""
    place = f"log|sealed|{row.complaint_id}.{row.seq}"
    plain = open_or_none(keys, place, row.sealed) if keys else None
    return LogEvent.model_construct(
        type=row.type,
        author=_author(row.author_kind, row.author_id),
        cause=_cause(row),
        occurred_at=row.occurred_at,
        facts=row.facts,
        sealed=json.loads(plain.decode()) if plain else {},
        leg=(row.leg_agency, row.assignment_no) if row.leg_agency else None,
        occurrence_key=row.occurrence_key or "",
        order_key=row.order_key,
        complaint_id=row.complaint_id,
        seq=row.seq,
        event_id=row.event_id,
        recorded_at=row.recorded_at,
        status_after=Status(row.status_after),
    )


@lru_cache(maxsize=1024)
def _author(kind: str, author_id: str) -> Author:
    """Most events are said by a few rules and agencies."""
    return Author.model_construct(kind=AuthorKind(kind), id=author_id)


def _cause(row: sa.Row[Any]) -> Cause:
    return Cause.model_construct(
        kind=CauseKind(row.cause_kind), id=row.cause_id, no=row.cause_no
    )
