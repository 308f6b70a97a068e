"""A process that outlives this one just long enough to clean up after it."""

import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

STOP_SECONDS_MAX = 20.0

# The kernel ends the input of the guard even when its owner is killed. What the last
# words killed may still write for a moment, so removing takes several turns.
SCRIPT = """
cat >/dev/null
{last_words}
turns=0
until rm -rf "$1" || [ "$turns" -ge 100 ]; do
    sleep 0.05
    turns=$((turns + 1))
done
"""


class Guard:
    """Runs `last_words` of shell and removes the folder ($1) when its owner is gone."""

    def __init__(self, folder: Path, last_words: str) -> None:
        self._process = subprocess.Popen(
            ["sh", "-c", SCRIPT.replace("{last_words}", last_words), "sh", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the tests; the guard has to outlive their clean-up.
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """Let the guard do its work now; does not wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self) -> None:
        """Return when its work is done; raises TimeoutExpired if that takes long."""
        self._process.wait(STOP_SECONDS_MAX)


class Guarded(ABC):
    """A program whose folder a guard removes after it."""

    _guard: Guard

    @abstractmethod
    def kill(self) -> None:
        """End the program at once; a second call does nothing."""

    def stop(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        self.kill()
        self._guard.dismiss()
        self._guard.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
