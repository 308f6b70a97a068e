"""Answers: one JSON document for programs, a table for people, both on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

import click

PIPE_WIDTH = 240
"""A table that is piped is not folded to a terminal's width."""

Row = Mapping[str, Any]


def print_json(document: Any) -> None:
    """Print one JSON document; instants as ISO 8601 in UTC."""
    text = json.dumps(document, default=plain, ensure_ascii=False, indent=2)
    click.echo(text)


def plain(value: Any) -> Any:
    """Write a value that JSON has no form for."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Print rows as a table, times in the local zone."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(show(row.get(column))) for column in columns))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(file=sys.stdout, width=width, highlight=False).print(table)


def show(value: Any) -> str:
    """Write one value as people read it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict):
        return json.dumps(value, default=plain) if value else ""
    return str(value)


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number and its noun: `1 key`, `2 keys`; `many` where an s is wrong."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def say(text: str) -> None:
    """Talk on stderr."""
    click.echo(text, err=True)


def answer_list(
    rows: Sequence[Row],
    columns: Sequence[str],
    *,
    as_json: bool,
    nothing: str,
    then: str = "",
) -> None:
    """Print a list; for people also what they may type next."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        say(nothing)
        return
    print_table(rows, columns)
    if then:
        say(then)


def answer_action(
    document: Mapping[str, Any], sentence: str, *, as_json: bool, then: str = ""
) -> None:
    """Tell what an action did."""
    if as_json:
        print_json(document)
        return
    say(sentence)
    if then:
        say(then)
