"""What commands share: their common options, the store, who acts, the question."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli.errors import Failed

if TYPE_CHECKING:
    from hub.bootstrap import Store
    from hub.settings import Settings

ALL = 1_000_000
"""The limit of lists that an action goes through whole."""
ASKED_AT_ONCE = 500
"""Rows that one transaction of an action changes."""

Command = TypeVar("Command", bound=Callable[..., Any])


def common(command: Command) -> Command:
    """Add the options that every command has: `--json` and `--data-dir`."""
    command = click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document."
    )(command)
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Directory of the embedded mode; otherwise SIMPUL_DATA_DIR, or var.",
    )(command)


def why(*, required: bool = False) -> Callable[[Command], Command]:
    """Add `--why TEXT`, the reason that the audit trail keeps."""
    given: dict[str, Any] = {"required": True} if required else {"default": ""}
    return click.option(
        "--why",
        metavar="TEXT",
        help="The reason; kept in the audit trail.",
        **given,
    )


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def read_settings(data_dir: Path | None, **given: Any) -> "Settings":
    """Read the settings, with what the command line says on top."""
    from hub.settings import Settings

    if data_dir is not None:
        given["data_dir"] = data_dir
    return Settings(**given)


@contextmanager
def opened(data_dir: Path | None) -> "Iterator[Store]":
    """Open the store of a database that is there and current; creates nothing."""
    from hub.bootstrap import open_store
    from hub.database.condition import Condition, condition, require_current
    from hub.database.keyring import Keyring

    settings = read_settings(data_dir)
    url = settings.effective_database_url
    if settings.is_embedded and condition(url) is Condition.MISSING:
        raise Failed(no_database(settings))
    require_current(url)
    Keyring.open(settings.effective_keyring_file)
    store = open_store(settings, migrate=False)
    try:
        yield store
    finally:
        store.close()


def no_database(settings: "Settings") -> str:
    """Say that there is no database yet, and what makes one."""
    place = settings.data_dir.absolute()
    if not settings.is_embedded:
        return "the database has no tables yet: run `simpul db upgrade` first"
    return f"no database in {place} yet: run `simpul run` or `simpul db upgrade` first"


def acting() -> str:
    """Name who acts, for the audit trail: `cli:` and the name of the system's user."""
    import pwd

    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:uid-{os.getuid()}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone; without a terminal `--yes` is needed."""
    if yes:
        return
    if not sys.stdin.isatty():
        msg = f"{question} Nobody can be asked here: add --yes."
        raise click.UsageError(msg)
    if not click.confirm(question, err=True):
        msg = "nothing was changed"
        raise Failed(msg)


def chosen(
    ids: Sequence[str], *, everything: bool, known: Iterable[str], what: str
) -> list[str]:
    """Take the given ids, or all that are known.

    Raises click.UsageError unless it is one of both, Failed for an unknown id.
    """
    if bool(ids) == everything:
        msg = "name ids, or say --all"
        raise click.UsageError(msg)
    listed = list(known)
    if everything:
        return listed
    wanted = list(dict.fromkeys(one.lower() for one in ids))
    unknown = sorted(set(wanted) - set(listed))
    if unknown:
        msg = f"no {what} of this id: {', '.join(unknown)}; nothing was changed"
        raise Failed(msg)
    return wanted


def in_parts(ids: Sequence[str], act: Callable[[Sequence[str]], int]) -> int:
    """Act on many ids, some hundred in a transaction; returns how many changed."""
    starts = range(0, len(ids), ASKED_AT_ONCE)
    return sum(act(ids[start : start + ASKED_AT_ONCE]) for start in starts)
