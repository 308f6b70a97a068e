"""`simpul channels parse`: how one file is read, without database or broker."""

import json
from pathlib import Path

import click

from connectors import registry
from hub.cli.output import print_json

files_argument = click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
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
    `rule` says by which rule. `defects` are codes; no mail is refused for one.
    """
    read = registry.mail_parser()
    for path in files:
        found = {"file": str(path), **read(path.read_bytes(), own_domain=domain)}
        if jsonl:
            click.echo(json.dumps(found, ensure_ascii=False))
        else:
            print_json(found)
