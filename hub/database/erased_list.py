"""The list of erased complaints that outlives the database and its backups."""

import os
from collections.abc import Iterable
from datetime import datetime
from io import FileIO
from pathlib import Path


class ErasedList:
    """The append-only list of erased complaints, outside the database.

    A line is the complaint's id, the time, and the journal ids of its messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, complaint_id: str, at: datetime, rows: Iterable[str] = ()) -> None:
        """Add one complaint with its messages; durable when it returns."""
        line = " ".join((complaint_id, at.isoformat(), *rows))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+", buffering=0) as file:
            if _is_torn(file):
                line = f"\n{line}"
            file.write(f"{line}\n".encode())
            os.fsync(file.fileno())

    def ids(self) -> set[str]:
        """Read every complaint's id."""
        return {words[0] for words in self._lines()}

    def owners(self) -> dict[str, str]:
        """Read to which erased complaint an id belongs: its own, or a message's."""
        return {
            one: words[0] for words in self._lines() for one in (words[0], *words[2:])
        }

    def _lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        lines = self.path.read_text().splitlines()
        return [line.split() for line in lines if line.strip()]


def _is_torn(file: FileIO) -> bool:
    """Tell whether a line was broken off: the next one must not continue it."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
