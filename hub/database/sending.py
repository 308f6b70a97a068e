"""Committing that calls are about to be made, many in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.batch import (
    BEGUN_ANSWERS,
    BEGUN_CURSORS,
    BEGUN_LATE,
    NEW_ATTEMPTS,
    Batch,
)
from hub.database.hot.looking import Look, look
from hub.database.hot.writing import write
from hub.database.settling_rows import Place, place_of
from hub.database.vault import DataKey
from hub.domain.delivery import PlanKind
from hub.ports import Sending

_LEASE = ("lease_epoch", "lease_until")
HELD_CURSORS = Look(
    t.cursors,
    ("complaint_id", "party", "recipient", *_LEASE),
    ("complaint_id", "party", "recipient"),
    lock=True,
)
HELD_ANSWERS = Look(
    t.answers, ("journal_id", "n", *_LEASE), ("journal_id", "n"), lock=True
)
Covering = tuple[str, DataKey | None]
"""The id of the data key that covers what is sent, and the key while it exists."""


def attempt_row(sending: Sending) -> dict[str, Any]:
    """Make the row of an attempt, all but its time; nothing is read for it."""
    attempt, lease, plan = str(uuid7()), sending.lease, sending.plan
    key_id, key = sending.case.key
    sealed = None
    if key is not None:
        request = sending.delivery.model_dump_json(exclude={"files", "progress"})
        sealed = key.seal(f"attempts|request|{attempt}", request.encode())
    return {
        "id": attempt,
        "subject_id": lease.cursor.complaint_id,
        "party": lease.cursor.party,
        "recipient": lease.cursor.recipient,
        "epoch": lease.epoch,
        "step": plan.kind,
        "key": sending.delivery.key,
        "first_seq": plan.from_seq,
        "last_seq": plan.to_seq,
        "mapping_version": sending.mapping,
        "data_key_id": key_id,
        "request": sealed,
    }


def begin_all(
    tx: Tx, group: Sequence[Sending], attempts: Sequence[dict[str, Any]]
) -> list[str | None]:
    """Write "sending" and the attempts; None for each whose lease is lost or short."""
    held, batch = _held(tx, group), Batch()
    begun: list[str | None] = []
    for sending, row in zip(group, attempts, strict=True):
        epoch, until = held.get(place_of(sending.lease), (0, None))
        needed = tx.now + timedelta(seconds=sending.needed_seconds)
        if epoch != sending.lease.epoch or until is None or until <= needed:
            begun.append(None)
            continue
        _collect(batch, sending)
        batch.add(NEW_ATTEMPTS, row | {"started_at": tx.now})
        begun.append(row["id"])
    write(tx, batch)
    return begun


def _held(tx: Tx, group: Sequence[Sending]) -> dict[Place, tuple[int, datetime | None]]:
    leases = [sending.lease for sending in group]
    cursors, answers = look(
        tx,
        (HELD_CURSORS, [place_of(one) for one in leases if one.answer_no is None]),
        (HELD_ANSWERS, [place_of(one) for one in leases if one.answer_no is not None]),
    )
    found: dict[Place, tuple[int, datetime | None]] = {
        (r.complaint_id, r.party, r.recipient): (r.lease_epoch, r.lease_until)
        for r in cursors
    }
    return found | {
        (r.journal_id, r.n): (r.lease_epoch, r.lease_until) for r in answers
    }


def _collect(batch: Batch, sending: Sending) -> None:
    lease, plan = sending.lease, sending.plan
    cursor = lease.cursor
    if lease.answer_no is not None:
        place = {"journal_id": cursor.complaint_id, "n": lease.answer_no}
        batch.add(BEGUN_ANSWERS, place | {"sending_open": True})
        return
    values = {
        "complaint_id": cursor.complaint_id,
        "party": cursor.party,
        "recipient": cursor.recipient,
        "sending_open": True,
    }
    if plan.kind is PlanKind.DEAD_LETTER:
        batch.add(BEGUN_LATE, values)
        return
    values |= {
        "sending_from_seq": plan.from_seq,
        "sending_to_seq": plan.to_seq,
        "sending_key": sending.delivery.key,
        "sending_mapping": sending.mapping,
    }
    batch.add(BEGUN_CURSORS, values)
