"""`simpul agencies push-sample`: a signed test update, in both directions."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import print_json, say
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from hub.cli.agencies_loading import Loaded

MAIL = "email"
SMTP_DOOR = "smtp://127.0.0.1:2525"
"""Where a hub takes mails; --hub smtp://HOST:PORT says another place."""
LANGUAGES = ("python", "php", "node", "curl")


@click.command("push-sample")
@click.argument("name")
@click.option(
    "--hub",
    default="http://127.0.0.1:8080",
    show_default=True,
    metavar="URL",
    help="Where the hub listens.",
)
@click.option("--reference", default="UJI-1", help="The agency's number of a case.")
@click.option("--status", "word", default="", help="The agency's own status word.")
@click.option(
    "--body",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Sign this file as it is.",
)
@click.option(
    "--snippet",
    type=click.Choice(LANGUAGES),
    help="Print the program that verifies an update, or signs one (curl).",
)
@common
def push_sample(
    name: str,
    hub: str,
    reference: str,
    word: str,
    body: Path | None,
    snippet: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write a signed update of NAME with its line for cURL, and ours to NAME.

    Nothing is sent. The signature holds for five minutes.
    """
    from connectors.kit import signing
    from hub.cli.agencies_loading import file_of, load

    if snippet is not None:
        click.echo(signing.snippet(snippet), nl=False)
        return
    loaded = load(file_of(read_settings(data_dir), name), os.environ)
    try:
        document = _document(loaded, hub, reference, word, body)
    except signing.UnsignableError as error:
        raise Failed(str(error)) from error
    if as_json:
        print_json(document)
        return
    is_mail = loaded.manifest.system == MAIL
    if is_mail:
        click.echo(f"# answer.eml: an officer answers\n{document['to_hub']['body']}")
    click.echo(f"# {name} tells the hub\n{document['to_hub']['curl']}\n")
    for line in document["to_agency"]:
        click.echo(
            f"# the hub tells {name}; the secrets are yours to fill in\n{line}\n"
        )
    say(f"The hub reads it as: {', '.join(document['to_hub']['read_as'])}")
    if not is_mail:
        say(f"Programs that verify: simpul agencies push-sample {name} --snippet php")


def _document(
    loaded: "Loaded", hub: str, reference: str, word: str, body: Path | None
) -> dict[str, Any]:
    from connectors.contract import Take
    from connectors.kit import signing
    from connectors.kit.receiver import read_all

    system, manifest = loaded.system, loaded.manifest
    doors = [door for door in system.doors() if door.method == "POST"]
    if not doors and manifest.system == MAIL:
        return _answered(loaded, hub, word, body)
    if not doors:
        msg = "the system has no door that updates could be pushed to"
        raise Failed(msg)
    at = datetime.now(UTC)
    words = list(manifest.statuses)
    word = word or (words[0] if words else "")
    content = (
        body.read_bytes()
        if body
        else signing.update_body(manifest, reference=reference, word=word, at=at)
    )
    request = signing.signed(manifest, doors[0].path, content, at)
    taken = doors[0].read(request)
    if not isinstance(taken, Take):
        msg = f"the door does not take it: {taken.status} {taken.body.decode()}"
        raise Failed(msg)
    records = [one for raw in taken.raws for one in read_all(system, raw)]
    return {
        "agency": manifest.name,
        "to_hub": {
            "curl": signing.curl_of(request, hub),
            "headers": dict(request.headers),
            "body": content.decode("utf-8", "replace"),
            "read_as": [_read_as(one) for one in records],
        },
        "to_agency": _ours(loaded, reference),
    }


def _answered(
    loaded: "Loaded", hub: str, word: str, body: Path | None
) -> dict[str, Any]:
    """Write an officer's answer to a mail of ours, and how it comes to our door."""
    from connectors.kit.mail_sample import curl_of, read_sample, sample_answer

    word = word or next(iter(loaded.manifest.statuses))
    mail = (
        body.read_bytes()
        if body
        else sample_answer(loaded.manifest, loaded.system, word)
    )
    at = hub if hub.startswith("smtp") else SMTP_DOOR
    return {
        "agency": loaded.manifest.name,
        "to_hub": {
            "curl": curl_of(mail, at),
            "headers": {},
            "body": mail.decode("utf-8", "replace"),
            "read_as": [_read_as(one) for one in read_sample(loaded.system, mail)],
        },
        "to_agency": _ours(loaded, "UJI-1"),
    }


def _read_as(record: Any) -> str:
    return str(getattr(record, "event_type", "") or getattr(record, "code", ""))


def _ours(loaded: "Loaded", reference: str) -> list[str]:
    """Write what the hub would tell the agency of a reply, as lines for cURL."""
    from contextlib import suppress

    from connectors.errors import ConnectorError
    from connectors.kit.masking import curl
    from connectors.kit.sample import told
    from connectors.protocols.http.tap import listening

    delivery = told(loaded.manifest, reference, "reporter_replied")
    with listening(dry=True) as heard, suppress(ConnectorError):
        loaded.system.send(delivery)
    return [curl(one, loaded.secrets) for one in heard.exchanges]
