"""When each clock of a complaint ran and stood, read off its log.

A pure function of the effective timeline (`hub.domain.order`): every arrival order
gives the same runs. How long a clock may run is not said here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.domain.calendar import Pause
from hub.domain.lifecycle import CaseState, LegState, is_read_anew, step
from hub.domain.limits import Matter
from hub.domain.order import effective_order
from schemas.deadlines import ClockKind
from schemas.events import NewEvent
from schemas.parties import Role
from schemas.payloads import FollowUpKind
from schemas.status import Status

S, K = Status, ClockKind
FINISHED = frozenset(
    {
        S.CLOSED,
        S.ARCHIVED,
        S.REJECTED,
        S.MERGED,
        S.EMERGENCY_REDIRECTED,
        S.WITHDRAWN,
    }
)
"""Nobody is waited for; what is opened again starts anew."""
ANSWERS = frozenset({"followed_up", "resolved"})
"""What a first follow-up is; that it was seen or begun is none."""
REPLIES = frozenset({"reporter_replied", "corrected"})
"""What the reporter says ends the silence, and an agency's waiting."""
_SILENT = REPLIES | {"erased"}
"""Events that may leave the state as it is, and yet concern a clock."""

Leg = tuple[str, int]
Key = tuple[ClockKind, Leg | None]


@dataclass(frozen=True, slots=True)
class Run:
    """One clock from its start to its end; a new start is a run of its own."""

    kind: ClockKind
    leg: Leg | None
    """None: it is about the case, and the centre's or the reporter's."""
    start_seq: int
    """Of the event that started it; it names the run."""
    started_at: datetime
    matters: tuple[tuple[datetime, Matter], ...]
    """What the complaint was about, and since when, while it ran."""
    pauses: tuple[Pause, ...] = ()
    stopped_at: datetime | None = None
    ended_by: str = ""
    """The event that stopped it."""

    @property
    def stands(self) -> bool:
        """True while it is paused."""
        return bool(self.pauses) and self.pauses[-1][1] is None


@dataclass
class _Open:
    run: Run
    token: int
    """Another one is another start."""


@dataclass
class _Tracker:
    """What the events so far mean for the clocks."""

    open: dict[Key, _Open] = field(default_factory=dict)
    ended: list[Run] = field(default_factory=list)
    answered: set[Leg] = field(default_factory=set)
    spoke: dict[Leg, int] = field(default_factory=dict)
    """Leg -> when it last followed up, as a place in the timeline."""
    asked: dict[Leg, int] = field(default_factory=dict)
    """Leg -> when its agency last asked the reporter for something."""
    replied: int = 0
    returned: Leg | None = None
    is_erased: bool = False
    place: int = 0

    def see(
        self, before: CaseState, after: CaseState, at: datetime, seq: int, e: NewEvent
    ) -> None:
        """Take the next event in effective order."""
        self.place += 1
        name = str(e.facts.get("stands_for", "")) if e.type == "confirmed" else e.type
        if len(after.illegal) > len(before.illegal):
            return
        if len(after.overtaken) > len(before.overtaken):
            return
        if after is before and name not in _SILENT:
            return
        if before.status in FINISHED and after.status not in FINISHED:
            self.answered.clear()
            self.spoke.clear()
        self._remember(name, e, after)
        moment = _Moment(at, seq, name, max(at, _arrival(e) or at))
        self._move(moment, self._wanted(after), _matter(after))

    def _remember(self, name: str, event: NewEvent, after: CaseState) -> None:
        if name == "erased":
            self.is_erased = True
        elif name in REPLIES:
            if not is_read_anew(event):
                self.replied = self.place
        elif event.leg is None:
            return
        elif name == "returned":
            leg = after.legs.get(event.leg)
            if leg is not None and leg.role is Role.MAIN:
                self.returned = event.leg
        elif name == "leg_put_on_hold":
            self.asked[event.leg] = self.place
        elif name in ANSWERS and event.facts.get("kind") != FollowUpKind.ACK:
            self.answered.add(event.leg)
            self.spoke[event.leg] = self.place

    # which clocks are to run: key -> (token, whether it stands)

    def _wanted(self, state: CaseState) -> Mapping[Key, tuple[int, bool]]:
        status = state.status
        if self.is_erased or status in FINISHED or not state.facts:
            return {}
        held = state.override is S.ON_HOLD
        wanted: dict[Key, tuple[int, bool]] = {}
        if held:
            wanted[K.MISSING_DOCUMENTS, None] = (0, False)
        mains = [leg for leg in state.legs.values() if leg.role is Role.MAIN]
        if not mains or status is S.APPEALED:
            wanted[K.VERIFY, None] = (int(status is S.APPEALED), held)
            return wanted
        open_ = [leg for leg in mains if leg.is_open]
        for leg in open_:
            wanted |= self._of_leg(leg, held=held)
        if not open_ and self.returned and all(m.status is S.RETURNED for m in mains):
            wanted[K.REASSIGN, self.returned] = (0, held)
        if token := self._silence(state, open_, held=held):
            wanted[K.CLOSE_BY_SILENCE, None] = (token, held)
        return wanted

    def _of_leg(self, leg: LegState, *, held: bool) -> Mapping[Key, tuple[int, bool]]:
        """Its clocks stand while it waits for the reporter, or for the centre."""
        asked = leg.status is S.ON_HOLD and self.asked.get(leg.key, 0) > self.replied
        stands = held or asked or leg.status is S.RETURN_REQUESTED
        found: dict[Key, tuple[int, bool]] = {(K.SETTLE, leg.key): (0, stands)}
        if leg.key not in self.answered:
            found[K.FIRST_FOLLOW_UP, leg.key] = (0, stands)
        if leg.status is S.RETURN_REQUESTED:
            found[K.REASSIGN, leg.key] = (0, held)
        return found

    def _silence(
        self, state: CaseState, legs: Sequence[LegState], *, held: bool
    ) -> int:
        """Give the place of the last follow-up where only an answer to it is missing.

        Every open agency must have followed up, or asked the reporter for something,
        or it is not the reporter's turn.
        """
        beneath = replace(state, override=None).status if held else state.status
        if beneath not in {S.IN_PROGRESS, S.ON_HOLD}:
            return 0
        spoken = [
            max(self.spoke.get(leg.key, 0), self.asked.get(leg.key, 0)) for leg in legs
        ]
        if not spoken or not all(spoken) or max(spoken) < self.replied:
            return 0
        return max(spoken)

    # what runs becomes what is to run

    def _move(
        self, now: "_Moment", wanted: Mapping[Key, tuple[int, bool]], matter: Matter
    ) -> None:
        for key, running in list(self.open.items()):
            if key not in wanted or wanted[key][0] != running.token:
                del self.open[key]
                self.ended.append(_stop(running.run, now))
        for key, (token, stands) in wanted.items():
            known = self.open.get(key)
            # A silence begins when the word was there to be answered.
            began = now.arrived if key[0] is K.CLOSE_BY_SILENCE else now.at
            run = (
                Run(*key, now.seq, began, ((began, matter),))
                if known is None
                else known.run
            )
            self.open[key] = _Open(_go_on(run, now, matter, stands=stands), token)


@dataclass(frozen=True, slots=True)
class _Moment:
    at: datetime
    seq: int
    name: str
    arrived: datetime
    """Not before `at`."""


def _arrival(event: NewEvent) -> datetime | None:
    found = event.facts.get("arrived_at")
    return None if found is None else datetime.fromisoformat(found)


def _stop(run: Run, now: _Moment) -> Run:
    pauses = run.pauses
    if run.stands:
        pauses = (*pauses[:-1], (pauses[-1][0], now.at))
    return replace(run, pauses=pauses, stopped_at=now.at, ended_by=now.name)


def _go_on(run: Run, now: _Moment, matter: Matter, *, stands: bool) -> Run:
    if run.matters[-1][1] != matter:
        run = replace(run, matters=(*run.matters, (now.at, matter)))
    if stands and not run.stands:
        return replace(run, pauses=(*run.pauses, (now.at, None)))
    if run.stands and not stands:
        begun = run.pauses[-1][0]
        return replace(run, pauses=(*run.pauses[:-1], (begun, now.at)))
    return run


def _matter(state: CaseState) -> Matter:
    facts = state.facts
    return Matter(
        str(facts.get("report_type", "complaint")),
        bool(facts.get("supervisory_grade")),
    )


def runs_of(events: Iterable[tuple[int, NewEvent]]) -> tuple[list[Run], CaseState]:
    """Read every run off numbered events, in the order of their starts.

    Gives the state with it: the walk makes it anyway, but for its `head_seq`.
    """
    state, tracker = CaseState(), _Tracker()
    for at, seq, event in effective_order(list(events)):
        before, state = state, step(state, at, seq, event)
        tracker.see(before, state, at, seq, event)
    found = [*tracker.ended, *(running.run for running in tracker.open.values())]
    order = {kind: n for n, kind in enumerate(ClockKind)}
    found.sort(key=lambda r: (r.started_at, order[r.kind], r.leg or ("", 0)))
    return found, state
