"""Two complaints, what is said of them, and what each party wants to hear of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.domain.folding import Folding
from hub.domain.lifecycle import fold
from hub.domain.order import effective_order
from hub.domain.privacy import interested
from schemas.events import NewEvent
from schemas.parties import Author, AuthorKind
from tests.unit.domain.builders import assigned, event, update, verified_case
from tests.unit.small_model.place import Party

A, B = "dinas_pupr", "disdukcapil"
"""One orders its updates by sequence, the other by its clock."""


@dataclass(frozen=True)
class Message:
    """A row of the journal that will come: an update of A, or the reporter's words."""

    complaint: int
    event: NewEvent
    agency: str = ""
    """Whose update it is; it is matched when that agency's reference is known."""


_REPORTER = Author(kind=AuthorKind.REPORTER, id="r-1")
_BOTH = (*verified_case(), assigned((A, 1)), assigned((B, 1)))
_STARTED = update("work_started", (A, 1), 1, 10)
_PUSHED = Message(0, _STARTED, A)
_POLLED = Message(0, _STARTED.model_copy(update={"cause": event("received").cause}), A)
"""The same update by another way."""
_REPLY = Message(1, event("reporter_replied", 20, author=_REPORTER))


@dataclass(frozen=True)
class Plot:
    """What the complaints begin with, and what will come."""

    first: tuple[tuple[NewEvent, ...], ...]
    messages: tuple[Message, ...]
    is_fine: bool = False
    """Hints and the time between accepting and working are steps of their own.

    Where they are not, a due row is always hinted, as the sweep sees to; a dead
    worker's lease is over at once, and a row is worked when it comes: earlier only
    adds to what may follow.
    """


WIDE = Plot((_BOTH, (*verified_case(), assigned((A, 1)))), (_PUSHED, _REPLY))
"""Two complaints, one of them with both agencies."""
FINE = Plot((_BOTH,), (_PUSHED, _POLLED), is_fine=True)
"""One complaint with both agencies, in smaller steps; an update comes by two ways."""


@dataclass(frozen=True)
class Story:
    """The log of one complaint."""

    numbered: tuple[tuple[int, NewEvent], ...]

    @classmethod
    def of(cls, events: Sequence[NewEvent], *, dedupes: bool) -> "Story":
        """Append one by one; an update that is known is left out."""
        folding = Folding()
        keys: set[str] = set()
        for said in events:
            key = said.occurrence_key
            if key and key in keys and dedupes:
                continue
            keys.add(key)
            seq = len(folding.events) + 1
            folding.take(seq, said, folding.after(seq, said))
        assert folding.state == fold(folding.events)
        return cls(tuple(folding.events))

    def wanted(self, party: Party) -> tuple[int, ...]:
        """Name the seqs that a party is told of."""
        return tuple(
            seq for seq, e in self.numbered if interested(e, party.kind, party.name)
        )

    @property
    def essence(self) -> Any:
        """Show what must not depend on the order of arrival."""
        state = fold(self.numbered)
        legs = {
            key: replace(leg, opened_seq=0, closed_seq=None)
            for key, leg in state.legs.items()
        }
        order = [(at, e.type) for at, _, e in effective_order(self.numbered)]
        return legs, state.status, state.illegal, order, len(self.numbered)


def story(
    plot: Plot, complaint: int, applied: Sequence[int], *, dedupes: bool = True
) -> Story:
    """Append messages to a complaint's beginning, as its log does."""
    said = (*plot.first[complaint], *(plot.messages[n].event for n in applied))
    return Story.of(said, dedupes=dedupes)
