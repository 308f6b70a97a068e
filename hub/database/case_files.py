"""Everything that deliveries are built from, read together and opened afterwards."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.database import tables as t
from hub.database.directory import Directory, PartyRow
from hub.database.engine import Tx
from hub.database.hot.looking import Look, look
from hub.database.projection import event_of
from hub.database.settling_rows import KEYS
from hub.database.vault import DataKey, Vault
from hub.domain.identity import contact_form
from hub.domain.lifecycle import CaseState, fold
from hub.ports import CaseFile, Lease
from schemas.parties import PartyKind

COMPLAINTS = Look(
    t.complaints,
    (
        "id",
        "code",
        "public_number",
        "status",
        "type",
        "category",
        "region",
        "channel",
        "anonymous",
        "confidential",
        "received_at",
        "erased_at",
        "data_key_id",
    ),
    ("id",),
)
EVENTS = Look(t.log, tuple(c.name for c in t.log.columns), ("complaint_id",), ("seq",))
REPORTERS = Look(
    t.reporters, ("complaint_id", "id", "data_key_id", "sealed"), ("complaint_id",)
)
ANSWERS = Look(
    t.answers,
    ("journal_id", "n", "template", "contact", "params", "data_key_id"),
    ("journal_id", "n"),
)
MESSAGES = Look(t.journal, ("id", "data_key_id"), ("id",))
SILENT = Look(
    t.contact_state,
    ("kind", "hmac", "opted_out", "unreachable"),
    ("kind", "hmac"),
    only="(opted_out OR unreachable)",
)
CASES = (COMPLAINTS, EVENTS, REPORTERS, ANSWERS, MESSAGES, SILENT)
"""What case files are read by."""

OPTED_OUT = "the contact opted out"
UNREACHABLE = "the contact is unreachable"
CONTACT_OF_PARTY = {
    "reporter:email": ("email", "email"),
    "reporter:sms": ("phone", "phone"),
}
"""Party -> (kind of contact, field of the reporter)."""


def read_case_files(
    tx: Tx, vault: Vault, directory: Directory, leases: Sequence[Lease]
) -> "CaseRows":
    """Read what is behind leased cursors and answers."""
    cases = {x.cursor.complaint_id for x in leases if x.answer_no is None}
    answers = {
        (x.cursor.complaint_id, x.answer_no) for x in leases if x.answer_no is not None
    }
    complaints, events, reporters, answered, messages = look(
        tx,
        (COMPLAINTS, cases),
        (EVENTS, cases),
        (REPORTERS, cases),
        (ANSWERS, answers),
        (MESSAGES, {journal_id for journal_id, _ in answers}),
    )
    sealed = (*complaints, *events, *reporters, *answered, *messages)
    (wrapped,) = look(tx, (KEYS, {row.data_key_id for row in sealed}))
    rows = CaseRows(
        complaints={row.id: row for row in complaints},
        events=_by_complaint(events),
        reporters=_by_complaint(reporters),
        answers={(row.journal_id, row.n): row for row in answered},
        messages={row.id: row.data_key_id for row in messages},
        keys={row.id: vault.unwrapped(row.id, row.wrapped) for row in wrapped},
        parties=directory.read(tx),
        read_at=tx.now,
    )
    contacts = {x for lease in leases if (x := rows.contact(vault, lease))}
    (silent,) = look(tx, (SILENT, contacts))
    rows.silent = {
        (row.kind, bytes(row.hmac)): OPTED_OUT if row.opted_out else UNREACHABLE
        for row in silent
    }
    return rows


def _by_complaint(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.complaint_id].append(row)
    return found


@dataclass
class CaseRows:
    """Rows of many complaints and answers, still sealed."""

    complaints: dict[str, Any]
    events: dict[str, list[Any]]
    reporters: dict[str, list[Any]]
    answers: dict[tuple[str, int], Any]
    messages: dict[str, str]
    keys: dict[str, DataKey]
    parties: dict[str, PartyRow]
    read_at: datetime
    silent: dict[tuple[str, bytes], str] = field(default_factory=dict)
    """Contact -> why it is told nothing."""

    def open(self, vault: Vault, leases: Sequence[Lease]) -> list[CaseFile]:
        """Open and fold what belongs to each lease."""
        titles = {
            p.party: p.title
            for p in self.parties.values()
            if p.kind in {PartyKind.AGENCY, PartyKind.UPSTREAM}
        }
        return [self._open(vault, lease, titles) for lease in leases]

    def _open(self, vault: Vault, lease: Lease, titles: dict[str, str]) -> CaseFile:
        if lease.answer_no is not None:
            return self._open_answer(lease.cursor.complaint_id, lease.answer_no)
        complaint_id, party = lease.cursor.complaint_id, lease.cursor.party
        row = self.complaints[complaint_id]
        events = [event_of(one, self.keys) for one in self.events[complaint_id]]
        known = self.parties.get(party)
        state = fold([(e.seq, e) for e in events])
        author = str(state.facts.get("reporter_id", ""))
        who = lease.cursor.recipient or author
        told = self._person(complaint_id, who)
        person = self._opened(told)
        # What is sent to whoever follows is under their own key: it goes with theirs.
        key_id = row.data_key_id if told is None else told.data_key_id
        return CaseFile(
            events=events,
            state=state,
            facts=_facts(row),
            read_at=self.read_at,
            reporter=person,
            code=str(person.get("code", row.code)),
            follows=who != author,
            wants=None if known is None else known.wants,
            agency_titles=titles,
            contact_silent=self._silence(vault, lease),
            key=(key_id, self.keys.get(key_id)),
        )

    def _person(self, complaint_id: str, reporter_id: str) -> Any:
        return next(
            (row for row in self.reporters[complaint_id] if row.id == reporter_id), None
        )

    def _opened(self, row: Any) -> dict[str, Any]:
        """Open what is kept of a person; nothing once it was erased."""
        key = None if row is None else self.keys.get(row.data_key_id)
        if key is None or row.sealed is None:
            return {}
        found: dict[str, Any] = key.open_json(f"reporters|sealed|{row.id}", row.sealed)
        return found

    def contact(self, vault: Vault, lease: Lease) -> tuple[str, bytes] | None:
        """Name the contact of a reporter's lease by its blind index."""
        if lease.answer_no is not None or lease.kind is not PartyKind.REPORTER:
            return None
        kind, name = CONTACT_OF_PARTY.get(lease.cursor.party, ("", ""))
        cursor = lease.cursor
        reporter = self._opened(self._person(cursor.complaint_id, cursor.recipient))
        value = str(reporter.get(name, "")).strip()
        if not value:
            return None
        return (kind, vault.blind(kind, contact_form(kind, value)))

    def _silence(self, vault: Vault, lease: Lease) -> str:
        if lease.kind is not PartyKind.REPORTER:
            return ""
        found = self.contact(vault, lease)
        if found is None:
            return "there is no contact"
        return self.silent.get(found, "")

    def _open_answer(self, journal_id: str, n: int) -> CaseFile:
        row = self.answers[(journal_id, n)]
        key = self.keys.get(row.data_key_id)
        contact: dict[str, Any] = {}
        params: dict[str, str] = {}
        if key is not None:
            place = f"{journal_id}.{n}"
            contact = key.open_json(f"answers|contact|{place}", row.contact)
            params = key.open_json(f"answers|params|{place}", row.params)
        covering = self.messages[journal_id]
        return CaseFile(
            events=(),
            state=CaseState(),
            facts={},
            read_at=self.read_at,
            reporter=contact,
            answer=(row.template, params),
            contact_silent="" if key is not None else "the answer was erased",
            key=(covering, self.keys.get(covering)),
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
