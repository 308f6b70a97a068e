"""Transfers: how often a complaint may wander from agency to agency, and who is told.

An agency that is not competent asks to give a complaint back; whoever stands above it
decides. A transfer never closes a complaint, and every return counts as a hop.
"""

from hub.domain.lifecycle import CaseState
from schemas.events import NewEvent
from schemas.parties import Role
from schemas.status import Status

HOPS_MAX = 3
"""After so many returns the next agency keeps it: somebody decides so, by name."""


def hops(state: CaseState) -> int:
    """Count how often it was given back by who had to act."""
    return sum(
        leg.status is Status.RETURNED and leg.role is Role.MAIN
        for leg in state.legs.values()
    )


def needs_final(state: CaseState) -> bool:
    """Tell whether the next assignment has to be one that is not given back."""
    return hops(state) >= HOPS_MAX


def alarm(before: CaseState, event: NewEvent) -> str:
    """Say why a supervisor is to look at it, with an event; empty when nobody is.

    ping_pong: an agency gets it again that gave it back. too_many_returns: with this
    return the limit is reached.
    """
    if event.type == "assigned" and event.leg is not None:
        agency = event.leg[0]
        gave_back = any(
            leg.agency == agency and leg.status is Status.RETURNED
            for leg in before.legs.values()
        )
        return "ping_pong" if gave_back else ""
    leg = before.legs.get(event.leg) if event.type == "returned" and event.leg else None
    if leg is not None and leg.role is Role.MAIN and hops(before) + 1 == HOPS_MAX:
        return "too_many_returns"
    return ""
