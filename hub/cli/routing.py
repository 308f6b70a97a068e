"""`simpul routing`: rules, what is wrong with them, and what others would change."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_list, print_json, print_table, say
from hub.cli.placing import (
    explained,
    print_explained,
    router_of,
    suggested,
    suggester_of,
)
from hub.cli.session import common, opened, read_settings

if TYPE_CHECKING:
    from datetime import date

    from hub.domain.reference import Reference
    from hub.domain.routing_check import Finding
    from schemas.agency import Route, RoutingTable
    from schemas.validity import Dated

LISTED = ("rule", "takes", "main", "cc", "days", "why")
CATEGORIES = ("category", "also", "indonesian", "english", "days")
FOUND = ("place", "what", "why")
CHANGED = ("count", "from", "to", "as_now", "rules", "public_numbers")
SHOWN = 5
"""Public numbers in one cell of the table; the document has more."""

file_argument = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
on_option = click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="As if it were that day; otherwise today.",
)


@click.group()
def routing() -> None:
    """Look at the routing rules, test them, and try others."""


@routing.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List the rules in the order in which they are asked."""
    table, _ = _loaded(data_dir, None)
    if as_json:
        print_json(table.model_dump(mode="json"))
        return
    rows = [
        {
            "rule": rule.id,
            "takes": _takes(rule) or "everything",
            "main": ", ".join(rule.main),
            "cc": ", ".join(rule.cc),
            "days": _days(rule),
            "why": rule.why,
        }
        for rule in table.rules
    ]
    answer_list(rows, LISTED, as_json=False, nothing="No rules.")


@routing.command()
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@on_option
@common
def test(
    file: Path | None, on: datetime | None, data_dir: Path | None, *, as_json: bool
) -> int:
    """Ask the examples of FILE, or of this deployment; find rules that cannot work.

    Exit code 1: something is wrong.
    """
    table, reference = _loaded(data_dir, file)
    found = _findings(table, reference, _day(on, reference))
    if as_json:
        print_json({"ok": not found, "findings": [asdict(one) for one in found]})
    else:
        answer_list(
            [asdict(one) for one in found],
            FOUND,
            as_json=False,
            nothing=f"{len(table.rules)} rules and {_asked(table)} examples are well.",
        )
    return 1 if found else 0


@routing.command()
@click.option("--text", required=True, help="What somebody writes; made up.")
@click.option("--category", default="", metavar="CODE")
@click.option("--region", default="", metavar="CODE", help="As 32.76, or bps:32.76.")
@click.option(
    "--channel",
    type=click.Choice(["email", "sms", "web"]),
    default="web",
    show_default=True,
)
@click.option("--keyword", default="", help="The first word of an SMS.")
@click.option("--claimed-agency", default="", metavar="NAME")
@on_option
@common
def explain(
    on: datetime | None, data_dir: Path | None, *, as_json: bool, **given: Any
) -> None:
    """Ask the rules about made-up words, and tell what each says."""
    from pydantic import ValidationError

    from hub.domain.routing import Router
    from hub.domain.routing_explained import explain as ask
    from schemas.agency import Example

    table, reference = _loaded(data_dir, None)
    try:
        complaint = Example(**given).complaint()
    except (ValidationError, ValueError) as error:
        msg = "category and region are codes, as kesehatan and 32.76 or bps:32.76"
        raise Failed(msg) from error
    day = _day(on, reference)
    router = Router(table, reference.tree.agencies, reference, day)
    found = explained(ask(router, complaint))
    found["category"] = reference.categories.names(given["category"])
    found["region"] = reference.regions.name(given["region"])
    suggester = suggester_of(None, router, reference, 0)
    found["suggestions"] = (
        []
        if found["agencies"]
        else [suggested(one) for one in suggester(given["text"])]
    )
    if as_json:
        print_json(found)
        return
    _say_unknown(given["category"], given["region"], reference)
    print_explained(found, "The rules")
    for one in () if found["agencies"] else found["suggestions"]:
        words = ", ".join(one["words"])
        say(f"Perhaps {one['agency']} ({one['confidence']:.0%}): {words}")


def _say_unknown(category: str, region: str, reference: "Reference") -> None:
    """Tell what is no code; the rules are asked all the same."""
    if region and reference.regions.lacks(region):
        say(f"{region} is no region of {reference.regions.edition}.")
    if category and ":" not in category and not reference.categories.entry(category):
        say(f"{category} is no category: simpul routing categories")


@routing.command()
@common
def categories(data_dir: Path | None, *, as_json: bool) -> None:
    """List the categories that rules and officials name, with their days."""
    _, reference = _loaded(data_dir, None)
    rows = [
        {
            "category": one.code,
            "also": ", ".join(one.also),
            "indonesian": one.name.id,
            "english": one.name.en,
            "parent": one.parent,
            "days": _days(one),
        }
        for one in reference.categories.all
    ]
    answer_list(rows, CATEGORIES, as_json=as_json, nothing="No categories.")


@routing.command("try")
@file_argument
@click.option(
    "--days",
    type=click.FloatRange(0, min_open=True),
    default=30,
    show_default=True,
    help="Complaints of so many days are asked about.",
)
@click.option(
    "--numbers",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Public numbers kept for each change.",
)
@on_option
@common
def try_(
    file: Path,
    days: float,
    numbers: int,
    on: datetime | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Tell what the rules of FILE would change for past complaints; changes nothing."""
    from connectors import registry
    from hub.domain.routing import Router
    from hub.domain.routing_change import Rehearsal

    other = registry.load_routing(file)
    with opened(data_dir) as store:
        today, reference = router_of(store)
        day = on.date() if on else today.day
        known = reference.tree.agencies
        rehearsal = Rehearsal(
            Router(today.table, known, reference, day),
            Router(other, known, reference, day),
            numbers,
        )
        erased = 0
        for page in store.told.since(days):
            for told in page:
                if told.complaint is None:
                    erased += 1
                else:
                    rehearsal.take(told.complaint, told.public_number, told.main)
    findings = _findings(other, reference, day) if day else []
    document = {
        "asked": rehearsal.asked,
        "erased": erased,
        "changed": sum(one.count for one in rehearsal.changes),
        "changes": [asdict(one) for one in rehearsal.changes],
        "findings": [asdict(one) for one in findings],
    }
    if as_json:
        print_json(document)
    else:
        _print_changes(document)


def _print_changes(document: dict[str, Any]) -> None:
    for one in document["findings"]:
        say(f"{one['place']}: {one['what']}: {one['why']}")
    rows = [
        {
            "count": one["count"],
            "from": one["came"],
            "to": one["goes"],
            "as_now": one["as_now"],
            "rules": ", ".join(f"{a} > {b}" for a, b in sorted(one["rules"])),
            "public_numbers": " ".join(one["public_numbers"][:SHOWN]),
        }
        for one in document["changes"]
    ]
    if rows:
        print_table(rows, CHANGED)
    say(
        f"{document['changed']} of {document['asked']} complaints would go elsewhere; "
        f"{document['erased']} were erased and are not asked about."
    )


def _loaded(
    data_dir: Path | None, file: Path | None
) -> "tuple[RoutingTable, Reference]":
    """Load a routing table and what it is held against; needs no secret."""
    from connectors import registry
    from hub.bootstrap.reference import load_reference, load_routing

    settings = read_settings(data_dir)
    table = registry.load_routing(file) if file else load_routing(settings)
    return table, load_reference(settings, table.zone)


def _day(on: datetime | None, reference: "Reference") -> "date":
    return on.date() if on else reference.day(datetime.now(UTC))


def _findings(
    table: "RoutingTable", reference: "Reference", day: "date"
) -> "list[Finding]":
    from hub.domain.routing_check import check

    return check(table, reference.tree.agencies, reference, day)


def _asked(table: "RoutingTable") -> int:
    return len(table.examples) + sum(len(rule.examples) for rule in table.rules)


def _takes(rule: "Route") -> str:
    names = ("channel", "category", "region", "claimed_agency", "keyword")
    given = [(name, getattr(rule, name)) for name in names]
    return "; ".join(f"{name} {', '.join(values)}" for name, values in given if values)


def _days(one: "Dated") -> str:
    if one.valid_from is None and one.valid_until is None:
        return ""
    return f"{one.valid_from or '…'} to {one.valid_until or '…'}"
