"""`simpul complaints route|triage`: who decided where a complaint goes, and who should.

Opens what people wrote to ask the rules about it, and prints none of it: only rules,
conditions, codes, and words that the rules have too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.finding import find_complaint
from hub.cli.output import answer_list, print_json, print_table, say
from hub.cli.session import common, opened

if TYPE_CHECKING:
    from hub.bootstrap import Store
    from hub.domain.reference import Reference
    from hub.domain.routing import Router
    from hub.domain.routing_explained import Explanation
    from hub.domain.suggestions import Suggester, Suggestion
    from hub.ports import Told

ASKED = ("rule", "result", "detail")
TRIAGED = (
    "public_number",
    "received_at",
    "status",
    "channel",
    "category",
    "region",
    "why",
    "suggestion",
)


def add_placing(group: click.Group) -> None:
    """Add the commands that look at where complaints go."""
    group.add_command(route)
    group.add_command(triage)


@click.command()
@click.argument("name")
@click.option("--explain", is_flag=True, help="Ask today's rules one after the other.")
@common
def route(name: str, data_dir: Path | None, *, explain: bool, as_json: bool) -> None:
    """Tell which rule placed it, and with --explain what each rule says today."""
    with opened(data_dir) as store:
        told = store.told.one(find_complaint(store, name))
        if told is None:
            msg = f"{name} has no first event: simpul doctor"
            raise Failed(msg)
        rule, why, agencies = told.decided
        found: dict[str, Any] = {
            "public_number": told.public_number,
            "rule": rule,
            "why": why,
            "agencies": list(agencies),
            "now": list(told.main),
        }
        if explain:
            if told.complaint is None:
                msg = f"{name} was erased: there is nothing left to ask rules about"
                raise Failed(msg)
            from hub.domain.routing_explained import explain as ask

            router, _ = router_of(store)
            found["today"] = explained(ask(router, told.complaint))
    if as_json:
        print_json(found)
        return
    say(f"{told.public_number}: {_placed(rule, why, agencies)}")
    if told.main and told.main != agencies:
        say(f"By now it is with {', '.join(told.main)}.")
    if explain:
        print_explained(found["today"], "Today's rules")


@click.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@click.option(
    "--learn",
    "days",
    type=click.FloatRange(0),
    default=0,
    help="Learn from what agencies got in so many days, too.",
)
@common
def triage(limit: int, days: float, data_dir: Path | None, *, as_json: bool) -> None:
    """List what waits for an official, oldest first, with suggestions.

    A suggestion is never applied by itself: simpul complaints assign NUMBER --agency.
    """
    with opened(data_dir) as store:
        router, reference = router_of(store)
        suggester = suggester_of(store, router, reference, days)
        rows = list(_waiting(store, reference, suggester, limit))
    if as_json:
        print_json(rows)
        return
    shown = [{**row, "suggestion": _shown(row["suggestions"])} for row in rows]
    answer_list(
        shown,
        TRIAGED,
        as_json=False,
        nothing="Nothing waits for an official.",
        then="Give one to an agency: simpul complaints verify NUMBER, if it is "
        "received, and simpul complaints assign NUMBER --agency NAME",
    )


def _waiting(
    store: "Store", reference: "Reference", suggester: "Suggester", limit: int
) -> Iterator[dict[str, Any]]:
    for told in store.told.in_triage(limit):
        complaint = told.complaint
        text = f"{complaint.title}\n{complaint.body}" if complaint else ""
        found = suggester(text, without=told.gave_back)
        yield {
            "public_number": told.public_number,
            "received_at": told.received_at,
            "status": told.status,
            "channel": complaint.channel if complaint else "",
            "category": reference.categories.names(told.category),
            "region": reference.regions.name(told.region),
            "why": _waits_for(told),
            "suggestions": [suggested(one) for one in found],
        }


def _waits_for(told: "Told") -> str:
    if told.gave_back:
        return f"given back by {', '.join(told.gave_back)}"
    rule, why, _ = told.decided
    return f"{rule}: {why}" if rule else ""


def router_of(store: "Store") -> "tuple[Router, Reference]":
    """Make the router of today, by the database's clock."""
    from hub.bootstrap.reference import load_reference, load_routing
    from hub.domain.routing import Router

    table = load_routing(store.settings)
    reference = load_reference(store.settings, table.zone)
    day = reference.day(store.queries.now())
    return Router(table, reference.tree.agencies, reference, day), reference


def suggester_of(
    store: "Store | None", router: "Router", reference: "Reference", days: float
) -> "Suggester":
    """Learn from the rules, and from the last days of a store."""
    from hub.domain.suggestions import Suggester, common_words, lessons_of

    past = (
        (
            f"{told.complaint.title}\n{told.complaint.body}",
            set(told.main) - set(told.gave_back),
        )
        for page in (store.told.since(days) if store is not None and days else ())
        for told in page
        if told.complaint is not None
    )
    day = router.day
    open_for = [
        name
        for name in reference.tree.agencies
        if day is None or not reference.tree.absent(name, day)
    ]
    lessons = lessons_of(router.table, reference.categories)
    return Suggester(lessons, open_for, common_words(past))


def suggested(one: "Suggestion") -> dict[str, Any]:
    """Write a suggestion as a document."""
    return {
        "agency": one.agency,
        "confidence": one.confidence,
        "words": list(one.words),
    }


def explained(found: "Explanation") -> dict[str, Any]:
    """Write an explanation as a document."""
    return {
        "agencies": list(found.decision.main),
        "copies": [name for name, role in found.decision.agencies if role == "cc"],
        "rule": found.decision.rule_id,
        "why": found.decision.why,
        "asked": [
            {"rule": one.rule_id, "failed": one.failed, "detail": one.detail}
            for one in found.asked
        ],
        "not_asked": found.not_asked,
    }


def print_explained(found: dict[str, Any], who: str) -> None:
    """Print an explanation as a table and a sentence."""
    rows = [
        {
            "rule": one["rule"],
            "result": f"no: {one['failed']}" if one["failed"] else "MATCHES",
            "detail": one["detail"],
        }
        for one in found["asked"]
    ]
    if rows:
        print_table(rows, ASKED)
    if found["not_asked"]:
        say(f"Rules behind it that were not asked: {found['not_asked']}")
    placed = _placed(found["rule"], found["why"], tuple(found["agencies"]))
    say(f"{who}: {placed}")


def _placed(rule: str, why: str, agencies: tuple[str, ...]) -> str:
    if agencies:
        return f"{', '.join(agencies)}, by {rule}: {why}"
    return f"an officer has to place it, by {rule}: {why}" if rule else "placed by hand"


def _shown(suggestions: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{one['agency']} {one['confidence']:.0%} "
        f"({', '.join(one['words']) or 'by past complaints'})"
        for one in suggestions
    )
