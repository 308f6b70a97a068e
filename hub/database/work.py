"""Claimed journal rows: everything that one intake or update transaction writes."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from connectors.contract import File
from hub.database import tables as t
from hub.database.case import Case
from hub.database.engine import Tx
from hub.database.log import Appender
from hub.database.persons import contact_of, contacts_of, write_files
from hub.database.rows import read_rows, seal_raw
from hub.database.vault import DataKey, Vault
from hub.domain.identity import contact_form
from hub.ports import JournalRow, KnownCase, NewAnswer, NewCase, Settled
from schemas.base import split
from schemas.complaint import NewComplaint
from schemas.events import LogEvent, NewEvent

SAME_WORDS_WITHIN = timedelta(hours=24)


class ClaimedWork:
    """One transaction over locked journal rows. Implements `hub.ports.Work`."""

    def __init__(self, tx: Tx, vault: Vault, *, hinting: bool) -> None:
        self._tx = tx
        self._vault = vault
        self._hinting = hinting
        self._log = Appender(tx, vault, hinting=hinting)
        self._due: list[tuple[str, str]] = []
        self.rows: Sequence[JournalRow] = ()

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return self._tx.now

    def claim(self, ids: Sequence[str], contacts: Sequence[tuple[str, str]]) -> None:
        """Lock the rows, then the persons: two messages of one wait for each other."""
        self.rows = read_rows(self._tx, self._vault, ids, lock=True)
        if not self._tx.is_postgresql:
            return  # one writer at a time
        numbers = sorted(
            {
                int.from_bytes(self._vault.blind(kind, value)[:8], "big", signed=True)
                for kind, value in contacts
                if value
            }
        )
        for number in numbers:
            self._tx.conn.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    # finding

    def case_by_code(self, code: str, contact: tuple[str, str]) -> KnownCase | None:
        """Find a complaint by tracking code and compare (kind, contact)."""
        found = self._tx.conn.execute(
            sa.select(t.complaints.c.id).where(t.complaints.c.code == code)
        ).scalar_one_or_none()
        return self._known(found, contact) if found else None

    def code_is_waiting(self, code: str) -> bool:
        """Tell whether the code's own message is accepted but not yet worked."""
        c = t.journal.c
        return (
            self._tx.conn.execute(
                sa.select(c.id).where(c.code == code, c.state.in_(("new", "waiting")))
            ).first()
            is not None
        )

    def case_by_key(
        self, keys: Sequence[str], contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by the delivery keys in our own Message-IDs."""
        c = t.attempts.c
        for key in keys:
            found = self._tx.conn.execute(
                sa.select(c.subject_id)
                .join(t.complaints, t.complaints.c.id == c.subject_id)
                .where(c.key == key)
                .limit(1)
            ).scalar_one_or_none()
            if found:
                return self._known(found, contact)
        return None

    def case_by_reference(self, agency: str, reference: str) -> tuple[str, int] | None:
        """Find (complaint_id, assignment_no) by the agency's reference."""
        index = self._vault.blind(f"reference:{agency}", reference)
        c, old = t.cursors.c, t.agency_references.c
        row = (
            self._tx.conn.execute(
                sa.select(c.complaint_id, c.assignment_no).where(
                    c.party == agency, c.reference_index == index
                )
            ).first()
            or self._tx.conn.execute(
                sa.select(old.complaint_id, old.assignment_no).where(
                    old.agency == agency, old.reference_index == index
                )
            ).first()
        )
        return (row.complaint_id, row.assignment_no) if row else None

    def same_words(self, complaint: NewComplaint) -> KnownCase | None:
        """Find a recent complaint of the same contact with the same words."""
        contact = contact_of(complaint.reporter)
        if contact is None:
            return None
        c = t.contacts.c
        found = self._tx.conn.execute(
            sa.select(c.complaint_id)
            .where(
                c.kind == contact[0],
                c.hmac == self._vault.blind(*contact),
                c.words_hash == self._words_hash(complaint),
                c.received_at > self._tx.now - SAME_WORDS_WITHIN,
            )
            .order_by(c.received_at)
            .limit(1)
        ).scalar_one_or_none()
        return self._known(found, contact) if found else None

    def _words_hash(self, complaint: NewComplaint) -> bytes:
        words = unicodedata.normalize("NFKC", f"{complaint.title} {complaint.body}")
        return self._vault.blind("words", " ".join(words.casefold().split()))

    def _known(self, complaint_id: str, contact: tuple[str, str]) -> KnownCase:
        case = self._log.open(complaint_id)
        if case is None:
            msg = f"complaint {complaint_id} vanished"
            raise LookupError(msg)
        kind, value = contact[0], contact_form(*contact)
        c = t.contacts.c
        matches = kind == "code" or (
            bool(value)
            and self._tx.conn.execute(
                sa.select(c.reporter_id).where(
                    c.kind == kind,
                    c.hmac == self._vault.blind(kind, value),
                    c.complaint_id == complaint_id,
                )
            ).first()
            is not None
        )
        return KnownCase(
            complaint_id=complaint_id,
            code=case.code,
            state=case.state,
            erased=case.key is None,
            reporter_id=case.reporter_id,
            channel=case.channel,
            contact_matches=matches,
        )

    # writing

    def create(self, new: NewCase) -> None:
        """Write a new complaint with its events, legs and cursors."""
        row = new.row
        key = self._row_key(row)
        case = self._log.create(
            Case(
                complaint_id=row.complaint_id,
                code=row.code,
                public_number=row.public_number,
                key=key,
                data_key_id=key.id,
                reporter_id=new.reporter_id,
            )
        )
        received, rest = new.events[:1], new.events[1:]
        written = self._log.append(case, received)
        if new.party:
            self._log.add_cursor(case, new.party, new.reporter_id)
        self._log.append(case, rest)
        self.adopt(row, row.complaint_id)
        self._write_reporter(new, key)
        write_files(self._tx, case, written[0], new.files)

    def append(
        self,
        complaint_id: str,
        events: Sequence[NewEvent],
        files: Sequence[File] = (),
        adopt: JournalRow | None = None,
    ) -> list[LogEvent]:
        """Append to an existing complaint; repeated ones are left out."""
        case = self._log.open(complaint_id)
        if case is None:
            msg = f"complaint {complaint_id} is not there"
            raise LookupError(msg)
        if case.key is None:
            events = [event.model_copy(update={"sealed": {}}) for event in events]
            files = ()
        written = self._log.append(case, events)
        if adopt is not None:
            self.adopt(adopt, complaint_id)
        if written and files:
            write_files(self._tx, case, written[0], files)
        return written

    def illegal_seqs(self, complaint_id: str) -> frozenset[int]:
        """Name the events that are not legal where they stand."""
        case = self._log.open(complaint_id)
        return frozenset(case.state.illegal) if case else frozenset()

    def _row_key(self, row: JournalRow) -> DataKey:
        found = self._tx.conn.execute(
            sa.select(t.journal.c.data_key_id).where(t.journal.c.id == row.id)
        ).scalar_one()
        return self._vault.key(self._tx.conn, found)

    def adopt(self, row: JournalRow, complaint_id: str) -> None:
        """The complaint owns the row's key from now on: erasure reaches the raw.

        A complaint that was erased already takes the key with it at once.
        """
        key_id = sa.select(t.journal.c.data_key_id).where(t.journal.c.id == row.id)
        erased = self._tx.conn.execute(
            sa.select(t.complaints.c.erased_at).where(t.complaints.c.id == complaint_id)
        ).scalar_one_or_none()
        values: dict[str, Any] = {"complaint_id": complaint_id}
        if erased is not None:
            values |= {"wrapped": None, "destroyed_at": self._tx.now}
        self._tx.conn.execute(
            sa.update(t.data_keys)
            .where(t.data_keys.c.id == key_id.scalar_subquery())
            .values(**values)
        )

    def _write_reporter(self, new: NewCase, key: DataKey) -> None:
        reporter = new.complaint.reporter
        facts, sealed = split(reporter)
        level = "anonymous" if new.complaint.anonymous else "claimed"
        self._tx.conn.execute(
            sa.insert(t.reporters).values(
                id=new.reporter_id,
                complaint_id=new.row.complaint_id,
                level=level,
                data_key_id=key.id,
                sealed=key.seal_json(
                    f"reporters|sealed|{new.reporter_id}", {**facts, **sealed}
                ),
            )
        )
        words = self._words_hash(new.complaint)
        rows = [
            {
                "kind": kind,
                "hmac": self._vault.blind(kind, value),
                "complaint_id": new.row.complaint_id,
                "reporter_id": new.reporter_id,
                "words_hash": words,
                "received_at": self._tx.now,
            }
            for kind, value in contacts_of(reporter)
        ]
        if rows:
            self._tx.conn.execute(sa.insert(t.contacts), rows)

    def answer(self, row: JournalRow, answer: NewAnswer) -> None:
        """Store an answer, due at once."""
        key = self._row_key(row)
        party = self._log.parties.get(answer.party)
        if party is None:
            return
        n = 1
        place = f"{row.id}.{n}"
        delivery_key = self._vault.blind("answer", place).hex()[:40]
        self._tx.conn.execute(
            sa.insert(t.answers).values(
                journal_id=row.id,
                n=n,
                party=answer.party,
                lane=party.lane,
                data_key_id=key.id,
                contact=key.seal_json(f"answers|contact|{place}", dict(answer.contact)),
                template=answer.template,
                params=key.seal_json(f"answers|params|{place}", dict(answer.params)),
                state="active",
                key=delivery_key,
                due_at=self._tx.now,
                hinted_at=self._tx.now if self._hinting else None,
            )
        )
        self._due.append((party.lane, row.id))

    def opt_out(self, kind: str, contact: str, *, opted_out: bool) -> None:
        """Remember that a contact wants no messages, or wants them again."""
        c = t.contact_state.c
        contact = contact_form(kind, contact)
        where = (c.kind == kind, c.hmac == self._vault.blind(kind, contact))
        changed = self._tx.conn.execute(
            sa.update(t.contact_state).where(*where).values(opted_out=opted_out)
        )
        if changed.rowcount == 0:
            self._tx.conn.execute(
                sa.insert(t.contact_state).values(
                    kind=kind,
                    hmac=self._vault.blind(kind, contact),
                    opted_out=opted_out,
                )
            )

    def blind(self, kind: str, value: str) -> bytes:
        """Index a value without storing it."""
        return self._vault.blind(kind, value)

    def settle(self, row: JournalRow, settled: Settled) -> None:
        """Write what became of the row.

        What repeats a complaint goes with it when it is erased.
        """
        if settled.state == "duplicate" and settled.result_kind == "link":
            self.adopt(row, settled.result_id)
        due = None
        if settled.due_in_seconds is not None:
            due = self._tx.now + timedelta(seconds=settled.due_in_seconds)
        waiting = settled.state == "waiting"
        self._tx.conn.execute(
            sa.update(t.journal)
            .where(t.journal.c.id == row.id)
            .values(
                state=settled.state,
                why=settled.why[:300],
                due_at=due,
                result_kind=settled.result_kind or None,
                result_id=settled.result_id or None,
                waiting_for=settled.waiting_for,
                waits=row.waits + 1 if waiting else row.waits,
            )
        )

    def split(self, row: JournalRow, bodies: Sequence[bytes]) -> list[JournalRow]:
        """Make a child row of each record; each has its own key and its own raw."""
        children = [self._child(row, n, body) for n, body in enumerate(bodies, start=1)]
        self._tx.conn.execute(
            sa.update(t.journal)
            .where(t.journal.c.id == row.id)
            .values(state="split", due_at=None, items=len(children))
        )
        self._due += [(row.lane, child.id) for child in children]
        return children

    def _child(self, row: JournalRow, n: int, body: bytes) -> JournalRow:
        parent = row.entry.raw
        raw = parent.model_copy(
            update={"body": body, "source_key": f"{parent.source_key}#{n}"}
        )
        key, key_row = self._vault.new_key()
        child = replace(
            row,
            id=str(uuid7()),
            parent_id=row.id,
            item_no=n,
            waits=0,
            crashes=0,
            raw=raw,
        )
        self._tx.conn.execute(sa.insert(t.data_keys).values(**key_row))
        raw_row = seal_raw(self._tx, key, child.id, raw)
        self._tx.conn.execute(
            sa.insert(t.journal).values(
                id=child.id,
                lane=row.lane,
                source=row.source,
                received_at=row.received_at,
                state="new",
                due_at=self._tx.now,
                hinted_at=self._tx.now if self._hinting else None,
                parent_id=row.id,
                item_no=n,
                data_key_id=key.id,
                content_hash=self._vault.content_hash(body),
                raw_sha256=sha256(raw_row["sealed"]).digest(),
            )
        )
        self._tx.conn.execute(sa.insert(t.journal_raw).values(**raw_row))
        return child

    def flush(self) -> list[tuple[str, str]]:
        """Write the log; returns the (lane, id) pairs that became due."""
        return self._due + self._log.flush()
