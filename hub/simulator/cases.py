"""What an agency has on file; safe for many threads."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.simulator.profiles import AgencyProfile


@dataclass(frozen=True)
class StatusChange:
    """One step of a case."""

    word: str
    urutan: int
    """Running number within the case, from 1."""
    waktu: datetime
    event_id: str
    note: str = ""


@dataclass(frozen=True)
class Case:
    """One case as it stood at one moment; never changes afterwards."""

    nomor: str
    number: int
    """The how-manieth case of this agency it is, from 1."""
    kunci: str
    body: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    history: tuple[StatusChange, ...] = ()
    events: tuple[Mapping[str, Any], ...] = ()
    """What the hub told about it later, each event id once."""
    events_repeated: int = 0
    """How many events came again although they were on file."""

    @property
    def word(self) -> str:
        """The status now; empty before the first."""
        return self.history[-1].word if self.history else ""


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


class UnknownCase(LookupError):
    """The agency has no case of this number."""


class CaseBook:
    """All cases of one agency."""

    def __init__(
        self, profile: AgencyProfile, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._profile = profile
        self._now = now
        self._lock = threading.Lock()
        self._cases: dict[str, Case] = {}
        self._by_key: dict[str, list[str]] = {}
        self._events_by_key: dict[str, str] = {}
        self._event_ids = 0

    @property
    def cases(self) -> list[Case]:
        """Return every case as it stands now, oldest first."""
        with self._lock:
            return list(self._cases.values())

    def open(self, kunci: str, body: Mapping[str, Any]) -> tuple[Case, bool]:
        """File a case; the flag tells whether it is new.

        A known key opens no second case where the agency honours keys.
        """
        with self._lock:
            known = self._by_key.get(kunci)
            if known and self._profile.honours_keys:
                return self._cases[known[0]], False
            number = len(self._cases) + 1
            nomor = self._profile.number_format.format(n=number)
            case = Case(nomor, number, kunci, body, self._now())
            self._cases[nomor] = case
            self._by_key.setdefault(kunci, []).append(nomor)
            return case, True

    def find(self, kunci: str) -> list[str]:
        """Return the numbers of all cases that came with this key."""
        with self._lock:
            return list(self._by_key.get(kunci, ()))

    def add_events(
        self, nomor: str, kunci: str, events: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """File events and return those that are new; raises UnknownCase."""
        with self._lock:
            case = self._case(nomor)
            if self._profile.honours_keys and kunci in self._events_by_key:
                return []
            self._events_by_key[kunci] = nomor
            known = {event["id"] for event in case.events}
            distinct = {event["id"]: event for event in events}
            added = [event for key, event in distinct.items() if key not in known]
            self._cases[nomor] = replace(
                case,
                events=(*case.events, *added),
                events_repeated=case.events_repeated + len(events) - len(added),
            )
            return added

    def find_events(self, kunci: str) -> list[str]:
        """Return the number of the case for which events came with this key."""
        with self._lock:
            nomor = self._events_by_key.get(kunci)
            return [nomor] if nomor else []

    def move(self, nomor: str, word: str, note: str = "") -> StatusChange:
        """Give a case its next status; times within a case never repeat.

        Raises UnknownCase.
        """
        with self._lock:
            case = self._case(nomor)
            now = self._now()
            if case.history:
                tick = timedelta(microseconds=1)
                now = max(now, case.history[-1].waktu + tick)
            self._event_ids += 1
            change = StatusChange(
                word, len(case.history) + 1, now, f"evt-{self._event_ids}", note
            )
            self._cases[nomor] = replace(case, history=(*case.history, change))
            return change

    def _case(self, nomor: str) -> Case:
        if nomor not in self._cases:
            raise UnknownCase(nomor)
        return self._cases[nomor]
