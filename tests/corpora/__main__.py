"""`make corpora CORPORA=FOLDER`: print how readers do on collections of messages."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import click

from tests.corpora.comparing import Score
from tests.corpora.mails import score_classes, score_mails
from tests.corpora.replies import score_replies

Scorer = Callable[[Path], tuple[Score, list[str]]]

SETS: tuple[tuple[str, str, str, Scorer], ...] = (
    ("Mails", "mime/expected.jsonl", "mime", score_mails),
    ("Answers", "replies/replies.jsonl", "replies/replies.jsonl", score_replies),
    ("Who wrote", "bounces/expected.jsonl", "bounces", score_classes),
)
"""Title, the file that says what is expected, what is scored, by what."""


def main() -> int:
    """Score every set that is there; 2 when there is none."""
    parser = argparse.ArgumentParser(prog="make corpora")
    parser.add_argument("folder", type=Path, help="where the collections are")
    parser.add_argument("--wrong", action="store_true", help="name what is not right")
    options = parser.parse_args()
    there = [row for row in SETS if (options.folder / row[1]).exists()]
    if not there:
        click.echo(f"no collection in {options.folder}", err=True)
        return 2
    for title, _, place, scorer in there:
        score, notes = scorer(options.folder / place)
        lines = [title, *score.lines(), *(f"  {note}" for note in notes)]
        if options.wrong:
            lines += [f"    {line}" for line in score.wrong]
        click.echo("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
