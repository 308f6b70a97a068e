"""Which events an agency is concerned with: those of the time in which it has the case.

What `hub.domain.privacy` lets a kind of party see is narrowed here for one agency. It
is asked when an event is appended and again when it is sent: a later event, such as a
withdrawal, takes along whatever stands before it.
"""

from collections.abc import Sequence

from hub.domain.lifecycle import ENDED_LEG, CaseState, fold
from schemas.events import CATALOGUE, LogEvent, NewEvent

ALWAYS_TOLD = frozenset({"erasure_requested", "returned", "withdrawn", "merged_into"})
"""Told to an agency even when its legs have ended."""


def concerns(event: NewEvent, state: CaseState, agency: str) -> bool:
    """Tell whether an event concerns an agency; `state` is the case after it."""
    if event.type in ALWAYS_TOLD or (event.leg is not None and event.leg[0] == agency):
        return True
    return any(leg.is_open for leg in state.legs.values() if leg.agency == agency)


def concerned_with(log: Sequence[LogEvent], agency: str) -> set[int]:
    """Name the seqs of a whole log, from seq 1 on, that concern an agency."""
    ends = next((e.seq for e in log if _may_end(e, agency)), None)
    found = {e.seq for e in log if ends is None or e.seq < ends}
    if ends is None:
        return found
    numbered = [(e.seq, e) for e in log]
    return found | {
        e.seq
        for n, e in enumerate(log, start=1)
        if e.seq >= ends and concerns(e, fold(numbered[:n]), agency)
    }


def _may_end(event: NewEvent, agency: str) -> bool:
    """Tell whether an event may end a leg of an agency: before it, none has ended."""
    if event.leg is None or event.leg[0] != agency:
        return False
    name = str(event.facts.get("stands_for", event.type))
    row = CATALOGUE.get(name)
    return row is not None and row.effect.to in ENDED_LEG
