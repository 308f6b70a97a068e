"""Conflicts: an agency's word that was said before its author knew of a decision.

Nobody's clock decides: an agency's word carries up to where its author had been told
(`heard_seq`), and a decision after that place was not known to it. Both events stay
in the log, and both sides are driven to the result: the decision is still on its way
to that agency, and what comes back afterwards knows of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.events import NewEvent

_GOES_ON = frozenset({"work_started", "followed_up", "leg_put_on_hold"})

STANDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "reopened": frozenset({"resolved"}),
        "accepted": _GOES_ON,
        "closed": _GOES_ON,
        "closed_by_silence": frozenset(),
    }
)
"""Decision about the case -> words of an agency that it overtakes.

Reopened while an agency settles: the case stays open, since the reporter read the
answer and the agency has not read the objection. Accepted or closed by an official
while an agency goes on: it stays closed. Closed by silence is overtaken itself: an
answer ends the silence. What ends a case otherwise (archived, withdrawn, merged) needs
no row: it stands above every leg.
"""


def overtakes(decision: tuple[str, int], word: str, event: NewEvent) -> bool:
    """Tell whether a decision (type, seq) stands against an agency's word."""
    name, seq = decision
    heard = event.facts.get("heard_seq")
    return heard is not None and heard < seq and word in STANDS.get(name, ())
