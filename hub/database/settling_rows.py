"""The rows that a group of outcomes is written to, locked in the order of the hub."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.database import tables as t
from hub.database.case import Case, CursorRow
from hub.database.case_reading import case_of, cursor_of_case
from hub.database.engine import Tx
from hub.database.hot.looking import Look, look
from hub.database.projection import event_of
from hub.database.vault import DataKey, Vault
from hub.ports import CaseFile, Ended, Lease
from schemas.events import LogEvent

_WAITING = "state IN ('waiting', 'quarantined')"
_OPEN = "state IN ('open', 'requested')"


def _all(table: Any, *left_out: str) -> tuple[str, ...]:
    return tuple(c.name for c in table.columns if c.name not in left_out)


ORPHANS = Look(
    t.journal,
    ("id", "lane", "waiting_for"),
    ("waiting_for",),
    ("id",),
    only=_WAITING,
    lock=True,
)
COMPLAINTS = Look(
    t.complaints,
    ("id", "code", "public_number", "data_key_id", "channel", "head_seq"),
    ("id",),
    lock=True,
)
CURSORS = Look(
    t.cursors, _all(t.cursors), ("complaint_id",), ("party", "recipient"), lock=True
)
ANSWERS = Look(t.answers, _all(t.answers), ("journal_id", "n"), lock=True)
EVENTS = Look(t.log, _all(t.log, "sealed"), ("complaint_id",), ("seq",))
STATUSES = Look(t.log, ("complaint_id", "seq", "status_after"), ("complaint_id", "seq"))
ATTEMPTS = Look(t.attempts, ("id", "data_key_id"), ("id",))
LETTERS = Look(
    t.dead_letters,
    ("complaint_id", "party", "recipient", "state", "is_submit"),
    ("complaint_id",),
    only=_OPEN,
)
STOPPED = Look(t.parties, ("party", "stopped_s", "stopped_since"), ("party",))
KEYS = Look(t.data_keys, ("id", "wrapped"), ("id",), only="wrapped IS NOT NULL")
SETTLING = (
    ORPHANS,
    COMPLAINTS,
    CURSORS,
    ANSWERS,
    STATUSES,
    ATTEMPTS,
    LETTERS,
    STOPPED,
)
"""What settling reads first, in this order: that of the hub's locks."""

Place = tuple[str, str, str] | tuple[str, int]


@dataclass
class Held:
    """A locked row of a cursor or an answer, and what it becomes."""

    row: Any
    cursor: CursorRow | None = None
    """The same cursor in a complaint that is appended to."""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def target_seq(self) -> int:
        """The target, with what this transaction appended."""
        found = self.row if self.cursor is None else self.cursor
        return int(found.target_seq)

    def set(self, values: dict[str, Any]) -> None:
        """Say what the row becomes."""
        self.values |= values
        if self.cursor is not None:
            self.cursor.delivered_seq = self["delivered_seq"]
            self.cursor.state = self["state"]
            self.cursor.due_at, self.cursor.hinted_at = (
                self["due_at"],
                self["hinted_at"],
            )
            self.cursor.sending_to_seq = self["sending_to_seq"]

    def written(self, names: Iterable[str]) -> dict[str, Any]:
        """Give the row as it is written: its time may have been set once more."""
        if self.cursor is not None:
            self.values |= {
                "due_at": self.cursor.due_at,
                "hinted_at": self.cursor.hinted_at,
            }
        return {name: self[name] for name in names}

    def __getitem__(self, name: str) -> Any:
        return self.values[name] if name in self.values else getattr(self.row, name)


@dataclass
class SettlingRows:
    """Everything that a group of outcomes needs of the database, read at once."""

    held: dict[Place, Held]
    cases: dict[str, Case]
    keys: dict[str, DataKey]
    statuses: dict[tuple[str, int], str]
    stopped: dict[str, Any]
    orphans: list[Any]
    _attempts: dict[str, str]
    _letters: dict[str, list[Any]]

    @classmethod
    def lock(cls, tx: Tx, vault: Vault, ended: Sequence[Ended]) -> "SettlingRows":
        """Lock and read what the outcomes are about; nobody else writes it then."""
        found = look(tx, *_asks(vault, ended))
        by = dict(zip(SETTLING, found, strict=False))
        attempts = {row.id: row.data_key_id for row in by[ATTEMPTS]}
        wanted = {row.data_key_id for row in by[COMPLAINTS]} | set(attempts.values())
        known = _known(ended, by[COMPLAINTS])
        grown = {row.id for row in by[COMPLAINTS] if row.id not in known}
        wrapped, events = look(tx, (KEYS, wanted), (EVENTS, grown))
        keys = {row.id: vault.unwrapped(row.id, row.wrapped) for row in wrapped}
        cases = _cases(by[COMPLAINTS], known, events, keys)
        for row in by[CURSORS]:
            if row.complaint_id in cases:
                place = (row.party, row.recipient)
                cases[row.complaint_id].cursors[place] = cursor_of_case(row)
        letters: dict[str, list[Any]] = {}
        for row in by[LETTERS]:
            letters.setdefault(row.complaint_id, []).append(row)
        return cls(
            held=_held(ended, by[CURSORS], by[ANSWERS], cases),
            cases=cases,
            keys=keys,
            statuses={(r.complaint_id, r.seq): r.status_after for r in by[STATUSES]},
            stopped={row.party: row for row in by[STOPPED]},
            orphans=by[ORPHANS],
            _attempts=attempts,
            _letters=letters,
        )

    def of(self, lease: Lease) -> Held | None:
        """Find a lease's row; None when it is gone or a later holder has it."""
        found = self.held.get(place_of(lease))
        return found if found and found.row.lease_epoch == lease.epoch else None

    def key_of(self, attempt: str) -> DataKey | None:
        """Find the key of an attempt; None when it was destroyed."""
        return self.keys.get(self._attempts[attempt])

    def may_be_requested(self, row: Any) -> bool:
        """Tell whether a letter of a later event may be asked for again."""
        return any(
            letter.state == "requested"
            and not letter.is_submit
            and (letter.party, letter.recipient) == (row.party, row.recipient)
            for letter in self._letters.get(row.complaint_id, ())
        )

    def has_hand_over_letter(self, row: Any) -> bool:
        """Tell whether a letter of the hand-over waits."""
        letters = self._letters.get(row.complaint_id, ())
        return any(one.is_submit and one.party == row.party for one in letters)


def place_of(lease: Lease) -> Place:
    """Name the row of a lease."""
    cursor = lease.cursor
    if lease.answer_no is not None:
        return (cursor.complaint_id, lease.answer_no)
    return (cursor.complaint_id, cursor.party, cursor.recipient)


def reference_index(vault: Vault, lease: Lease, reference: str) -> bytes:
    """Index an agency's reference."""
    return vault.blind(f"reference:{lease.cursor.party}", reference)


def _asks(vault: Vault, ended: Sequence[Ended]) -> list[tuple[Look, Any]]:
    cursors = [one for one in ended if one.lease.answer_no is None]
    ids = {one.lease.cursor.complaint_id for one in cursors}
    appended = {
        one.lease.cursor.complaint_id for one in cursors if one.settlement.hand_over
    }
    keys: dict[Look, Any] = {
        ORPHANS: {
            reference_index(vault, one.lease, one.settlement.reference)
            for one in cursors
            if one.settlement.reference
        },
        COMPLAINTS: appended,
        CURSORS: ids,
        ANSWERS: {
            (one.lease.cursor.complaint_id, one.lease.answer_no)
            for one in ended
            if one.lease.answer_no is not None
        },
        STATUSES: {
            (one.lease.cursor.complaint_id, one.settlement.forward_to)
            for one in cursors
            if one.settlement.forward_to is not None
        },
        ATTEMPTS: {one.attempt for one in ended if one.attempt is not None},
        LETTERS: ids,
        STOPPED: {one.lease.cursor.party for one in ended},
    }
    return [(one, keys[one]) for one in SETTLING]


def _known(ended: Sequence[Ended], rows: list[Any]) -> dict[str, CaseFile]:
    """Find the case files that still say everything: a log only grows."""
    heads = {row.id: row.head_seq for row in rows}
    return {
        one.lease.cursor.complaint_id: one.case
        for one in ended
        if one.case is not None
        and one.case.state.head_seq == heads.get(one.lease.cursor.complaint_id)
    }


def _cases(
    rows: list[Any],
    known: Mapping[str, CaseFile],
    events: list[Any],
    keys: Mapping[str, DataKey],
) -> dict[str, Case]:
    logs: dict[str, list[LogEvent]] = {row.id: [] for row in rows}
    for row in events:
        logs[row.complaint_id].append(event_of(row, {}))
    found: dict[str, Case] = {}
    for row in rows:
        file, key = known.get(row.id), keys.get(row.data_key_id)
        if file is None:
            found[row.id] = case_of(row, key, logs[row.id])
        else:
            found[row.id] = case_of(row, key, file.events, file.state)
    return found


def _held(
    ended: Sequence[Ended],
    cursors: list[Any],
    answers: list[Any],
    cases: dict[str, Case],
) -> dict[Place, Held]:
    wanted = {place_of(one.lease) for one in ended}
    found: dict[Place, Held] = {}
    for row in cursors:
        place = (row.complaint_id, row.party, row.recipient)
        if place in wanted:
            case = cases.get(row.complaint_id)
            found[place] = Held(row, case.cursors[place[1:]] if case else None)
    for row in answers:
        found[(row.journal_id, row.n)] = Held(row)
    return found
