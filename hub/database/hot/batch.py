"""What one transaction writes, collected row by row and stored together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Rows of one shape: new ones, or changes of rows found by `key`."""

    table: sa.Table
    columns: tuple[str, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that a row of the sheet has a value for."""
        return (*self.key, *self.columns)


def _all_but(table: sa.Table, *left_out: str) -> tuple[str, ...]:
    return tuple(c.name for c in table.columns if c.name not in left_out)


NEW_KEYS = Sheet(t.data_keys, ("id", "complaint_id", "wrapped", "ring_id"))
NEW_BLOBS = Sheet(t.blobs, _all_but(t.blobs))
NEW_CHUNKS = Sheet(t.blob_chunks, _all_but(t.blob_chunks))
NEW_SOURCE_KEYS = Sheet(t.source_keys, _all_but(t.source_keys))
NEW_CODES = Sheet(t.codes, _all_but(t.codes))
NEW_ROWS = Sheet(
    t.journal,
    (
        "id",
        "lane",
        "source",
        "received_at",
        "state",
        "due_at",
        "hinted_at",
        "parent_id",
        "item_no",
        "data_key_id",
        "content_hash",
        "complaint_id",
        "code",
        "public_number",
        "revised",
        "times_seen",
        "raw_sha256",
    ),
)
NEW_RAWS = Sheet(t.journal_raw, _all_but(t.journal_raw))
NEW_COMPLAINTS = Sheet(
    t.complaints, _all_but(t.complaints, "erasure_due_at", "erased_at")
)
NEW_EVENTS = Sheet(t.log, _all_but(t.log, "position"))
NEW_LEGS = Sheet(t.legs, _all_but(t.legs))
NEW_CURSORS = Sheet(
    t.cursors,
    (
        "complaint_id",
        "party",
        "recipient",
        "lane",
        "state",
        "delivered_seq",
        "target_seq",
        "due_at",
        "hinted_at",
        "assignment_no",
    ),
)
REFERENCED_CURSORS = Sheet(
    t.cursors,
    ("reference", "reference_index"),
    key=("complaint_id", "party", "recipient"),
)
"""Cursors that are born with their reference; new ones have none otherwise."""
NEW_REPORTERS = Sheet(t.reporters, _all_but(t.reporters))
NEW_CONTACTS = Sheet(t.contacts, _all_but(t.contacts))
NEW_ATTACHMENTS = Sheet(t.attachments, _all_but(t.attachments))
NEW_ANSWERS = Sheet(
    t.answers,
    (
        "journal_id",
        "n",
        "party",
        "lane",
        "data_key_id",
        "contact",
        "template",
        "params",
        "state",
        "key",
        "due_at",
        "hinted_at",
        "contact_index",
        "conversation_index",
    ),
)
SETTLED_ROWS = Sheet(
    t.journal,
    (
        "state",
        "why",
        "due_at",
        "result_kind",
        "result_id",
        "waiting_for",
        "waits",
        "trace",
        "trace_sealed",
    ),
    key=("id",),
)
ADOPTED_KEYS = Sheet(t.data_keys, ("complaint_id",), key=("id",))
CHANGED_COMPLAINTS = Sheet(
    t.complaints,
    (
        "head_seq",
        "status",
        "type",
        "category",
        "region",
        "channel",
        "anonymous",
        "confidential",
        "triage",
        "merged_into",
        "next_clock_at",
        "overdue",
    ),
    key=("id",),
)
GROWN_COMPLAINTS = Sheet(t.complaints, ("head_seq",), key=("id",))
"""Complaints with more events, none of which moves anything."""
WOUND_COMPLAINTS = Sheet(t.complaints, ("next_clock_at", "overdue"), key=("id",))
CHANGED_LEGS = Sheet(
    t.legs,
    ("unit", "role", "status", "order_by", "hops", "opened_seq", "closed_seq"),
    key=("complaint_id", "agency", "assignment_no"),
)
CHANGED_CURSORS = Sheet(
    t.cursors,
    ("target_seq", "due_at", "hinted_at", "assignment_no"),
    key=("complaint_id", "party", "recipient"),
)
WOKEN_ROWS = Sheet(t.journal, ("state", "due_at", "hinted_at"), key=("id",))
LEASED_CURSORS = Sheet(
    t.cursors,
    ("lease_until", "lease_epoch", "lease_owner", "sending_dead_letter_id"),
    key=("complaint_id", "party", "recipient"),
)
LEASED_ANSWERS = Sheet(
    t.answers,
    ("lease_until", "lease_epoch", "lease_owner"),
    key=("journal_id", "n"),
)
BEGUN_CURSORS = Sheet(
    t.cursors,
    (
        "sending_open",
        "sending_from_seq",
        "sending_to_seq",
        "sending_key",
        "sending_mapping",
    ),
    key=("complaint_id", "party", "recipient"),
)
BEGUN_LATE = Sheet(
    t.cursors, ("sending_open",), key=("complaint_id", "party", "recipient")
)
BEGUN_ANSWERS = Sheet(t.answers, ("sending_open",), key=("journal_id", "n"))
NEW_ATTEMPTS = Sheet(
    t.attempts,
    (
        "id",
        "subject_id",
        "party",
        "recipient",
        "epoch",
        "step",
        "key",
        "first_seq",
        "last_seq",
        "mapping_version",
        "started_at",
        "data_key_id",
        "request",
    ),
)
SETTLED_CURSORS = Sheet(
    t.cursors,
    (
        "state",
        "delivered_seq",
        "narrow_to_seq",
        "due_at",
        "hinted_at",
        "sending_from_seq",
        "sending_to_seq",
        "sending_step",
        "sending_key",
        "sending_mapping",
        "sending_open",
        "sending_dead_letter_id",
        "progress",
        "lookups",
        "resends",
        "failures",
        "failing_since",
        "party_stopped_s",
        "last_status_sent",
        "reference",
        "reference_index",
        "lease_until",
        "lease_owner",
    ),
    key=("complaint_id", "party", "recipient"),
)
SETTLED_ANSWERS = Sheet(
    t.answers,
    (
        "state",
        "due_at",
        "hinted_at",
        "sending_open",
        "resends",
        "failures",
        "failing_since",
        "lease_until",
        "lease_owner",
    ),
    key=("journal_id", "n"),
)
ENDED_ATTEMPTS = Sheet(
    t.attempts,
    ("ended_at", "outcome", "why", "fingerprint", "evidence_only", "response"),
    key=("id",),
)
CHANGED_PARTIES = Sheet(
    t.parties,
    (
        "state",
        "why",
        "stopped_s",
        "stopped_since",
        "breaker",
        "failures",
        "open_count",
        "open_until",
        "probe_until",
        "throttled_until",
        "tokens",
        "tokens_at",
        "ramp_until",
        "same_refusals",
        "last_fingerprint",
        "last_success_at",
    ),
    key=("party",),
)
NUMBERED_ROWS = Sheet(t.journal, ("position",), key=("id",))
NUMBERED_EVENTS = Sheet(t.log, ("position",), key=("complaint_id", "seq"))
NUMBERED_AUDIT = Sheet(t.audit, ("position",), key=("id",))

ORDER = (
    SETTLED_ROWS,
    WOKEN_ROWS,
    NEW_ROWS,
    NEW_RAWS,
    NEW_SOURCE_KEYS,
    NEW_CODES,
    NEW_KEYS,
    ADOPTED_KEYS,
    NEW_BLOBS,
    NEW_CHUNKS,
    NEW_COMPLAINTS,
    CHANGED_COMPLAINTS,
    GROWN_COMPLAINTS,
    WOUND_COMPLAINTS,
    NEW_EVENTS,
    NEW_LEGS,
    CHANGED_LEGS,
    NEW_CURSORS,
    REFERENCED_CURSORS,
    CHANGED_CURSORS,
    LEASED_CURSORS,
    LEASED_ANSWERS,
    BEGUN_CURSORS,
    BEGUN_LATE,
    BEGUN_ANSWERS,
    SETTLED_CURSORS,
    SETTLED_ANSWERS,
    NEW_ATTEMPTS,
    ENDED_ATTEMPTS,
    NEW_REPORTERS,
    NEW_CONTACTS,
    NEW_ATTACHMENTS,
    NEW_ANSWERS,
    NUMBERED_ROWS,
    NUMBERED_EVENTS,
    NUMBERED_AUDIT,
    CHANGED_PARTIES,
)
"""Sheets in the order in which they are written: the lock order of the hub.

New rows come before changes: what a batch began it may change further.
"""


class Batch:
    """Collects rows; a writer takes them at the end."""

    def __init__(self) -> None:
        self._rows: dict[Sheet, list[Row]] = {}

    def add(self, sheet: Sheet, row: Row) -> None:
        """Collect one row; it must have a value for every column of the sheet."""
        self._rows.setdefault(sheet, []).append(row)

    def take(self) -> Iterator[tuple[Sheet, list[Row]]]:
        """Give every sheet that has rows, in writing order; the batch is empty then."""
        rows, self._rows = self._rows, {}
        for sheet in ORDER:
            found = rows.get(sheet)
            if found:
                yield sheet, found
