"""Which agencies must act on a complaint, and why."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.reference import Reference
from hub.domain.regions import place_code
from schemas.agency import Route, RoutingTable
from schemas.complaint import Category, NewComplaint, RegionScheme
from schemas.parties import Role
from schemas.validity import Dated

VERIFYING_RULE = "verify_complete"
"""The named rule that verifies what can be routed without a person."""
CLAIMED, NO_RULE = "claimed_agency", "no_rule"
"""What decides where no rule of the table does."""


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Agencies in order, with the rule that chose them; none means triage."""

    agencies: tuple[tuple[str, Role], ...]
    rule_id: str
    why: str
    emergency: bool = False
    """Its words sound like one: the reporter is told to call for help."""

    @property
    def to_triage(self) -> bool:
        """True when an officer has to place the complaint."""
        return not self.agencies

    @property
    def main(self) -> tuple[str, ...]:
        """Agencies that must act."""
        return tuple(name for name, role in self.agencies if role is Role.MAIN)


@lru_cache(maxsize=4096)
def for_officer(decision: RoutingDecision) -> RoutingDecision:
    """Turn a decision into a proposal: an agency has its complaints verified first."""
    proposed = ", ".join(name for name, _ in decision.agencies)
    why = f"an officer verifies it first; proposed: {proposed} ({decision.why})"
    return RoutingDecision((), decision.rule_id, why[:300])


@lru_cache(maxsize=4096)
def with_advice(decision: RoutingDecision) -> RoutingDecision:
    """Let the reporter be told at once to call for help; the rest stays."""
    return replace(decision, emergency=True)


def route(
    complaint: NewComplaint, table: RoutingTable, known: Sequence[str]
) -> RoutingDecision:
    """Choose once; who chooses often keeps a `Router`."""
    return Router(table, known)(complaint)


class Router:
    """The rules of one day made ready: by category, and words as patterns."""

    def __init__(
        self,
        table: RoutingTable,
        known: Collection[str],
        reference: Reference | None = None,
        day: date | None = None,
    ) -> None:
        """Make the rules ready that hold on a day; without one all of them."""
        found = reference or Reference()
        self.table, self.day = table, day
        self.scheme = found.categories.scheme
        self._known = frozenset(known)
        self._tree = found.tree
        self._claims = {name: self._claim(name) for name in self._known}
        self.ready = tuple(
            ReadyRule.of(rule, self._by_rule(rule), found.categories)
            for rule in table.rules
            if day is None or rule.holds_on(day)
        )
        named = {category for one in self.ready for category in one.categories}
        self._any = tuple(one for one in self.ready if not one.categories)
        self._by_category = {
            category: tuple(
                one
                for one in self.ready
                if not one.categories or category in one.categories
            )
            for category in named
        }

    def __call__(self, complaint: NewComplaint) -> RoutingDecision:
        """Choose by the first rule that matches; else the claimed agency; else triage.

        A rule's agencies that are not known (any more) are left out; a rule that has
        no known main agency sends the complaint to triage, by name.
        """
        # Every complaint passes here: one loop, and the text folded at most once.
        category = complaint.category
        code = "" if category is None else category_code(category, self.scheme)
        place = complaint.region
        region = (
            ""
            if place is None
            else place.code
            if place.scheme == RegionScheme.KEMENDAGRI
            else place_code(place)
        )
        keyword = complaint.keyword.casefold()
        text: str | None = None
        for one in self._by_category.get(code, self._any):
            if one.channels and complaint.channel not in one.channels:
                continue
            if one.regions and not (
                region in one.regions or region.startswith(one.within)
            ):
                continue
            if one.claimed and complaint.claimed_agency not in one.claimed:
                continue
            if one.words is not None and keyword not in one.keywords:
                if text is None:
                    text = text_of(complaint)
                if one.words.search(text) is None:
                    continue
            return one.decision
        return self.otherwise(complaint)

    def otherwise(self, complaint: NewComplaint) -> RoutingDecision:
        """Decide what no rule matches."""
        return self._claims.get(complaint.claimed_agency, _NO_RULE)

    def _claim(self, name: str) -> RoutingDecision:
        if why := self._absent(name):
            return RoutingDecision((), CLAIMED, why)
        why = "the reporter named the agency"
        return RoutingDecision(((name, Role.MAIN),), CLAIMED, why)

    def _absent(self, name: str) -> str:
        return "" if self.day is None else self._tree.absent(name, self.day)

    def _by_rule(self, rule: Route) -> RoutingDecision:
        away = [why for name in rule.main if (why := self._absent(name))]
        main = [(name, Role.MAIN) for name in self._present(rule.main)]
        if not main:
            why = "; ".join(away) or "the rule's agencies are not connected"
            return RoutingDecision((), rule.id, why)
        copies = [(name, Role.CC) for name in self._present(rule.cc)]
        why = f"{rule.why} ({'; '.join(away)})" if away else rule.why
        return RoutingDecision((*main, *copies), rule.id, why)

    def _present(self, names: Iterable[str]) -> list[str]:
        return [n for n in names if n in self._known and not self._absent(n)]


_NO_RULE = RoutingDecision((), NO_RULE, "no routing rule matches")


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule with what it decides, and what it looks for."""

    rule: Route
    decision: RoutingDecision
    channels: frozenset[str]
    categories: frozenset[str]
    """Codes of its categories, of those below them, and their other codes."""
    regions: frozenset[str]
    within: tuple[str, ...]
    """How the codes begin of what lies within its regions."""
    claimed: frozenset[str]
    words: re.Pattern[str] | None
    keywords: frozenset[str]

    @classmethod
    def of(cls, rule: Route, decision: RoutingDecision, categories: Categories) -> Self:
        """Make a rule ready."""
        regions = [code.removeprefix(USUAL_SCHEME) for code in rule.region]
        folded = [key.casefold() for key in rule.keyword]
        return cls(
            rule,
            decision,
            frozenset(rule.channel),
            frozenset(c for code in rule.category for c in categories.within(code)),
            frozenset(regions),
            tuple(f"{code}." for code in regions),
            frozenset(rule.claimed_agency),
            whole_words(folded) if folded else None,
            frozenset(folded),
        )

    def spoken(self, keyword: str, text: str) -> str | None:
        """Find the first of the rule's words in a folded text; None: there is none."""
        if (first := keyword.casefold()) in self.keywords:
            return first
        found = self.words.search(text) if self.words else None
        return found.group() if found else None


USUAL_SCHEME = f"{RegionScheme.KEMENDAGRI}:"


def whole_words(folded: Iterable[str]) -> re.Pattern[str]:
    """Make the pattern that finds any of some folded words, whole."""
    either = "|".join(re.escape(key) for key in folded)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")


def text_of(complaint: NewComplaint) -> str:
    """Give the words of a complaint, folded."""
    return f"{complaint.title}\n{complaint.body}".casefold()


def category_code(category: Category, usual: str) -> str:
    """Write a category as rules name it: the code, after a scheme that is not usual."""
    if category.scheme == usual:
        return category.code
    return f"{category.scheme}:{category.code}"


class Routing:
    """Gives the router of an instant: rules and agencies begin and end at midnight."""

    def __init__(
        self,
        table: RoutingTable,
        known: Collection[str],
        reference: Reference | None = None,
    ) -> None:
        self._table, self._known, self._reference = table, known, reference
        days = _days_of_change(table, (reference or Reference()).tree)
        zone = ZoneInfo(table.zone)
        self._days = [date.min, *days]
        self._changes = [datetime.combine(day, time.min, zone) for day in days]
        self._routers: dict[int, Router] = {}
        self._only = self._router(0) if not days else None

    def at(self, now: datetime) -> Router:
        """Give the router of an instant; the same object until something changes."""
        if self._only is not None:
            return self._only
        number = bisect_right(self._changes, now)
        found = self._routers.get(number)
        return found if found is not None else self._router(number)

    def _router(self, number: int) -> Router:
        day = self._days[number]
        found = Router(self._table, self._known, self._reference, day)
        self._routers[number] = found
        return found


def _days_of_change(table: RoutingTable, tree: AgencyTree) -> list[date]:
    dated: tuple[Dated, ...] = (*table.rules, *tree.agencies.values())
    begins = {one.valid_from for one in dated if one.valid_from}
    untils = {one.valid_until for one in dated if one.valid_until}
    ends = {until + timedelta(1) for until in untils - {date.max}}
    return sorted(begins | ends)
