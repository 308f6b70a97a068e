"""Deadlines: what is due when, by the log, the limits and the calendar; pure.

Every instant of a clock is the end of its n-th running working day. Nothing is stored
but what happened: the same log, limits and calendar give the same clocks.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from hub.domain.calendar import Calendar, calendar_of
from hub.domain.clocks import Run, runs_of
from hub.domain.lifecycle import CaseState
from hub.domain.limits import Limits
from hub.domain.zones import zone_of
from schemas.deadlines import ClockKind, ClockStage, DayOverride, DeadlineTable
from schemas.events import CATALOGUE, NewEvent, Scope
from schemas.parties import CauseKind

CAUSE_MAX = 64
"""Characters of a cause's id."""
_HEARD = frozenset({"confirmed", "erased"})
"""Move nothing by themselves, and concern the clocks."""
WAITS: Mapping[ClockKind, str] = {
    ClockKind.CLOSE_BY_SILENCE: "closed_by_silence",
    ClockKind.MISSING_DOCUMENTS: "archived",
}
"""Clocks whose end is no breach -> the event that follows by itself."""


class ClockState(StrEnum):
    """Where a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    """It waits for the reporter, or a request to return it is being decided."""
    MET = "met"
    """It was stopped in time."""
    BREACHED = "breached"
    """The limit was over before it was stopped."""
    RAN_OUT = "ran_out"
    """A wait is over, and what follows by itself is due or done."""


@dataclass(frozen=True, slots=True)
class Term:
    """A limit, since when it holds, and what it makes due."""

    since: datetime
    working_days: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of one run, and when the calendar has it."""

    stage: ClockStage
    at: datetime
    cause_id: str


@dataclass(frozen=True, slots=True)
class Clock:
    """One run of a clock under the limits and the calendar."""

    run: Run
    terms: tuple[Term, ...]
    """The last one holds; those before say what was due until it changed."""
    steps: tuple[Step, ...]
    """Those that have an instant: none after a pause that lasts.

    Of a run that was stopped only the breach: the others are told of no more.
    """
    calendar: str
    """Version of the calendar that it was counted by."""

    @property
    def kind(self) -> ClockKind:
        """What is waited for."""
        return self.run.kind

    @property
    def working_days(self) -> int:
        """The limit."""
        return self.terms[-1].working_days

    @property
    def due_at(self) -> datetime | None:
        """The end of the limit; None while it stands before that."""
        return self.terms[-1].due_at

    def state(self, now: datetime) -> ClockState:
        """Tell where it stands at an instant."""
        stopped, due = self.run.stopped_at, self.due_at
        is_over = due is not None and (now >= due if stopped is None else stopped > due)
        if is_over:
            return ClockState.RAN_OUT if self.kind in WAITS else ClockState.BREACHED
        if stopped is not None:
            return ClockState.MET
        return ClockState.PAUSED if self.run.stands else ClockState.RUNNING

    def is_overdue(self, done: Collection[str]) -> bool:
        """Tell whether it is still open, and its breach is noted."""
        return self.run.stopped_at is None and any(
            one.stage is ClockStage.BREACH and one.cause_id in done
            for one in self.steps
        )

    def pending(self, done: Collection[str]) -> Iterator[Step]:
        """Name the steps that are still to come, or were missed.

        A breach that nobody has noted yet is noted also when it was stopped meanwhile.
        """
        stopped = self.run.stopped_at
        for one in self.steps:
            if one.cause_id in done or (stopped is not None and one.at >= stopped):
                continue
            if one.stage is ClockStage.RUN_OUT and self.run.stands:
                continue  # what would follow by itself waits for the end of the pause
            if stopped is not None and self._is_noted(one, done):
                continue  # a limit that was changed since judges nobody twice
            yield one

    def _is_noted(self, step: Step, done: Collection[str]) -> bool:
        """Tell whether this stage of the run is noted under any limit."""
        name, leg = f"{self.kind}/{step.stage}/{self.run.start_seq}/", self.run.leg
        end = f"/{leg[0]}.{leg[1]}" if leg else ""
        return any(one.startswith(name) and one.endswith(end) for one in done)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is stored of a complaint's clocks, so that it can be looked for."""

    next_at: datetime | None = None
    """When the next step is due; None: there is none."""
    overdue: bool = False
    """A clock that still runs, or stands, has breached its limit, and it is noted."""


class Deadlines:
    """The limits and calendars of a deployment."""

    def __init__(
        self, table: DeadlineTable, public: Callable[[], Mapping[date, str]]
    ) -> None:
        """Take a deployment's table, and what reads the public holidays when asked."""
        self.table = table
        self.limits = Limits(table.limits)
        self._read_public = public
        self._public: Mapping[date, str] | None = None
        self._calendars: dict[tuple[ZoneInfo, tuple[DayOverride, ...]], Calendar] = {}

    @property
    def public(self) -> Mapping[date, str]:
        """Public holidays and joint leave -> their names."""
        if self._public is None:
            self._public = self._read_public()
        return self._public

    def overrides(self, agency: str, region: str) -> tuple[DayOverride, ...]:
        """Give the deployment's own days, for an agency's legs and a region."""
        return tuple(d for d in self.table.days if _concerns(d, agency, region))

    def calendar(self, agency: str = "", region: str = "") -> Calendar:
        """Give the calendar of a leg's agency, or of the case, in a region."""
        zone = self.table.zones.get(agency) or zone_of(region) or self.table.zone
        special = self.overrides(agency, region)
        key = (ZoneInfo(zone), special)
        found = self._calendars.get(key)
        if found is None:
            off, on = set(self.public), set[date]()
            for override in special:  # the later goes before the earlier
                gains, loses = (on, off) if override.working else (off, on)
                gains |= override.days()
                loses -= override.days()
            made = calendar_of(off, on, key[0], self.table.day_ends)
            found = self._calendars[key] = made
        return found

    def clocks(self, events: Iterable[tuple[int, NewEvent]]) -> list[Clock]:
        """Compute every clock that a complaint has or had, in the order of starts."""
        runs, state = runs_of(events)
        return [self._clock(run, state) for run in runs]

    def watch(self, events: Sequence[tuple[int, NewEvent]]) -> Watch:
        """Compute what is stored of a complaint's clocks."""
        done, clocks = done_steps(events), self.clocks(events)
        return Watch(
            min((s.at for one in clocks for s in one.pending(done)), default=None),
            any(one.is_overdue(done) for one in clocks),
        )

    def next_at(self, events: Sequence[tuple[int, NewEvent]]) -> datetime | None:
        """Give the instant at which the next step is due; None: there is none."""
        return self.watch(events).next_at

    def due(
        self, events: Sequence[tuple[int, NewEvent]], now: datetime
    ) -> list[tuple[Clock, Step]]:
        """Name the steps that are due at an instant, in the order of their instants.

        What follows by itself stands last: it changes what the others are about.
        """
        done = done_steps(events)
        found = [
            (clock, one)
            for clock in self.clocks(events)
            for one in clock.pending(done)
            if one.at <= now
        ]
        found.sort(key=lambda pair: (pair[1].stage is ClockStage.RUN_OUT, pair[1].at))
        return found

    def _clock(self, run: Run, state: CaseState) -> Clock:
        agency = run.leg[0] if run.leg else ""
        calendar = self.calendar(agency, _region(state))
        terms = tuple(
            Term(since, limit, calendar.due(run.started_at, limit, run.pauses))
            for since, limit in self._limits_of(
                run, agency, calendar.day(run.started_at)
            )
        )
        limit = terms[-1].working_days
        steps = tuple(
            Step(stage, at, cause_of(run, stage, limit))
            for stage, days in self._stages(run.kind, limit)
            if run.stopped_at is None or stage is ClockStage.BREACH
            if (at := calendar.due(run.started_at, days, run.pauses)) is not None
        )
        return Clock(run, terms, steps, calendar.version)

    def _limits_of(
        self, run: Run, agency: str, on: date
    ) -> Iterator[tuple[datetime, int]]:
        """Give the limits that a run had; what changes nothing is no change."""
        last = 0
        for since, matter in run.matters:
            limit = self.limits.find(run.kind, agency, matter, on)
            if limit != last:
                yield since, limit
            last = limit

    def _stages(self, kind: ClockKind, limit: int) -> Iterator[tuple[ClockStage, int]]:
        if kind in WAITS:
            yield ClockStage.RUN_OUT, limit
            return
        ladder = self.table.ladder
        if early := limit * ladder.warning_percent // 100:
            yield ClockStage.WARNING, early
        yield ClockStage.BREACH, limit
        yield ClockStage.ESCALATION, limit + ladder.escalation_after
        yield ClockStage.HAND_OVER, limit + ladder.hand_over_after


def cause_of(run: Run, stage: ClockStage, working_days: int) -> str:
    """Name a step: its clock, stage, run and limit, and its leg; unique in a log.

    Another limit makes other steps, so that whoever was warned is warned anew.
    """
    name = f"{run.kind}/{stage}/{run.start_seq}/{working_days}"
    if run.leg is not None:
        name += f"/{run.leg[0]}.{run.leg[1]}"
    if len(name) <= CAUSE_MAX:
        return name
    digest = sha256(name.encode()).hexdigest()[:12]
    return f"{name[: CAUSE_MAX - 13]}~{digest}"


def done_steps(events: Iterable[tuple[int, NewEvent]]) -> frozenset[str]:
    """Name the steps that the log has already."""
    return frozenset(
        event.cause.id for _, event in events if event.cause.kind is CauseKind.CLOCK
    )


def moves_clocks(event: NewEvent) -> bool:
    """Tell whether an event may change when the next step is due."""
    if event.type in _HEARD or event.cause.kind is CauseKind.CLOCK:
        return True
    return CATALOGUE[event.type].effect.scope is not Scope.NOTHING


def _region(state: CaseState) -> str:
    region = state.facts.get("region") or {}
    return str(region.get("code", "")) if region.get("scheme") == "kemendagri" else ""


def _concerns(override: DayOverride, agency: str, region: str) -> bool:
    return (not override.agency or agency in override.agency) and (
        not override.region
        or any(
            region == code or region.startswith(f"{code}.") for code in override.region
        )
    )
