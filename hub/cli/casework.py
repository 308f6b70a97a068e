"""`simpul complaints VERB`: what an operator decides, or enters for others."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from hub.cli.errors import Failed
from hub.cli.finding import find_complaint
from hub.cli.output import answer_action
from hub.cli.session import acting, common, opened, why
from hub.domain.workflow import WORKFLOW, Actor, ActorRole, Verb
from schemas.complaint import ReportType
from schemas.events import CATALOGUE
from schemas.parties import Author, AuthorKind, Role
from schemas.payloads import FollowUpKind

HELP: Mapping[str, str] = {
    "verify": "It is clear, complete and in scope.",
    "hold": "The reporter must complete it first.",
    "resume": "End the hold.",
    "classify": "Set its type, category or grade.",
    "protect": "Hide the reporter, or the complaint from the public.",
    "assign": "Give it to an agency.",
    "archive": "Close it without action.",
    "restore": "Take it out of the archive.",
    "reject": "It is out of scope.",
    "redirect": "Send the reporter to an emergency line.",
    "merge": "Let it follow another complaint about the same matter.",
    "close": "Close it.",
    "reopen": "Have it worked on again.",
    "unit": "The agency gave it to one of its units.",
    "acknowledge": "The agency has seen it.",
    "start": "The agency works on it.",
    "answer": "Enter the agency's answer.",
    "settle": "Enter the agency's last answer.",
    "wait": "The agency waits for the reporter.",
    "return": "The agency says that it is not competent.",
    "take-back": "Decide that it is not: its leg ends.",
    "keep": "Decide that it is.",
    "reply": "Enter what the reporter wrote on paper, or said.",
    "correct": "The reporter puts something right.",
    "accept": "The reporter accepts the answer.",
    "dispute": "The reporter does not: it goes on.",
    "appeal": "The reporter asks for a review.",
    "rate": "The reporter rates the answer.",
    "withdraw": "The reporter takes it back.",
}
"""Verb -> what `--help` says."""

_Option = Callable[[Any], Any]
DETAILS: Mapping[str, tuple[_Option, ...]] = {
    "assign": (
        click.option(
            "--role",
            type=click.Choice([r.value for r in Role]),
            default=Role.MAIN.value,
            show_default=True,
            help="It must act, or is informed only.",
        ),
        click.option("--unit", help="A unit of the agency, by name or title."),
        click.option(
            "--final",
            is_flag=True,
            default=None,
            help="It keeps it: needed when it was given back too often.",
        ),
    ),
    "merge": (
        click.option(
            "--into", "other", required=True, metavar="NAME", help="Which one."
        ),
    ),
    "correct": (
        click.option("--title"),
        click.option("--body", help="All of the new text."),
        click.option("--place", "place_text", help="Where it is."),
        click.option("--landmark", help="What is near."),
        click.option(
            "--incident-on", metavar="DATE", help="When it was, as 2026-11-24."
        ),
    ),
    "unit": (click.option("--unit", required=True, help="The unit's name."),),
    "answer": (
        click.option(
            "--kind",
            type=click.Choice([FollowUpKind.INTERIM, FollowUpKind.SUBSTANTIVE]),
            help="Work goes on, or the matter is answered (default).",
        ),
    ),
    "classify": (
        click.option(
            "--type", "report_type", type=click.Choice([r.value for r in ReportType])
        ),
        click.option("--category", metavar="CODE", help="A category by its code."),
        click.option(
            "--supervisory/--not-supervisory",
            "supervisory_grade",
            default=None,
            help="Misconduct that needs an inspection, or not.",
        ),
    ),
    "protect": (
        click.option("--anonymous/--named", "anonymous", default=None),
        click.option("--confidential/--public", "confidential", default=None),
        click.option(
            "--agreed-by",
            "second_person",
            help="Who else agreed; only with two persons a flag is taken away.",
        ),
    ),
    "rate": (click.option("--stars", type=click.IntRange(1, 5), required=True),),
}
"""Verb -> options of its own; their names are fields of the event's payload."""


CHECKED = frozenset({"assign", "unit", "classify"})
"""Verbs that name what is held against the deployment's files; others need none."""


def add_verbs(group: click.Group) -> None:
    """Add a command for each verb of the workflow."""
    for verb in WORKFLOW.values():
        group.add_command(_command(verb))


def _command(verb: Verb) -> click.Command:
    options = [*DETAILS.get(verb.name, ()), why()]
    if "text" in CATALOGUE[verb.event].payload.model_fields:
        text = click.option("--text", default="", help="Words that go with it.")
        options.insert(0, text)
    if verb.reasons:
        options.insert(
            0,
            click.option(
                "--reason",
                type=click.Choice(verb.reasons),
                required=len(verb.reasons) > 1,
                help="The coded reason; the reporter reads it.",
            ),
        )
    if verb.on_leg or verb.event == "assigned":
        options.insert(0, click.option("--agency", required=True, help="Which one."))

    def run(name: str, data_dir: Path | None, *, as_json: bool, **given: Any) -> None:
        _act(verb, name, data_dir, as_json=as_json, given=given)

    run.__doc__ = HELP[verb.name]
    command: Any = common(run)
    for option in reversed(options):
        command = option(command)
    return click.command(verb.name)(click.argument("name")(command))


def _act(
    verb: Verb,
    name: str,
    data_dir: Path | None,
    *,
    as_json: bool,
    given: dict[str, Any],
) -> None:
    from uuid_utils.compat import uuid7

    from hub.bootstrap.reference import load_reference
    from hub.stages.act import Act, NotPossibleError, Request

    shared = {k: given.pop(k, None) or "" for k in ("agency", "reason", "text", "why")}
    details = {k: v for k, v in given.items() if v is not None}
    if category := details.get("category"):
        details["category"] = {"code": category}
    author = Author(kind=AuthorKind.OPERATOR, id=acting())
    with opened(data_dir) as store:
        if other := details.get("other"):
            details["other"] = find_complaint(store, other)
        reference = load_reference(store.settings) if verb.name in CHECKED else None
        request = Request(
            complaint_id=find_complaint(store, name),
            verb=verb.name,
            actor=Actor(author, ActorRole.OPERATOR),
            action_id=str(uuid7()),
            details=details,
            **shared,
        )
        try:
            moved = Act(store.cases, reference)(request)
        except NotPossibleError as error:
            raise Failed(str(error)) from error
    answer_action(
        {
            "id": request.complaint_id,
            "seq": moved.seq,
            "event": moved.event,
            "status": moved.status,
        },
        f"{name}: {moved.event}; the complaint is {moved.status}.",
        as_json=as_json,
        then=f"What happened so far: simpul complaints trace {name}",
    )
