"""`simpul agencies diff`: what another mapping would change in past traffic."""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.mapping_changes import tell
from hub.cli.output import counted, print_json, say
from hub.cli.session import common, opened, read_settings
from hub.cli.spans import Span

if TYPE_CHECKING:
    from connectors.contract import AgencyConnector
    from hub.bootstrap import Store
    from hub.settings import Settings


@click.command()
@click.argument("name")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The other agency.toml; otherwise the one in SIMPUL_AGENCIES_DIR.",
)
@click.option(
    "--since", type=Span(), default="7d", show_default=True, help="How far back."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Deliveries, and messages, that are looked at, newest first.",
)
@common
def diff(
    name: str,
    file: Path | None,
    since: float,
    limit: int,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Tell what another file would change for past traffic; sends and writes nothing.

    Both mappings make every delivery of that time anew, and read every message of the
    agency again. Fields are named; values are not shown.
    """
    from hub.bootstrap.rehearsing import rehearse
    from hub.bootstrap.switching import close_all
    from hub.database.traffic import Window

    settings = read_settings(data_dir)
    with opened(data_dir) as store:
        old, new = _both(store, settings, name, file)
        try:
            now = store.queries.now()
            window = Window(now - timedelta(days=since), now, limit)
            found = rehearse(store, old, new, window)
        finally:
            close_all([old.system, new.system])
        open_cases = store.traffic.open_cases(name)
    document = {
        "agency": name,
        "from": old.mapping_version,
        "to": new.mapping_version,
        **found.document(),
        "complaints": len(found.complaints),
        "open_cases": open_cases,
    }
    if as_json:
        print_json(document)
    else:
        tell(document)
        touched = counted(document["complaints"], "complaint")
        cases = counted(open_cases, "open case")
        say(f"Touched: {touched}; the agency has {cases}.")


def _both(
    store: "Store", settings: "Settings", name: str, file: Path | None
) -> "tuple[AgencyConnector, AgencyConnector]":
    """Make the connector that runs and the other one; raises ConfigError, Failed."""
    from connectors import registry
    from connectors.roster import place_of
    from hub.bootstrap.reference import folders_of

    place = place_of(name, folders_of(settings))
    runs = next((v for v in store.versions.current() if v.agency == name), None)
    if runs is None and not place.exists():
        msg = f"{name} has neither a version nor a file"
        raise Failed(msg)
    content = registry.read_content(place) if runs is None else runs.content
    other = registry.read_content(file or place)
    old = registry.make_agency(place, content, os.environ)
    return old, registry.make_agency(place, other, os.environ)
