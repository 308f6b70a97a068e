"""`simpul parties`: agencies and the ways back to reporters."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.errors import Failed
from hub.cli.output import answer_action, answer_list
from hub.cli.session import acting, common, opened, why

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED = (
    "party",
    "kind",
    "title",
    "state",
    "breaker",
    "lagging",
    "oldest",
    "last_success_at",
    "why",
    "asking",
)


HOLD_BACK = "Hold one back: simpul parties pause NAME --why TEXT"
LAGGING = (
    "Why one lags: simpul dead list for what was set aside, simpul queues for waits"
)


@click.group()
def parties() -> None:
    """Agencies and ways back to reporters: list, pause, resume."""


@parties.command("list")
@common
def list_(data_dir: Path | None, *, as_json: bool) -> None:
    """List parties with their lag."""
    with opened(data_dir) as store:
        rows = store.queries.parties()
    answer_list(
        rows,
        LISTED,
        as_json=as_json,
        nothing="No parties yet: `simpul run` writes the configured ones.",
        then=LAGGING if any(row["lagging"] for row in rows) else HOLD_BACK,
    )


@parties.command()
@click.argument("name")
@why(required=True)
@common
def pause(name: str, why: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Send nothing to a party until it is resumed; nothing is lost."""
    with opened(data_dir) as store:
        if not store.parties.pause(name, acting(), why):
            raise _unknown(store, name)
    answer_action(
        {"party": name, "state": "paused"},
        f"{name} is paused; its work waits.",
        as_json=as_json,
        then=f"When it is over: simpul parties resume {name} --why TEXT",
    )


@parties.command()
@click.argument("name")
@why(required=True)
@common
def resume(name: str, why: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Go on with a paused or stopped party, slowly at first."""
    with opened(data_dir) as store:
        if not store.parties.resume(name, acting(), why):
            raise _unknown(store, name)
    answer_action(
        {"party": name, "state": "active"},
        f"{name} is resumed; what waited goes on with a slow start.",
        as_json=as_json,
        then="How it catches up: simpul parties list",
    )


def _unknown(store: "Store", name: str) -> Failed:
    names = [row["party"] for row in store.queries.parties()]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "see `simpul parties list`"
    return Failed(f"there is no party {name!r}; {hint}")
