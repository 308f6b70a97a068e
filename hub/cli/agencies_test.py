"""`simpul agencies test`: the conformance suite, and the report of it."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import print_json, print_table, say
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from connectors.kit.bench import Officer
    from connectors.kit.suite import Report
    from hub.cli.agencies_loading import Loaded

ROWS = ("level", "row", "verdict", "evidence")
EVIDENCE_CHARACTERS = 100
WAIT_SECONDS = {"simulator": 10.0, "ask": 300.0}


class AskedOfficer:
    """A person who works in the agency's own system when the terminal says so."""

    def act(self, reference: str, word: str, note: str) -> None:
        """Ask for the next status and wait for the return key."""
        say(f"In the agency's system: give case {reference} the status {word!r}")
        click.prompt(
            f"and the note {note!r}; then press return",
            default="",
            show_default=False,
            err=True,
        )

    def count(self, reference: str) -> int | None:
        """Nobody is asked to count."""
        del reference
        return None

    def words(self) -> list[str]:
        """Nobody is asked: the agency's file has them."""
        return []

    def begin(self) -> bool:
        """Ask for a complaint that begins there, and wait for the return key."""
        say("In the agency's system: file a complaint of your own")
        click.prompt("then press return", default="", show_default=False, err=True)
        return True


@click.command("test")
@click.argument("name")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page that can be handed on: HTML, in Indonesian and English.",
)
@click.option(
    "--simulator",
    is_flag=False,
    flag_value="",
    metavar="LIKE",
    help="Against a simulated agency in the dialect of LIKE.",
)
@click.option(
    "--officer",
    type=click.Choice(["none", "ask"]),
    default="none",
    show_default=True,
    help="Who works in a real sandbox: nobody, or you when you are asked.",
)
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where a real sandbox tells its updates; the suite's own door.",
)
@common
def test(
    name: str,
    report: Path | None,
    simulator: str | None,
    officer: str,
    listen: str,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Try NAME's system in every way that can go wrong, and say what follows.

    It files some twenty test cases: use a sandbox, or --simulator. Exit code 1 if a
    row fails.
    """
    from hub.cli.agencies_loading import file_of
    from hub.cli.agencies_simulated import simulated

    path = file_of(read_settings(data_dir), name)
    host, _, port = listen.rpartition(":")
    if not port.isdecimal():
        msg = f"--listen {listen}: expected HOST:PORT"
        raise click.UsageError(msg)
    door = (host or "127.0.0.1", int(port))
    with ExitStack() as open_:
        if simulator is None:
            who = AskedOfficer() if officer == "ask" else None
            found = _run(path, os.environ, who, door)
        else:
            place = simulated(path, simulator)
            agency, variables = open_.enter_context(place)
            found = _run(path, {**os.environ, **variables}, agency, door)
    if report is not None:
        from connectors.kit.report import html

        report.write_text(html(found), "utf-8")
    _tell(found, report, as_json=as_json)
    if not found.passed:
        failed = ", ".join(found.failed) or "nothing could be handed over"
        msg = f"{found.agency} does not conform: {failed}"
        raise Failed(msg)


def _run(
    path: Path,
    environ: Mapping[str, str],
    officer: "Officer | None",
    door: tuple[str, int],
) -> "Report":
    from connectors.kit.bench import Bench
    from connectors.kit.sample import SampleError, sample_of
    from connectors.kit.suite import run_suite
    from hub.cli.agencies_loading import build, load
    from hub.cli.agencies_simulated import SimulatedOfficer

    loaded = load(path, environ)
    _require_open(loaded, environ)
    try:
        sample = sample_of(loaded.folder)
    except SampleError as error:
        raise Failed(str(error)) from error
    is_simulated = isinstance(officer, SimulatedOfficer)
    with Bench(
        loaded.manifest,
        build,
        secrets=loaded.secrets,
        officer=officer,
        listen=door,
        wait_seconds=WAIT_SECONDS["simulator" if is_simulated else "ask"],
        sample=sample,
    ) as bench:
        if isinstance(officer, SimulatedOfficer):
            officer.hub_url = bench.way_back
        elif bench.mail is not None:
            domain = loaded.manifest.settings["domain"]
            say(f"Answers are taken at smtp://{bench.way_back}: route {domain} there")
        else:
            for way in bench.system.doors():
                say(f"Updates are taken at {bench.receiver.url}{way.path}")
        against = "simulator" if is_simulated else bench.base_url
        return run_suite(bench, against=against)


def _require_open(loaded: "Loaded", environ: Mapping[str, str]) -> None:
    """Refuse to prove what the hub itself would not call; raises Failed."""
    from connectors.kit.reaching import why_forbidden
    from connectors.registry import with_networks

    manifest = loaded.manifest
    egress = with_networks(manifest.egress, environ)
    url = str(manifest.settings.get("base_url", ""))
    if why := why_forbidden(manifest.model_copy(update={"egress": egress}), url):
        raise Failed(why)


def _tell(found: "Report", report: Path | None, *, as_json: bool) -> None:
    document = found.document()
    if as_json:
        print_json(document)
        return
    print_table([_row(row) for row in document["rows"]], ROWS)
    counts = ", ".join(f"{number} {name}" for name, number in found.counts.items())
    say(f"Level {found.level}; {counts}")
    for row in document["rows"]:
        if row["verdict"] == "fail":
            say(f"{row['id']}: {row['means']['en']}")
    if report is not None:
        say(f"The report is {report}")


def _row(row: dict[str, Any]) -> dict[str, Any]:
    evidence = "; ".join(row["evidence"])
    return {
        "level": row["level"],
        "row": row["id"],
        "verdict": row["verdict"],
        "evidence": evidence[:EVIDENCE_CHARACTERS],
    }
