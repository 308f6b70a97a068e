"""Finding what claimed rows belong to: many look-ups in one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.packing import PACKERS, pack_bytes, pack_uuids
from hub.database.hot.pipeline import Statement, run
from hub.database.hot.statements import LOCK, LOCK_PERSONS, SAME_WORDS
from hub.database.log import Appender
from hub.database.persons import Fingerprint, fingerprint
from hub.database.rows import is_due, read_rows
from hub.database.vault import Vault
from hub.domain.identity import contact_form
from hub.ports import JournalRow, KnownCase, NewCase, Origin
from schemas.complaint import NewComplaint

SAME_WORDS_WITHIN = timedelta(hours=24)
AT_ONCE = 500

_Words = tuple[str, bytes, bytes]
"""Kind and blind index of a contact, and the hash of the words."""


class Finder:
    """Answers from the database, and from what the transaction was told so far."""

    def __init__(
        self,
        tx: Tx,
        vault: Vault,
        log: Appender,
        prints: Mapping[int, Fingerprint],
    ) -> None:
        self._tx = tx
        self._vault = vault
        self._log = log
        self._prints = prints
        self._words: dict[_Words, str] = {}
        self._looked_up: set[_Words] = set()
        self._codes: dict[str, str] = {}
        self._contacts: dict[str, tuple[tuple[str, bytes], ...]] = {}
        self._references: dict[tuple[str, str], tuple[str, int] | None] = {}
        self.claimed: list[str] = []

    # claiming

    def claim(self, ids: Sequence[str], contacts: Iterable[tuple[str, str]]) -> None:
        """Lock rows, then persons, then look for the same words of those persons."""
        wanted = sorted(set(ids))
        words = sorted({w for p in self._prints.values() if (w := _first(p))})
        if not self._tx.is_postgresql:  # one writer at a time
            self.claimed = self._lock_by_core(wanted)
            self._find_words(self._words_by_core(words))
        else:
            self._claim_by_arrays(wanted, words, contacts)
        self._looked_up.update(words)

    def _claim_by_arrays(
        self,
        ids: list[str],
        words: list[_Words],
        contacts: Iterable[tuple[str, str]],
    ) -> None:
        blinds = {w[1] for w in words}
        blinds |= {self._vault.blind(kind, value) for kind, value in contacts if value}
        persons = sorted(int.from_bytes(b[:8], "big", signed=True) for b in blinds)
        # Separate statements: each sees what the holders of its locks committed.
        statements: list[Statement] = [(LOCK, (pack_uuids(ids), self._tx.now))]
        if persons:
            statements.append((LOCK_PERSONS, (PACKERS["int8"](persons),)))
        if words:
            statements.append(self._words_by_arrays(words))
        done = run(self._tx, statements)
        self.claimed = [row[0] for row in done[0].fetchall()]
        if words:
            self._find_words(
                (words[n - 1], complaint_id) for n, complaint_id in done[-1].fetchall()
            )

    def _words_by_arrays(self, words: list[_Words]) -> Statement:
        kinds, hmacs, hashes = zip(*words, strict=True)
        since = self._tx.now - SAME_WORDS_WITHIN
        arrays = (PACKERS["text"](kinds), pack_bytes(hmacs), pack_bytes(hashes))
        return SAME_WORDS, (*arrays, since)

    def _lock_by_core(self, ids: list[str]) -> list[str]:
        c = t.journal.c
        query = sa.select(c.id).where(c.id.in_(ids), *is_due(self._tx)).order_by(c.id)
        return list(self._tx.conn.execute(query).scalars())

    def _words_by_core(self, words: list[_Words]) -> Iterable[tuple[_Words, str]]:
        c = t.contacts.c
        wanted = set(words)
        hmacs = sorted({w[1] for w in words})
        for start in range(0, len(hmacs), AT_ONCE):
            rows = self._tx.conn.execute(
                sa.select(c.kind, c.hmac, c.words_hash, c.complaint_id)
                .where(
                    c.kind.in_({w[0] for w in words}),
                    c.hmac.in_(hmacs[start : start + AT_ONCE]),
                    c.received_at > self._tx.now - SAME_WORDS_WITHIN,
                )
                .order_by(c.received_at)
            )
            for row in rows:
                found = (row.kind, bytes(row.hmac), bytes(row.words_hash))
                if found in wanted:
                    yield found, row.complaint_id

    def _find_words(self, found: Iterable[tuple[_Words, str]]) -> None:
        stored: list[str] = []
        for words, complaint_id in found:
            self._words.setdefault(words, complaint_id)
            stored.append(self._words[words])
        self._log.open_many(stored)

    def rows(self) -> list[JournalRow]:
        """Read the claimed rows again."""
        return read_rows(self._tx, self._vault, self.claimed) if self.claimed else []

    # what the transaction was told

    def print_of(self, complaint: NewComplaint) -> Fingerprint:
        """Give the complaint's fingerprint, computed before the transaction or now."""
        found = self._prints.get(id(complaint))
        return found if found is not None else fingerprint(self._vault, complaint)

    def remember(self, new: NewCase, who: Fingerprint) -> None:
        """Let later rows of the batch find a complaint that is not written yet."""
        complaint_id = new.row.complaint_id
        self._codes[new.row.code] = complaint_id
        self._contacts[complaint_id] = who.contacts
        for kind, blind in who.contacts:
            self._words.setdefault((kind, blind, who.words), complaint_id)

    def remember_reference(self, origin: Origin, complaint_id: str, no: int) -> None:
        """Let later rows of the batch find a complaint that began elsewhere."""
        self._references[(origin.party, origin.reference)] = (complaint_id, no)

    # looking up

    def case_by_number(self, public_number: str) -> str:
        """Find a complaint by the number that agencies see; empty: there is none."""
        c = t.complaints.c
        query = sa.select(c.id).where(c.public_number == public_number)
        return str(self._tx.conn.execute(query).scalar_one_or_none() or "")

    def case_of_number(
        self, public_number: str, contact: tuple[str, str]
    ) -> KnownCase | None:
        """Find a complaint by its public number and compare (kind, contact)."""
        found = self.case_by_number(public_number)
        return self._compared(found, contact) if found else None

    def same_words(self, complaint: NewComplaint) -> KnownCase | None:
        """Find a recent complaint of the same contact with the same words."""
        words = _first(self.print_of(complaint))
        if words is None:
            return None
        if words not in self._looked_up:
            self._look_up(words)
        found = self._words.get(words)
        return self._known(found, matches=True) if found else None

    def _look_up(self, words: _Words) -> None:
        self._looked_up.add(words)
        if self._tx.is_postgresql:
            (done,) = run(self._tx, [self._words_by_arrays([words])])
            self._find_words((words, row[1]) for row in done.fetchall())
        else:
            self._find_words(self._words_by_core([words]))

    def case_by_code(self, code: str, contact: tuple[str, str]) -> KnownCase | None:
        """Find a complaint by tracking code and compare (kind, contact)."""
        found = self._codes.get(code)
        if found is None:
            found = self._tx.conn.execute(
                sa.select(t.complaints.c.id).where(t.complaints.c.code == code)
            ).scalar_one_or_none()
        return self._compared(found, contact) if found else None

    def code_is_waiting(self, code: str) -> bool:
        """Tell whether the code's own message is accepted but not yet worked."""
        c = t.journal.c
        return (
            self._tx.conn.execute(
                sa.select(c.id)
                .join(t.codes, t.codes.c.journal_id == c.id)
                .where(t.codes.c.code == code, c.state.in_(("new", "waiting")))
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
                return self._compared(found, contact)
        return None

    def case_by_reference(self, agency: str, reference: str) -> tuple[str, int] | None:
        """Find (complaint_id, assignment_no) by the agency's reference."""
        pair = (agency, reference)
        if pair not in self._references:
            self.foresee_references([pair])
        return self._references[pair]

    def foresee_references(self, references: Sequence[tuple[str, str]]) -> None:
        """Look (agency, reference) pairs up at once, and lock their complaints."""
        wanted = {
            (agency, self._vault.blind(f"reference:{agency}", reference)): (
                agency,
                reference,
            )
            for agency, reference in references
        }
        self._references |= dict.fromkeys(wanted.values())
        c, old = t.cursors.c, t.agency_references.c
        # The one in use wins over one that was given back.
        for query in (
            sa.select(
                old.agency.label("agency"),
                old.reference_index,
                old.complaint_id,
                old.assignment_no,
            ).where(_among(old.agency, old.reference_index, wanted)),
            sa.select(
                c.party.label("agency"),
                c.reference_index,
                c.complaint_id,
                c.assignment_no,
            ).where(_among(c.party, c.reference_index, wanted)),
        ):
            for row in self._tx.conn.execute(query):
                pair = wanted.get((row.agency, bytes(row.reference_index)))
                if pair is not None:
                    self._references[pair] = (row.complaint_id, row.assignment_no)
        found = [case[0] for case in self._references.values() if case]
        self._log.open_many(found)

    def _compared(self, complaint_id: str, contact: tuple[str, str]) -> KnownCase:
        kind, value = contact[0], contact_form(*contact)
        if kind == "code":
            return self._known(complaint_id, matches=True)
        if not value:
            return self._known(complaint_id, matches=False)
        blind = self._vault.blind(kind, value)
        if complaint_id in self._contacts:
            contacts = self._contacts[complaint_id]
            return self._known(complaint_id, matches=(kind, blind) in contacts)
        c = t.contacts.c
        found = self._tx.conn.execute(
            sa.select(c.reporter_id).where(
                c.kind == kind, c.hmac == blind, c.complaint_id == complaint_id
            )
        ).first()
        return self._known(complaint_id, matches=found is not None)

    def _known(self, complaint_id: str, *, matches: bool) -> KnownCase:
        case = self._log.open(complaint_id)
        if case is None:
            msg = f"complaint {complaint_id} vanished"
            raise LookupError(msg)
        return KnownCase(
            complaint_id=complaint_id,
            code=case.code,
            state=case.state,
            erased=case.key is None,
            reporter_id=case.reporter_id,
            channel=case.channel,
            contact_matches=matches,
        )


def _first(who: Fingerprint) -> _Words | None:
    """The first contact decides whose words they are."""
    return (*who.contacts[0], who.words) if who.contacts else None


def _among(
    agency: sa.ColumnElement[str],
    index: sa.ColumnElement[Any],
    wanted: Mapping[tuple[str, bytes], Any],
) -> sa.ColumnElement[bool]:
    return sa.and_(
        agency.in_(sorted({pair[0] for pair in wanted})),
        index.in_(sorted({pair[1] for pair in wanted})),
    )
