"""What is wrong with a routing table: rules that cannot do what they say.

None of it stops a hub: reference data changes under a table that was right, and what a
rule does not place goes to an officer.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from hub.domain.reference import Reference
from hub.domain.routing import USUAL_SCHEME, ReadyRule, Router
from schemas.agency import Route, RoutingTable
from schemas.complaint import RegionScheme
from schemas.parties import ChannelName


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    place: str
    """The rule, or `examples` with the number of one."""
    what: str
    """unknown_agency, absent_agency, unknown_category, unknown_region,
    unknown_channel, shadowed or example."""
    why: str


def check(
    table: RoutingTable, known: Collection[str], reference: Reference, day: date
) -> list[Finding]:
    """Find what is wrong with a table on a day; examples are asked as of that day."""
    router = Router(table, known, reference, day)
    return [
        *(one for rule in table.rules for one in _names(rule, known, reference, day)),
        *shadowed(table, reference),
        *_examples(table, router),
    ]


def _names(
    rule: Route, known: Collection[str], reference: Reference, day: date
) -> Iterator[Finding]:
    """Look at everything that a rule names, while the rule lasts."""
    if rule.has_ended(day):
        return
    for name in (*rule.main, *rule.cc):
        if name not in known:
            yield Finding(rule.id, "unknown_agency", f"{name} is not loaded")
        elif why := reference.tree.absent(name, day):
            yield Finding(rule.id, "absent_agency", why)
    categories = (_category_lacks(c, reference, day) for c in rule.category)
    regions = (_region_lacks(r, reference) for r in rule.region)
    channels = (_channel_lacks(c) for c in rule.channel)
    for what, lacks in (
        ("unknown_category", categories),
        ("unknown_region", regions),
        ("unknown_channel", channels),
    ):
        yield from (Finding(rule.id, what, why) for why in lacks if why)


def _channel_lacks(channel: str) -> str:
    return "" if channel in set(ChannelName) else f"there is no {channel!r}"


def _category_lacks(code: str, reference: Reference, day: date) -> str:
    categories = reference.categories
    if not categories or ":" in code:
        return ""
    entry = categories.entry(code)
    if entry is None:
        return f"there is no {code!r}"
    return f"{code} ended on {entry.valid_until}" if entry.has_ended(day) else ""


def _region_lacks(code: str, reference: Reference) -> str:
    regions = reference.regions
    scheme, _, number = code.rpartition(":")
    if scheme and scheme not in set(RegionScheme):
        return f"{code!r} names no known scheme"
    if regions.lacks(code.removeprefix(USUAL_SCHEME)):
        return f"{number!r} is none of {regions.edition}"
    return ""


def shadowed(table: RoutingTable, reference: Reference) -> Iterator[Finding]:
    """Find rules that never decide, since an earlier one takes all that they take.

    Only what one earlier rule takes alone is found, never what several take together.
    """
    # A router without a day has every rule, also what holds at another time.
    ready = Router(table, (), reference).ready
    for number, one in enumerate(ready):
        earlier = next((e for e in ready[:number] if _takes_all(e, one)), None)
        if earlier is not None:
            why = f"{earlier.rule.id} stands before it and takes all that it takes"
            yield Finding(one.rule.id, "shadowed", why)


def _takes_all(earlier: ReadyRule, later: ReadyRule) -> bool:
    return (
        _covers(earlier.channels, later.channels)
        and _covers(earlier.categories, later.categories)
        and _covers(earlier.claimed, later.claimed)
        and (not earlier.regions or _regions_within(earlier, later))
        and (not earlier.keywords or _words_within(earlier, later))
        and _lasts_through(earlier.rule, later.rule)
    )


def _covers(earlier: frozenset[str], later: frozenset[str]) -> bool:
    return not earlier or bool(later and later <= earlier)


def _regions_within(earlier: ReadyRule, later: ReadyRule) -> bool:
    return bool(later.regions) and all(
        code in earlier.regions or code.startswith(earlier.within)
        for code in later.regions
    )


def _words_within(earlier: ReadyRule, later: ReadyRule) -> bool:
    """Tell whether whoever says a word of the later rule says one of the earlier.

    One word within another counts only in a phrase: a single one may be the keyword of
    an SMS, which does not stand in its text.
    """
    return bool(later.keywords) and all(
        word in earlier.keywords
        or (" " in word and earlier.words is not None and earlier.words.search(word))
        for word in later.keywords
    )


def _lasts_through(earlier: Route, later: Route) -> bool:
    begins = earlier.valid_from is None or (
        later.valid_from is not None and earlier.valid_from <= later.valid_from
    )
    ends = earlier.valid_until is None or (
        later.valid_until is not None and later.valid_until <= earlier.valid_until
    )
    return begins and ends


def _examples(table: RoutingTable, router: Router) -> Iterator[Finding]:
    """Ask every example; one of a rule that does not hold that day is left out."""
    for rule in (one.rule for one in router.ready):
        for number, example in enumerate(rule.examples, start=1):
            found = router(example.complaint())
            if found.rule_id != rule.id:
                why = f"example {number} is decided by {found.rule_id}"
                yield Finding(rule.id, "example", why)
    for number, placed in enumerate(table.examples, start=1):
        found = router(placed.complaint())
        if sorted(found.main) != sorted(placed.agencies):
            why = (
                f"goes to {_listed(found.main)} by {found.rule_id}, "
                f"not to {_listed(placed.agencies)}"
            )
            yield Finding(f"examples {number}", "example", why)


def _listed(agencies: Iterable[str]) -> str:
    return ", ".join(agencies) or "triage"
