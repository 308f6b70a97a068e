"""Histories of one complaint, drawn from the catalogue and from the workflow.

Half of what is drawn is legal where it stands, so that a history gets somewhere; the
other half is anything. Nothing here names a verb or an event that the tables name.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.domain.lifecycle import ASSIGNABLE, CASE_MOVES, LEG_MOVES, CaseState, fold
from hub.domain.order import FROM_ABOVE
from hub.domain.workflow import WORKFLOW, open_verbs
from schemas.events import (
    AGENCY_EVENTS,
    CATALOGUE,
    UPSTREAM_EVENTS,
    Cause,
    NewEvent,
    Scope,
    new_event,
)
from schemas.parties import Author, AuthorKind, CauseKind, Role
from schemas.payloads import LegNews
from schemas.status import Status
from tests.unit.domain.builders import START, verified_case
from tests.unit.domain.histories.payloads import payload

ORDER_BY = {"dinas_pupr": "sequence", "disdukcapil": "time", "dinkes": "arrival"}
"""Agency -> how its updates are ordered."""
UPSTREAM = ("sp4n_lapor", FROM_ABOVE)
"""Where a platform's words stand in order; it has no leg."""
OWN_MAX = 16
NEWS_MAX = 14
ASSIGNMENTS_MAX = 3
Leg = tuple[str, int]


@dataclass
class History:
    """What the hub and its people said, and what the agencies said meanwhile."""

    own: list[NewEvent] = field(default_factory=list)
    """In the order in which the hub appended it."""
    news: list[NewEvent] = field(default_factory=list)
    """Updates of agencies, in the order in which they came about."""
    verbs: set[str] = field(default_factory=set)
    reached: set[Status] = field(default_factory=set)
    """Statuses of the case, or of a leg of it, on the way."""


def draw(dice: random.Random) -> History:
    """Draw one history."""
    drawing = _Drawing(dice)
    for _ in range(dice.randint(0, OWN_MAX + NEWS_MAX)):
        drawing.go_on()
    return drawing.history


class _Drawing:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._now = START
        self._ordinal = 0
        self.history = History(own=list(verified_case()))

    def go_on(self) -> None:
        """Let one more thing happen."""
        self._now += timedelta(minutes=self._dice.choice((0, 0, 1, 30, 3000)))
        state = self._state()
        legs = {leg.status for leg in state.legs.values()}
        self.history.reached |= {state.status, *legs}
        turn = self._dice.choice((self._act, self._happen, self._tell, self._tell))
        turn(state)

    def _state(self) -> CaseState:
        said = [*self.history.own, *self.history.news]
        return fold(list(enumerate(said, start=1)))

    # the hub and its people

    def _act(self, state: CaseState) -> None:
        """Somebody decides; now and then against the rules."""
        fits = open_verbs(state) if self._dice.random() < 0.7 else list(WORKFLOW)
        verb = WORKFLOW[self._dice.choice(fits or list(WORKFLOW))]
        self.history.verbs.add(verb.name)
        reason = self._dice.choice(verb.reasons) if verb.reasons else ""
        self._append(state, verb.event, CauseKind.ACTION, reason_code=reason)

    def _happen(self, state: CaseState) -> None:
        """Whatever the catalogue has; half of the times what is legal."""
        names = [n for n in CATALOGUE if n not in {"received", "confirmed"}]
        fits = [name for name in names if _is_legal(state, name)]
        name = self._dice.choice(fits if self._dice.random() < 0.5 else names)
        self._append(state, name, CauseKind.CLOCK)

    def _append(
        self, state: CaseState, name: str, kind: CauseKind, **given: Any
    ) -> None:
        if len(self.history.own) >= OWN_MAX:
            return
        row, leg = CATALOGUE[name], self._leg_of(state, name)
        if leg is not None:
            given |= {"agency": leg[0], "assignment_no": leg[1]}
            given |= {"order_by": ORDER_BY[leg[0]]}
        if name == "assigned":
            given["role"] = Role.CC if self._dice.random() < 0.2 else Role.MAIN
        if "heard_seq" in row.payload.model_fields:
            given["heard_seq"] = None  # a place in one log: set when it is appended
        self._ordinal += 1
        self.history.own.append(
            new_event(
                name,
                payload(row.payload, self._dice, **given),
                Author(kind=self._dice.choice(sorted(row.emitters)), id="somebody"),
                Cause(kind=kind, id=f"own/{self._ordinal}"),
                self._some_time(back=0.1),
                leg=leg,
            )
        )

    def _leg_of(self, state: CaseState, name: str) -> Leg | None:
        row = CATALOGUE[name]
        if not {"agency", "assignment_no"} <= row.payload.model_fields.keys():
            return None
        if name == "assigned":
            agency = self._dice.choice(list(ORDER_BY))
            last = max((n for a, n in state.legs if a == agency), default=0)
            number = last + 1 if self._dice.random() < 0.9 else max(1, last)
            return (agency, min(number, ASSIGNMENTS_MAX))
        legal = LEG_MOVES.get(name, frozenset())
        fits = [key for key, leg in state.legs.items() if leg.status in legal]
        return self._some_leg(fits if self._dice.random() < 0.8 else list(state.legs))

    def _some_leg(self, legs: Iterable[Leg]) -> Leg:
        known = sorted(legs)
        if known and self._dice.random() < 0.95:
            return self._dice.choice(known)
        return (self._dice.choice(list(ORDER_BY)), self._dice.randint(1, 2))

    # the agencies

    def _tell(self, state: CaseState) -> None:
        """An agency says something of one of its legs, perhaps of one to come."""
        if len(self.history.news) >= NEWS_MAX:
            return
        if self._dice.random() < 0.2:
            self.history.news.append(self._from_above(state))
            return
        leg = self._some_leg(state.legs)
        status = state.legs[leg].status if leg in state.legs else None
        names = sorted(AGENCY_EVENTS)
        fits = [name for name in names if status in LEG_MOVES[name]]
        name = self._dice.choice(fits if fits and self._dice.random() < 0.6 else names)
        self.history.news.append(self._update(name, leg))

    def _update(self, name: str, leg: Leg) -> NewEvent:
        self._ordinal += 1
        number, occurred_at = self._ordinal, self._some_time(back=0.3)
        key = f"id:{number}"
        if self._dice.random() < 0.1 and self.history.news:
            key = self._dice.choice(self.history.news).occurrence_key
        return new_event(
            name,
            payload(
                LegNews,
                self._dice,
                agency=leg[0],
                assignment_no=leg[1],
                reason_code="",
                heard_seq=None,
            ),
            Author(kind=AuthorKind.AGENCY, id=leg[0]),
            Cause(kind=CauseKind.JOURNAL, id=f"news/{number}"),
            occurred_at,
            leg=leg,
            occurrence_key=f"{key}/{number}" if _taken(self.history, leg, key) else key,
            order_key=_ORDERS[ORDER_BY[leg[0]]](number, occurred_at, self._dice),
        )

    def _from_above(self, state: CaseState) -> NewEvent:
        """The platform says something of the case."""
        names = sorted(UPSTREAM_EVENTS)
        fits = [name for name in names if _is_legal(state, name)]
        name = self._dice.choice(fits if self._dice.random() < 0.6 else names)
        self._ordinal += 1
        number, occurred_at = self._ordinal, self._some_time(back=0.3)
        made = payload(CATALOGUE[name].payload, self._dice, heard_seq=None)
        return new_event(
            name,
            made,
            Author(kind=AuthorKind.UPSTREAM, id=UPSTREAM[0]),
            Cause(kind=CauseKind.JOURNAL, id=f"above/{number}"),
            occurred_at,
            leg=UPSTREAM,
            occurrence_key=f"id:{number}",
            order_key=_ORDERS["time"](number, occurred_at, self._dice),
        )

    def _some_time(self, back: float) -> datetime:
        if self._dice.random() >= back:
            return self._now
        return self._now - timedelta(minutes=self._dice.choice((1, 60, 6000)))


def _taken(history: History, leg: Leg, key: str) -> bool:
    return any(e.leg == leg and e.occurrence_key == key for e in history.news)


def _is_legal(state: CaseState, name: str) -> bool:
    if name == "assigned":
        return state.status in ASSIGNABLE
    if CATALOGUE[name].effect.scope is Scope.LEG:
        return any(leg.status in LEG_MOVES[name] for leg in state.legs.values())
    return name not in CASE_MOVES or state.status in CASE_MOVES[name]


_Order = Callable[[int, datetime, random.Random], str]
_ORDERS: dict[str, _Order] = {
    # The agency's number is nearly always in the order of its telling.
    "sequence": lambda n, at, dice: f"{max(1, n - dice.choice((0, 0, 0, 5))):020d}",
    "time": lambda n, at, dice: at.isoformat(),
    "arrival": lambda n, at, dice: f"a:{n:06d}",
}
