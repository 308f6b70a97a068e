"""What the simulated SP4N-LAPOR! has on file; safe for many threads."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.simulator.cases import UnknownCase, utc_now
from hub.simulator.faults import Fault
from hub.simulator.profiles import WIB
from hub.simulator.updates import CLOCK_ERROR, UNMAPPED_WORD

Logs = tuple[Mapping[str, Any], ...]

STATUSES: Mapping[int, str] = {
    1: "Belum Terverifikasi",
    2: "Terverifikasi",
    3: "Terdisposisi",
    4: "Proses",
    5: "Selesai",
    6: "Tertunda",
    7: "Diarsipkan",
    8: "Ditolak",
}
TIME = "%d-%m-%Y %H:%M:%S"
CENTRE = 1
INSTITUTIONS: Mapping[int, str] = {
    CENTRE: "Admin Nasional",
    5201: "Pemerintah Kabupaten Sukamaju",
    5300: "Pemerintah Provinsi",
}
FIRST_ID = 8_400_001
TEMPLATE = (
    "{{institution_from}} meneruskan laporan ke {{institution_to}}: "
    "{{status_old}} menjadi {{status_new}}"
)


@dataclass(frozen=True)
class Sp4nCase:
    """One complaint as it stood at one moment; never changes afterwards."""

    nomor: str
    body: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    updated_at: datetime
    disposition_id: int
    status: int = 1
    logs: Logs = ()
    followups: tuple[Mapping[str, Any], ...] = ()
    requests: tuple[Mapping[str, Any], ...] = ()
    """What an institution asked for: that it is not competent."""
    filed: bool = False
    """It came by the partners' door."""

    @property
    def word(self) -> str:
        """The status now."""
        return STATUSES[self.status]


class Sp4nBook:
    """All complaints, and the files that were uploaded."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._cases: dict[str, Sp4nCase] = {}
        self._next = 1
        self.files: dict[int, tuple[str, bytes]] = {}
        """File id -> (name, content)."""

    @property
    def cases(self) -> list[Sp4nCase]:
        """Every complaint as it stands now, oldest first."""
        with self._lock:
            return list(self._cases.values())

    def keep(self, name: str, content: bytes) -> int:
        """Store an uploaded file; the same one again is another file."""
        with self._lock:
            number = self._number()
            self.files[number] = (name, content)
            return number

    def open(self, body: Mapping[str, Any], *, filed: bool) -> Sp4nCase:
        """File a complaint; it has no key, so a repetition is a second one."""
        with self._lock:
            now = self._now()
            nomor = str(FIRST_ID + len(self._cases))
            to = int(body.get("disposition_id") or CENTRE)
            case = Sp4nCase(nomor, dict(body), now, now, to, filed=filed)
            self._cases[nomor] = case
            return case

    def move(
        self,
        nomor: str,
        status: int,
        by: int,
        note: str,
        fault: Fault = Fault.NONE,
    ) -> Sp4nCase:
        """Give a complaint its next status, with a log; raises UnknownCase.

        A fault of updates is one of its log.
        """
        with self._lock:
            case = self._case(nomor)
            log = {
                "id": self._number(),
                "created_at": local(self._now()),
                "template": note or TEMPLATE,
                "institution_from_id": by,
                "institution_from": INSTITUTIONS.get(by, ""),
                "institution_to": INSTITUTIONS.get(case.disposition_id, ""),
                "status_old": case.word,
                "status_new": STATUSES[status],
                "status_code": status,
                "status_name": STATUSES[status],
            }
            logs = _logged(case.logs, log, fault)
            return self._keep(case, status=status, logs=logs)

    def follow_up(self, nomor: str, fields: Mapping[str, Any]) -> Sp4nCase:
        """Add a follow-up; raises UnknownCase. It has no key either."""
        with self._lock:
            case = self._case(nomor)
            row = {"id": self._number(), "created_at": local(self._now()), **fields}
            return self._keep(case, followups=(*case.followups, row))

    def request(self, nomor: str, fields: Mapping[str, Any]) -> Sp4nCase:
        """Note that an institution says it is not competent; raises UnknownCase."""
        with self._lock:
            case = self._case(nomor)
            return self._keep(case, requests=(*case.requests, fields))

    def case(self, nomor: str) -> Sp4nCase:
        """Find one; raises UnknownCase."""
        with self._lock:
            return self._case(nomor)

    def listed(self, disposition_id: int, since: str) -> Sequence[Sp4nCase]:
        """Name what is disposed to an institution and was changed since, in order."""
        return [
            case
            for case in self.cases
            if case.disposition_id == disposition_id
            and _sortable(local(case.updated_at)) >= _sortable(since)
        ]

    def _keep(self, case: Sp4nCase, **changes: Any) -> Sp4nCase:
        found = replace(case, updated_at=self._now(), **changes)
        self._cases[case.nomor] = found
        return found

    def _case(self, nomor: str) -> Sp4nCase:
        if nomor not in self._cases:
            raise UnknownCase(nomor)
        return self._cases[nomor]

    def _number(self) -> int:
        self._next += 1
        return self._next


def _logged(logs: Logs, log: Mapping[str, Any], fault: Fault) -> Logs:
    """Add a log in the way of a fault."""
    match fault:
        case Fault.DUPLICATE_UPDATES:
            return (*logs, log, log)
        case Fault.OUT_OF_ORDER_UPDATES:
            return (log, *logs)
        case Fault.CLOCK_WRONG:
            at = datetime.strptime(log["created_at"], TIME) + CLOCK_ERROR  # noqa: DTZ007
            return (*logs, {**log, "created_at": at.strftime(TIME)})
        case Fault.UNMAPPED_STATUS:
            odd = {
                "status_code": 0,
                "status_name": UNMAPPED_WORD,
                "id": f"{log['id']}0",
            }
            return (*logs, {**log, **odd}, log)
        case Fault.CORRUPT_ITEM:
            return (*logs, {**log, "id": f"{log['id']}0", "created_at": "kemarin"}, log)
        case _:
            return (*logs, log)


def local(at: datetime) -> str:
    """Write a time as it does: local, without saying where."""
    return at.astimezone(WIB).strftime(TIME)


def _sortable(text: str) -> str:
    day, _, clock = text.partition(" ")
    return "-".join(reversed(day.split("-"))) + clock
