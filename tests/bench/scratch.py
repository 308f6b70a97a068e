"""Folders that disappear with this process, however it ends."""

import tempfile
from functools import cache
from pathlib import Path

from tests.services.guard import Guard


def new_folder(name: str) -> Path:
    """Make an empty folder; who needs the room sooner removes it."""
    folder, _ = _guarded()
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))


@cache
def _guarded() -> tuple[Path, Guard]:
    folder = Path(tempfile.mkdtemp(prefix="simpul-bench-"))
    # While its guard is known here, the guard's input stays open.
    return folder, Guard(folder, ":")
