"""The fold of a log that grows: the usual next event costs one step.

An event that stands last in effective order changes nothing before it, so the state
goes on from where it is. Any other one is folded anew, from the first event.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hub.domain.lifecycle import CaseState, fold, step
from hub.domain.order import FROM_ABOVE, effective_order, is_on_leg
from schemas.events import NewEvent

_Place = tuple[datetime, int, tuple[str, int]]
"""Where an event stands: instant, own before updates, leg."""


@dataclass(frozen=True, slots=True)
class Grown:
    """The state with one more event, and whether it stands last."""

    state: CaseState
    """Its `head_seq` may be an older one."""
    place: _Place | None
    """None where the event does not stand last."""


class Folding:
    """Equal to `fold(events)` after every event; see `hub.domain.lifecycle`."""

    def __init__(
        self,
        events: Iterable[tuple[int, NewEvent]] = (),
        state: CaseState | None = None,
    ) -> None:
        """Begin with events; `state` is their fold, where it is known."""
        self.events = list(events)
        self._state = fold(self.events) if state is None else state
        self._head_seq = self._state.head_seq
        self._own: datetime | None = None
        self._begun: datetime | None = None
        """When it was registered: no upstream platform speaks of it before."""
        self._last: _Place | None = None
        self._legs: dict[tuple[str, int], tuple[tuple[str, datetime, str], datetime]]
        self._legs = {}
        self._early: set[tuple[str, int]] = set()
        """Legs with updates from before they were opened."""
        self._occurrences: set[tuple[tuple[str, int], str]] = set()
        self._survey()

    @property
    def state(self) -> CaseState:
        """The state now."""
        if self._state.head_seq != self._head_seq:
            self._state = replace(self._state, head_seq=self._head_seq)
        return self._state

    def after(self, seq: int, event: NewEvent) -> Grown:
        """Compute the state that one more event makes; changes nothing."""
        place = self._place(event)
        if place is None:
            return Grown(fold([*self.events, (seq, event)]), None)
        return Grown(step(self._state, place[0], seq, event), place)

    def take(self, seq: int, event: NewEvent, grown: Grown) -> None:
        """Append the event whose effect `after` computed."""
        self.events.append((seq, event))
        self._state = grown.state
        self._head_seq = max(seq, self._head_seq)
        if grown.place is None:
            self._survey()
        else:
            self._note(grown.place[0], event)
            self._last = grown.place

    def _place(self, event: NewEvent) -> _Place | None:
        """Tell where the event stands if that is last; else None."""
        at = event.occurred_at
        if not is_on_leg(event):
            if event.type == "assigned" and event.leg in self._early:
                return None
            if event.type == "registered" and self._begun is None and self._legs:
                return None
            place: _Place = (
                at if self._own is None else max(self._own, at),
                0,
                ("", 0),
            )
        elif event.leg is None:
            return None
        else:
            if (event.leg, event.occurrence_key) in self._occurrences:
                return None
            known = self._legs.get(event.leg)
            if known is not None:
                order, running = known
                if _order(event) <= order:
                    return None
                at = max(running, at)
            elif event.leg[1] == FROM_ABOVE and self._begun is not None:
                at = max(self._begun, at)
            place = (at, 1, event.leg)
        return place if self._last is None or place >= self._last else None

    def _survey(self) -> None:
        """Learn anew where the last events stand."""
        self._own, self._begun, self._last = None, None, None
        self._legs.clear()
        self._early.clear()
        self._occurrences.clear()
        for at, _, event in effective_order(self.events):
            self._note(at, event)
            on_leg = is_on_leg(event)
            leg = event.leg if on_leg and event.leg else ("", 0)
            self._last = (at, 1 if on_leg else 0, leg)

    def _note(self, at: datetime, event: NewEvent) -> None:
        if not is_on_leg(event):
            self._own = at
            if event.type == "assigned" and event.leg is not None:
                self._legs.setdefault(event.leg, (("", _EVER, ""), at))
            elif event.type == "registered" and self._begun is None:
                self._begun = at
        elif event.leg is not None:
            self._occurrences.add((event.leg, event.occurrence_key))
            if event.leg not in self._legs:
                self._early.add(event.leg)
            self._legs[event.leg] = (_order(event), at)


_EVER = datetime.min.replace(tzinfo=UTC)


def _order(event: NewEvent) -> tuple[str, datetime, str]:
    return (event.order_key, event.occurred_at, event.occurrence_key)
