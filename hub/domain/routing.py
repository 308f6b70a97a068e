"""Which agencies must act on a complaint, and why."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

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
    """Choose once; who chooses often keeps a `Router`."""
    return Router(table, known)(complaint)


class Router:
    """A routing table made ready: rules by category, and words as patterns."""

    def __init__(self, table: RoutingTable, known: Sequence[str]) -> None:
        self._known = frozenset(known)
        rules = [_Ready.of(rule, self._known) for rule in table.rules]
        named = {category for rule in table.rules for category in rule.category}
        self._any = tuple(ready for ready in rules if not ready.rule.category)
        self._by_category = {
            category: tuple(
                ready
                for ready in rules
                if not ready.rule.category or category in ready.rule.category
            )
            for category in named
        }

    def __call__(self, complaint: NewComplaint) -> RoutingDecision:
        """Choose by the first rule that matches; else the claimed agency; else triage.

        A rule's agencies that are not known (any more) are left out; a rule that has
        no known main agency sends the complaint to triage, by name.
        """
        category = complaint.category.code if complaint.category else ""
        for ready in self._by_category.get(category, self._any):
            if ready.matches(complaint):
                return ready.decision
        claimed = complaint.claimed_agency
        if claimed in self._known:
            return RoutingDecision(
                ((claimed, Role.MAIN),),
                "claimed_agency",
                "the reporter named the agency",
            )
        return RoutingDecision((), "no_rule", "no routing rule matches")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule with what it decides, and the words that it looks for."""

    rule: Route
    decision: RoutingDecision
    words: re.Pattern[str] | None
    keywords: frozenset[str]

    @classmethod
    def of(cls, rule: Route, known: Collection[str]) -> Self:
        """Make a rule ready."""
        folded = [key.casefold() for key in rule.keyword]
        either = "|".join(re.escape(key) for key in folded)
        words = re.compile(rf"(?<!\w)(?:{either})(?!\w)") if folded else None
        return cls(rule, _by_rule(rule, known), words, frozenset(folded))

    def matches(self, complaint: NewComplaint) -> bool:
        """Tell whether the rule takes a complaint of its category."""
        rule = self.rule
        region = complaint.region.code if complaint.region else ""
        return (
            (not rule.channel or complaint.channel in rule.channel)
            and (not rule.region or any(_within(region, code) for code in rule.region))
            and (
                not rule.claimed_agency
                or complaint.claimed_agency in rule.claimed_agency
            )
            and (self.words is None or self._speaks(self.words, complaint))
        )

    def _speaks(self, words: re.Pattern[str], complaint: NewComplaint) -> bool:
        if complaint.keyword.casefold() in self.keywords:
            return True
        text = f"{complaint.title}\n{complaint.body}".casefold()
        return words.search(text) is not None


def _by_rule(rule: Route, known: Collection[str]) -> RoutingDecision:
    main = [(name, Role.MAIN) for name in rule.main if name in known]
    if not main:
        return RoutingDecision((), rule.id, "the rule's agencies are not connected")
    copies = [(name, Role.CC) for name in rule.cc if name in known]
    return RoutingDecision((*main, *copies), rule.id, rule.why)


def _within(region: str, code: str) -> bool:
    return region == code or region.startswith(f"{code}.")
