"""`simpul agencies preview` and `try`: what would be sent, and what comes of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import print_json, say
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from hub.cli.agencies_loading import Loaded

complaint_option = click.option(
    "--complaint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A complaint in JSON; otherwise the agency's sample.json, or a built-in one.",
)


@click.command("preview")
@click.argument("name")
@complaint_option
@click.option(
    "--accept",
    is_flag=True,
    help="Make it the golden case that check compares with; read it before.",
)
@common
def preview(
    name: str,
    complaint: Path | None,
    data_dir: Path | None,
    *,
    accept: bool,
    as_json: bool,
) -> None:
    """Show the request by which NAME would get a complaint; sends nothing."""
    from connectors.kit.golden import accept as accept_case
    from connectors.kit.golden import calls_of
    from connectors.kit.masking import shown

    loaded, given = _given(name, complaint, data_dir)
    calls = calls_of(loaded.manifest, loaded.system, given, "preview")
    if not calls:
        msg = f"the system {loaded.manifest.system!r} sends nothing over HTTP"
        raise Failed(msg)
    requests = [_request(shown(one, loaded.secrets)) for one in calls]
    if accept:
        case = accept_case(loaded.folder, loaded.manifest, loaded.system, given)
        say(f"Written as the golden case {case}")
    if as_json:
        name = loaded.manifest.name
        print_json({"agency": name, "sent": False, "requests": requests})
        return
    for one in requests:
        _print_request(one)
    say(f"Nothing was sent. To send it: simpul agencies try {name}")


@click.command("try")
@click.argument("name")
@complaint_option
@click.option(
    "--simulator",
    is_flag=False,
    flag_value="",
    metavar="LIKE",
    help="Send it to a simulated agency in the dialect of LIKE.",
)
@common
def try_(
    name: str,
    complaint: Path | None,
    simulator: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Hand the sample complaint over to NAME's system, and show what comes of it.

    It is a real call: use the address of a sandbox, or --simulator.
    """
    from hub.cli.agencies_loading import file_of
    from hub.cli.agencies_simulated import simulated

    path = file_of(read_settings(data_dir), name)
    if simulator is None:
        document = _try(path, complaint, dict(os.environ))
    else:
        with simulated(path, simulator) as (_, variables):
            document = _try(path, complaint, {**os.environ, **variables})
    if as_json:
        print_json(document)
    else:
        _print_tried(document)
    if document["error"]:
        msg = f"{document['error']}: {document['why']}"
        raise Failed(msg)


def _try(path: Path, complaint: Path | None, environ: dict[str, str]) -> dict[str, Any]:
    from connectors.kit.bench import STEPS_MAX, Bench
    from connectors.kit.sample import hand_over
    from hub.cli.agencies_loading import build, load

    loaded = load(path, environ)
    given = _complaint(loaded, complaint)
    # A bench that is not opened has no proxy: the agency itself is called.
    bench = Bench(loaded.manifest, build, secrets=loaded.secrets)
    tried = bench.call(
        loaded.system.submit, hand_over(loaded.manifest, given), most=STEPS_MAX
    )
    error = tried.error
    return {
        "agency": loaded.manifest.name,
        "exchanges": tried.exchanges,
        "reference": tried.reference,
        "result": tried.says,
        "error": type(error).__name__ if error else "",
        "why": str(error or ""),
        "seconds": round(tried.seconds, 3),
    }


def _given(
    name: str, complaint: Path | None, data_dir: Path | None
) -> "tuple[Loaded, dict[str, Any]]":
    from hub.cli.agencies_loading import file_of, load

    loaded = load(file_of(read_settings(data_dir), name), os.environ)
    return loaded, _complaint(loaded, complaint)


def _complaint(loaded: "Loaded", complaint: Path | None) -> dict[str, Any]:
    from connectors.kit.sample import SampleError, read_sample, sample_of

    try:
        return read_sample(complaint) if complaint else sample_of(loaded.folder)
    except SampleError as error:
        raise Failed(str(error)) from error


def _request(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out an answer that nobody gave."""
    return {k: row[k] for k in ("step", "request", "headers", "body", "curl")}


def _print_request(one: dict[str, Any]) -> None:
    click.echo(one["request"])
    for header, value in one["headers"].items():
        click.echo(f"{header}: {value}")
    click.echo(f"\n{one['body']}\n\n{one['curl']}\n")


def _print_tried(document: dict[str, Any]) -> None:
    for one in document["exchanges"]:
        _print_request(one)
        click.echo(f"{_answered(one)}\n")
    say(f"{document['result']}, after {document['seconds']} s")
    if document["reference"]:
        say(f"Next: simpul agencies test {document['agency']}")


def _answered(one: dict[str, Any]) -> str:
    """Say what came back; the reason that nothing did follows at the end."""
    if not one["status"]:
        return "no answer"
    return f"answered {one['status']}\n{one['answer']}"
