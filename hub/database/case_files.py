"""Everything that one delivery is built from, read in one transaction."""

from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.projection import event_of
from hub.database.vault import Vault
from hub.domain.identity import contact_form
from hub.domain.lifecycle import CaseState, fold
from hub.ports import CaseFile, Lease
from schemas.parties import PartyKind


def read_case_file(tx: Tx, vault: Vault, lease: Lease) -> CaseFile:
    """Read the complaint behind a leased cursor."""
    complaint_id = lease.cursor.complaint_id
    row = tx.conn.execute(
        sa.select(t.complaints).where(t.complaints.c.id == complaint_id)
    ).one()
    rows = tx.conn.execute(
        sa.select(t.log)
        .where(t.log.c.complaint_id == complaint_id)
        .order_by(t.log.c.seq)
    ).all()
    keys = vault.keys(tx.conn, {r.data_key_id for r in rows})
    events = [event_of(r, keys) for r in rows]
    reporter = _reporter(tx, vault, complaint_id)
    return CaseFile(
        events=events,
        state=fold([(e.seq, e) for e in events]),
        facts=_facts(row),
        reporter=reporter,
        wants=_wants(tx, lease.cursor.party),
        agency_titles=_titles(tx),
        contact_silent=lease.kind is PartyKind.REPORTER
        and _silent(tx, vault, lease.cursor.party, reporter),
    )


def _facts(row: Any) -> dict[str, Any]:
    return {
        "code": row.code,
        "public_number": row.public_number,
        "status": row.status,
        "type": row.type,
        "category": row.category,
        "region": row.region,
        "channel": row.channel,
        "anonymous": row.anonymous,
        "confidential": row.confidential,
        "received_at": row.received_at.isoformat(),
        "erased": row.erased_at is not None,
    }


def _reporter(tx: Tx, vault: Vault, complaint_id: str) -> dict[str, Any]:
    row = tx.conn.execute(
        sa.select(t.reporters).where(t.reporters.c.complaint_id == complaint_id)
    ).first()
    if row is None or row.sealed is None:
        return {}
    key = vault.keys(tx.conn, [row.data_key_id]).get(row.data_key_id)
    if key is None:
        return {}
    found: dict[str, Any] = key.open_json(f"reporters|sealed|{row.id}", row.sealed)
    return found


def _wants(tx: Tx, party: str) -> list[str] | None:
    found = tx.conn.execute(
        sa.select(t.parties.c.wants).where(t.parties.c.party == party)
    ).scalar_one_or_none()
    return None if found is None else list(found)


def _titles(tx: Tx) -> dict[str, str]:
    rows = tx.conn.execute(
        sa.select(t.parties.c.party, t.parties.c.title).where(
            t.parties.c.kind == "agency"
        )
    )
    return {row.party: row.title for row in rows}


CONTACT_OF_PARTY = {
    "reporter:email": ("email", "email"),
    "reporter:sms": ("phone", "phone"),
}
"""Party -> (kind of contact, field of the reporter)."""


def _silent(tx: Tx, vault: Vault, party: str, reporter: dict[str, Any]) -> bool:
    kind, name = CONTACT_OF_PARTY.get(party, ("", ""))
    value = str(reporter.get(name, "")).strip()
    if not value:
        return True
    return contact_is_silent(tx, vault, kind, value)


def contact_is_silent(tx: Tx, vault: Vault, kind: str, value: str) -> bool:
    """Tell whether a contact opted out or cannot be reached."""
    value = contact_form(kind, value)
    c = t.contact_state.c
    return (
        tx.conn.execute(
            sa.select(c.kind).where(
                c.kind == kind,
                c.hmac == vault.blind(kind, value),
                sa.or_(c.opted_out.is_(True), c.unreachable.is_(True)),
            )
        ).first()
        is not None
    )


def read_answer_file(tx: Tx, vault: Vault, lease: Lease) -> CaseFile:
    """Read what an answer says, and to whom."""
    journal_id, n = lease.cursor.complaint_id, lease.answer_no
    row = tx.conn.execute(
        sa.select(t.answers).where(
            t.answers.c.journal_id == journal_id, t.answers.c.n == n
        )
    ).one()
    key = vault.keys(tx.conn, [row.data_key_id]).get(row.data_key_id)
    contact: dict[str, Any] = {}
    params: dict[str, str] = {}
    if key is not None:
        place = f"{journal_id}.{n}"
        contact = key.open_json(f"answers|contact|{place}", row.contact)
        params = key.open_json(f"answers|params|{place}", row.params)
    return CaseFile(
        events=(),
        state=CaseState(),
        facts={},
        reporter=contact,
        answer=(row.template, params),
        contact_silent=key is None,
    )
