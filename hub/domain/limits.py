"""How many working days a clock has: the defaults, and what a deployment says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from schemas.complaint import ReportType
from schemas.deadlines import ClockKind, Limit

K, R = ClockKind, ReportType
# fmt: off
DEFAULTS: tuple[Limit, ...] = (
    Limit(clock=K.VERIFY, working_days=3),
    Limit(clock=K.FIRST_FOLLOW_UP, working_days=5),
    # PermenPANRB 62/2018, chapter VI, by type and by the agency's grade
    Limit(clock=K.SETTLE, working_days=14),
    Limit(clock=K.SETTLE, working_days=5, report_type=R.INFORMATION_REQUEST),
    Limit(clock=K.SETTLE, working_days=5, report_type=R.SUGGESTION),
    Limit(clock=K.SETTLE, working_days=60, report_type=R.WHISTLEBLOWING),
    Limit(clock=K.SETTLE, working_days=60, report_type=R.COMPLAINT,
          supervisory_grade=True),
    # No source names one: as long as verifying
    Limit(clock=K.REASSIGN, working_days=3),
    Limit(clock=K.CLOSE_BY_SILENCE, working_days=10),
    Limit(clock=K.MISSING_DOCUMENTS, working_days=10),
)
# fmt: on
"""What holds where a deployment says nothing else."""

FOUND_MAX = 10_000
"""Answers that are remembered: thousands of complaints of a day are alike."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a complaint is about, as far as limits ask."""

    report_type: str = ReportType.COMPLAINT
    supervisory: bool = False


class Limits:
    """The limits of a deployment, on top of the defaults."""

    def __init__(self, own: Iterable[Limit] = ()) -> None:
        self._rows = (*((True, row) for row in own), *((False, r) for r in DEFAULTS))
        self._found: dict[tuple[ClockKind, str, Matter, date], int] = {}

    @property
    def rows(self) -> tuple[tuple[bool, Limit], ...]:
        """Every limit; True: the deployment's own."""
        return self._rows

    def find(self, clock: ClockKind, agency: str, matter: Matter, on: date) -> int:
        """Give the working days of a clock that starts on a day.

        A deployment's own limit goes before a default, the more particular before
        the general, the later before the earlier.
        """
        key = (clock, agency, matter, on)
        found = self._found.get(key)
        if found is None:
            found = self._find(clock, agency, matter, on)
            if len(self._found) >= FOUND_MAX:
                self._found.clear()
            self._found[key] = found
        return found

    def _find(self, clock: ClockKind, agency: str, matter: Matter, on: date) -> int:
        fitting = [
            ((own, *_rank(row)), row.working_days)
            for own, row in self._rows
            if _fits(row, clock, agency, matter, on)
        ]
        return max(fitting)[1]


def _fits(row: Limit, clock: ClockKind, agency: str, matter: Matter, on: date) -> bool:
    return (
        row.clock is clock
        and row.agency in ("", agency)
        and row.report_type in (None, matter.report_type)
        and row.supervisory_grade in (None, matter.supervisory)
        and (row.valid_from is None or row.valid_from <= on)
    )


def _rank(row: Limit) -> tuple[bool, bool, bool, date]:
    return (
        row.agency != "",
        row.report_type is not None,
        row.supervisory_grade is not None,
        row.valid_from or date.min,
    )
