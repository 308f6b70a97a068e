"""Where a new complaint goes: the rules, and what stands above them."""

from collections.abc import Mapping
from datetime import datetime

from hub.domain.reference import Reference
from hub.domain.routing import (
    Routing,
    RoutingDecision,
    for_officer,
    text_of,
    whole_words,
    with_advice,
)
from schemas.agency import AgencyManifest, RoutingTable, Verification
from schemas.complaint import NewComplaint
from schemas.parties import PartyKind


class Placing:
    """Decides by a deployment's rules, and by what its agencies ask for."""

    def __init__(
        self,
        table: RoutingTable,
        agencies: Mapping[str, AgencyManifest],
        reference: Reference | None = None,
    ) -> None:
        own = [n for n, each in agencies.items() if each.kind is PartyKind.AGENCY]
        self._routing = Routing(table, tuple(own), reference)
        words = [word.casefold() for word in table.emergency]
        self._emergency = whole_words(words) if words else None
        self._by_officer = frozenset(
            name
            for name, each in agencies.items()
            if each.verification is Verification.OFFICER
        )

    def __call__(self, complaint: NewComplaint, at: datetime) -> RoutingDecision:
        """Choose agencies, or triage; notice words of an emergency."""
        decision = self._routing.at(at)(complaint)
        if not self._by_officer.isdisjoint(decision.main):
            decision = for_officer(decision)
        if self._emergency is not None and self._emergency.search(text_of(complaint)):
            decision = with_advice(decision)
        return decision
