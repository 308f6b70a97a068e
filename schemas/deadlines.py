"""`deadlines.toml`: limits in working days, the ladder, and the days that differ."""

from datetime import date, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from schemas.base import Model
from schemas.complaint import ReportType


class ClockKind(StrEnum):
    """What is waited for; each has a limit of its own."""

    VERIFY = "verify"
    """The centre verifies and gives it to an agency, or reviews an appeal."""
    FIRST_FOLLOW_UP = "first_follow_up"
    """A main agency answers for the first time."""
    SETTLE = "settle"
    """A main agency settles its leg."""
    REASSIGN = "reassign"
    """The centre decides a request to return it, and finds who is competent."""
    CLOSE_BY_SILENCE = "close_by_silence"
    """Nobody answers the last follow-up: it is closed."""
    MISSING_DOCUMENTS = "missing_documents"
    """The reporter does not complete it: it is archived."""


class ClockStage(StrEnum):
    """What happens at an instant of a clock."""

    WARNING = "warning"
    """Most of the limit is used: the liaison officer is told."""
    BREACH = "breach"
    """The limit is over: the agency's administrator is told."""
    ESCALATION = "escalation"
    """Days later: the agency's head and the national administrator are told."""
    HAND_OVER = "hand_over"
    """Days later still: the overseer gets it."""
    RUN_OUT = "run_out"
    """The wait is over, and what follows by itself is done."""


_OF_LEGS = frozenset({ClockKind.FIRST_FOLLOW_UP, ClockKind.SETTLE, ClockKind.REASSIGN})


class Limit(Model):
    """Working days that a clock has; what is left out holds for all."""

    clock: ClockKind
    working_days: int = Field(ge=1, le=1000)
    agency: str = ""
    """Of this agency's legs only."""
    report_type: ReportType | None = None
    supervisory_grade: bool | None = None
    """Only with, or only without, an official's grade "berkadar pengawasan"."""
    valid_from: date | None = None
    """For clocks that start on this day or later."""

    @model_validator(mode="after")
    def _of_a_leg(self) -> Self:
        if self.agency and self.clock not in _OF_LEGS:
            msg = f"{self.clock} is about the complaint: it has no limit by agency"
            raise ValueError(msg)
        return self


class DayOverride(Model):
    """Days that the public calendar has otherwise: revisions, local holidays, polls."""

    first: date
    last: date | None = None
    """The last of several days in a row; one day where it is left out."""
    working: bool = False
    """True makes working days of weekends or holidays."""
    why: str = Field(min_length=1, max_length=200)
    agency: tuple[str, ...] = ()
    """For the legs of these agencies only."""
    region: tuple[str, ...] = ()
    """For complaints of these regions: codes, or their beginnings."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last is not None and not 0 <= (self.last - self.first).days <= 366:  # noqa: PLR2004
            msg = "last must follow first within a year"
            raise ValueError(msg)
        return self

    def days(self) -> set[date]:
        """Name every day of it."""
        count = ((self.last or self.first) - self.first).days + 1
        return {self.first + timedelta(days=n) for n in range(count)}


class Ladder(Model):
    """When somebody is told that a limit nears its end, or is over."""

    warning_percent: int = Field(default=80, ge=1, le=99)
    """Share of the limit, rounded down to whole working days."""
    escalation_after: int = Field(default=3, ge=1, le=365)
    """Working days after the breach."""
    hand_over_after: int = Field(default=5, ge=1, le=365)
    """Working days after the breach."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.hand_over_after <= self.escalation_after:
            msg = "hand_over_after must be more than escalation_after"
            raise ValueError(msg)
        return self


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError) as error:
        msg = f"no time zone {zone!r}; an example: Asia/Makassar"
        raise ValueError(msg) from error
    return zone


class DeadlineTable(Model):
    """`deadlines.toml` of a deployment; every part has a default."""

    zone: str = "Asia/Jakarta"
    """Zone of complaints without a region, where the agency has none either."""
    day_ends: time = time(16, 0)
    """When a working day ends, in the zone: limits end then."""
    zones: dict[str, str] = Field(default_factory=dict)
    """Agency -> the zone of its working days; others have that of the region."""
    days: tuple[DayOverride, ...] = ()
    limits: tuple[Limit, ...] = ()
    """Any of these goes before all defaults of its clock that it fits."""
    ladder: Ladder = Ladder()

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return _known(value)

    @field_validator("zones")
    @classmethod
    def _zones(cls, value: dict[str, str]) -> dict[str, str]:
        for zone in value.values():
            _known(zone)
        return value
