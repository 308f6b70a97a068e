"""The `simpul` command in this process and in one of its own, and what it leaves."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAILED, USAGE, UNHEALTHY, INTERRUPTED, TERMINATED = 1, 2, 3, 130, 143


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Result]


@dataclass(frozen=True)
class World:
    data_dir: Path
    code: str
    held_reference: str


# --- a process of its own ------------------------------------------------------


@contextmanager
def started(*arguments: str, **variables: str) -> "Iterator[subprocess.Popen[str]]":
    """Run `simpul` beside the test; killed if it has not ended with the block."""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-m", "hub", *arguments],
        env={**os.environ, "PYTHONPATH": root, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_document(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Read what `simpul run --json` prints when its doors are open."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            break
    found: dict[str, Any] = json.loads(text)
    return found


# --- what there is afterwards --------------------------------------------------


def sql(tmp_path: Path, *statements: str) -> None:
    """Change the records behind the program's back."""
    connection = sqlite3.connect(tmp_path / "data" / "simpul.db")
    try:
        with connection:
            for statement in statements:
                connection.execute(statement)
    finally:
        connection.close()


def wrong(found: Result) -> list[str]:
    """Name the doctor's checks that failed."""
    return [c["check"] for c in found.document["checks"] if not c["ok"]]


def party(run: Run, name: str) -> dict[str, Any]:
    rows = run("parties", "list", "--json").document
    found: dict[str, Any] = next(row for row in rows if row["party"] == name)
    return found


def tree(place: Path) -> dict[str, bytes]:
    """Read every file, but those that SQLite makes for whoever reads."""
    passing = {".db-wal", ".db-shm"}
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.suffix not in passing
    }
