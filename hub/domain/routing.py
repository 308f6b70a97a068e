"""Which agencies must act on a complaint, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.agency import Route, RoutingTable
from schemas.complaint import NewComplaint
from schemas.parties import Role

VERIFYING_RULE = "verify_complete"
"""The named rule that verifies what can be routed without a person."""


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Agencies in order, with the rule that chose them; none means triage."""

    agencies: tuple[tuple[str, Role], ...]
    rule_id: str
    why: str

    @property
    def to_triage(self) -> bool:
        """True when an officer has to place the complaint."""
        return not self.agencies


def route(
    complaint: NewComplaint, table: RoutingTable, known: Sequence[str]
) -> RoutingDecision:
    """Choose by the first rule that matches; else the claimed agency; else triage.

    A rule's agencies that are not known (any more) are left out; a rule that has
    no known main agency sends the complaint to triage, by name.
    """
    words = f"{complaint.title}\n{complaint.body}".casefold()
    for rule in table.rules:
        if _matches(rule, complaint, words):
            return _by_rule(rule, known)
    claimed = complaint.claimed_agency
    if claimed in known:
        return RoutingDecision(
            ((claimed, Role.MAIN),), "claimed_agency", "the reporter named the agency"
        )
    return RoutingDecision((), "no_rule", "no routing rule matches")


def _by_rule(rule: Route, known: Sequence[str]) -> RoutingDecision:
    main = [(name, Role.MAIN) for name in rule.main if name in known]
    if not main:
        return RoutingDecision((), rule.id, "the rule's agencies are not connected")
    copies = [(name, Role.CC) for name in rule.cc if name in known]
    return RoutingDecision((*main, *copies), rule.id, rule.why)


def _matches(rule: Route, complaint: NewComplaint, words: str) -> bool:
    category = complaint.category.code if complaint.category else ""
    region = complaint.region.code if complaint.region else ""
    return (
        (not rule.channel or complaint.channel in rule.channel)
        and (not rule.category or category in rule.category)
        and (not rule.region or any(_within(region, code) for code in rule.region))
        and (not rule.claimed_agency or complaint.claimed_agency in rule.claimed_agency)
        and (not rule.keyword or _speaks_of(rule.keyword, complaint.keyword, words))
    )


def _within(region: str, code: str) -> bool:
    return region == code or region.startswith(f"{code}.")


def _speaks_of(keywords: Sequence[str], keyword: str, words: str) -> bool:
    return any(
        key.casefold() == keyword.casefold()
        or re.search(rf"(?<!\w){re.escape(key.casefold())}(?!\w)", words) is not None
        for key in keywords
    )
