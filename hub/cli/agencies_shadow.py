"""`simpul agencies shadow`: another mapping on real traffic, sending nothing."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.mapping_changes import tell
from hub.cli.output import answer_action, print_json, say, show
from hub.cli.session import acting, common, opened, read_settings
from hub.cli.session import why as why_option

if TYPE_CHECKING:
    from hub.database.shadows import Shadow


@click.command()
@click.argument("name")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Begin with this agency.toml.",
)
@click.option("--report", is_flag=True, help="Tell what was counted so far.")
@click.option("--stop", is_flag=True, help="End it; its counts go.")
@why_option()
@common
def shadow(
    name: str,
    file: Path | None,
    why: str,
    data_dir: Path | None,
    *,
    report: bool,
    stop: bool,
    as_json: bool,
) -> None:
    """Map real traffic with another file beside the one that runs; send nothing.

    While it is on, the process with the schedule makes each new delivery by both
    mappings, reads each new update by both, and counts what differs.
    """
    if sum((file is not None, report, stop)) != 1:
        msg = "say one of --file FILE, --report, --stop"
        raise click.UsageError(msg)
    with opened(data_dir) as store:
        if file is not None:
            store.shadows.begin(name, _checked(name, file, data_dir), acting(), why)
            sentence = f"{name} has a shadow; it sends nothing."
            then = f"What it counts: simpul agencies shadow {name} --report"
            answer_action(
                {"agency": name, "shadow": True}, sentence, as_json=as_json, then=then
            )
            return
        found = next((one for one in store.shadows.all() if one.agency == name), None)
        if found is None:
            msg = f"{name} has no shadow; begin one with --file FILE"
            raise Failed(msg)
        if stop:
            store.shadows.end(name, acting(), why)
            answer_action(
                {"agency": name, "shadow": False},
                f"{name} has no shadow any more.",
                as_json=as_json,
            )
            return
    _report(found, as_json=as_json)


def _report(found: "Shadow", *, as_json: bool) -> None:
    from hub.domain.mapping_change import MappingChange

    counts = {**MappingChange().document(), **found.report}
    if as_json:
        document = {
            "agency": found.agency,
            "mapping_version": found.mapping_version,
            "since": found.since,
            "through": found.through,
        }
        print_json(document | counts)
        return
    span = f"from {show(found.since)} to {show(found.through)}"
    if counts["deliveries"] or counts["updates"] or counts["closed"]:
        say(f"The shadow of {found.agency}, {span}:")
        tell(counts)
        return
    if found.through == found.since:
        say(f"Nobody has looked yet at what {found.agency} is told or says.")
        say("A running hub with the schedule does, some seconds behind.")
        return
    say(f"Nothing went out to {found.agency} or came in from it, {span}.")


def _checked(name: str, file: Path, data_dir: Path | None) -> bytes:
    """Read and load the file as it would run; raises ConfigError."""
    from connectors import registry
    from connectors.roster import place_of
    from hub.bootstrap.reference import folders_of
    from hub.bootstrap.switching import close_all

    content = registry.read_content(file)
    place = place_of(name, folders_of(read_settings(data_dir)))
    made = registry.make_agency(place, content, os.environ)
    close_all([made.system])
    return content
