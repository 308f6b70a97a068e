"""Why a complaint went where it went: which rules were asked, and what each said.

An explanation names rules, conditions and words of the rules; never the complaint's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.domain.regions import place_code
from hub.domain.routing import (
    ReadyRule,
    Router,
    RoutingDecision,
    category_code,
    text_of,
)
from schemas.agency import Route
from schemas.complaint import NewComplaint


@dataclass(frozen=True, slots=True)
class Asked:
    """One rule that was asked."""

    rule_id: str
    failed: str
    """The first condition that did not hold; empty: the rule matched."""
    detail: str
    """What the condition wants; for a match, what held."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rules in the order in which they were asked; the last one may match."""

    decision: RoutingDecision
    asked: tuple[Asked, ...]
    not_asked: int
    """Rules behind the one that matched."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a complaint says that rules ask for."""

    channel: str
    category: str
    region: str
    claimed_agency: str
    keyword: str
    text: str


def explain(router: Router, complaint: NewComplaint) -> Explanation:
    """Ask rule after rule, and tell what each said; decides as the router does."""
    category = complaint.category
    told = _Told(
        complaint.channel,
        category_code(category, router.scheme) if category else "",
        place_code(complaint.region),
        complaint.claimed_agency,
        complaint.keyword,
        text_of(complaint),
    )
    ready = {one.rule.id: one for one in router.ready}
    asked: list[Asked] = []
    for rule in router.table.rules:
        found = ready.get(rule.id)
        said = _ask(found, told) if found else _out_of_days(rule, router.day)
        asked.append(said)
        if found and not said.failed:
            rest = len(router.table.rules) - len(asked)
            return Explanation(found.decision, tuple(asked), rest)
    return Explanation(router.otherwise(complaint), tuple(asked), 0)


def _ask(one: ReadyRule, told: _Told) -> Asked:
    held = []
    for name, (wants, holds) in _CONDITIONS.items():
        wanted = wants(one.rule)
        if not wanted:
            continue
        found = holds(one, told)
        if found is None:
            return Asked(one.rule.id, name, f"wants {_listed(wanted)}")
        held.append(f"{name} {found}")
    return Asked(one.rule.id, "", "; ".join(held) or "it takes everything")


def _out_of_days(rule: Route, day: date | None) -> Asked:
    days = f"{rule.valid_from or '…'} to {rule.valid_until or '…'}"
    return Asked(rule.id, "validity", f"holds from {days}, not on {day}")


def _category(one: ReadyRule, told: _Told) -> str | None:
    return told.category if told.category in one.categories else None


def _channel(one: ReadyRule, told: _Told) -> str | None:
    return told.channel if told.channel in one.channels else None


def _region(one: ReadyRule, told: _Told) -> str | None:
    for code in one.regions:
        if told.region == code or told.region.startswith(f"{code}."):
            return code
    return None


def _claimed(one: ReadyRule, told: _Told) -> str | None:
    return told.claimed_agency if told.claimed_agency in one.claimed else None


def _keyword(one: ReadyRule, told: _Told) -> str | None:
    found = one.spoken(told.keyword, told.text)
    return None if found is None else f"“{found}”"


_Wants = Callable[[Route], tuple[str, ...]]
_Holds = Callable[[ReadyRule, _Told], str | None]
_CONDITIONS: Mapping[str, tuple[_Wants, _Holds]] = {
    "category": (lambda rule: rule.category, _category),
    "channel": (lambda rule: rule.channel, _channel),
    "region": (lambda rule: rule.region, _region),
    "claimed_agency": (lambda rule: rule.claimed_agency, _claimed),
    "keyword": (lambda rule: rule.keyword, _keyword),
}
"""Condition -> what a rule wants, and what of it the complaint has."""


def _listed(wanted: tuple[str, ...], at_most: int = 6) -> str:
    rest = len(wanted) - at_most
    shown = ", ".join(wanted[:at_most])
    return f"{shown} and {rest} more" if rest > 0 else shown
