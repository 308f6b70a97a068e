"""`simpul agencies check`: every mistake of an agency's file at once."""

import os
from dataclasses import asdict
from pathlib import Path

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_list, counted, say
from hub.cli.session import common, read_settings

LISTED = ("place", "key", "why")


@click.command("check")
@click.argument("name", required=False)
@common
def check(name: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Check NAME, or every agency: the file, what it names, secrets, golden cases.

    Calls nobody. NAME may be a path to an agency.toml.
    """
    from connectors import registry
    from connectors.kit.checking import check as check_file
    from connectors.kit.golden import FOLDER
    from hub.cli.agencies_loading import build, file_of, files_of

    settings = read_settings(data_dir)
    paths = [file_of(settings, name)] if name else files_of(settings)
    kinds = registry.SYSTEMS
    findings = []
    for path in paths:
        found = check_file(path, kinds=kinds, build=build, environ=os.environ)
        findings += found.findings
    rows = [
        {**asdict(one), "place": f"{one.file}:{one.line}" if one.line else one.file}
        for one in findings
    ]
    if as_json or rows:
        answer_list(rows, LISTED, as_json=as_json, nothing="")
    if any(f"/{FOLDER}/" in Path(one.file).as_posix() for one in findings):
        say("Where the file is right and its golden case old: simpul agencies preview")
        say("shows what is sent, and with --accept makes it the golden case.")
    if rows:
        agencies = counted(len(paths), "agency", "agencies")
        msg = f"{counted(len(rows), 'mistake')} in {agencies}"
        raise Failed(msg)
    if as_json:
        return
    names = ", ".join(path.parent.name for path in paths)
    say(f"Nothing is wrong: {names or 'there is no agency'}.")
    if len(paths) == 1:
        say(f"Next: simpul agencies preview {name or names}")
