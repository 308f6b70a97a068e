"""`simpul channels parse`: how one file is read, without database or broker."""

import json
from pathlib import Path

import click

from connectors import registry

_UNREAD = 1

files_argument = click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)


@click.group()
def parse() -> None:
    """Show how files of one channel are read; nothing is stored."""


@parse.command()
@files_argument
@click.option("--jsonl", is_flag=True, help="One line for each file.")
@click.option(
    "--domain",
    default="",
    metavar="DOMAIN",
    help="Our own mail domain; a mail with its Message-ID is one of ours.",
)
def email(files: tuple[Path, ...], *, jsonl: bool, domain: str) -> None:
    """Print one JSON object for each mail: its words, files, and who wrote it.

    `text` is all of it; `reply`, `quoted` and `signature` are what it is divided into.
    `classification` is human, auto_reply, bounce, complaint, list or own_loop, and
    `rule` says by which rule. `defects` are codes; no mail is refused for one. A file
    that cannot be read is named on stderr, the others are read, and the status is 1.
    """
    read = registry.mail_parser()
    unread = 0
    for path in files:
        try:
            raw = path.read_bytes()
        except (OSError, ValueError) as error:
            unread += 1
            click.echo(f"{_shown(path)}: {_why(error)}", err=True)
            continue
        found = {"file": _shown(path), **read(raw, own_domain=domain)}
        text = json.dumps(found, ensure_ascii=False, indent=None if jsonl else 2)
        # Half a letter of a broken mail cannot be written as it is.
        click.echo(text.encode("utf-8", "backslashreplace"))
    if unread:
        raise SystemExit(_UNREAD)


def _shown(path: Path) -> str:
    """Write a name of a file that may be no text."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or "no such name of a file"
