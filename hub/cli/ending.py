"""Being told to stop: Ctrl-C and SIGTERM, when what runs can be given back whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self


class TerminatedError(BaseException):
    """SIGTERM came; like KeyboardInterrupt it is nobody's to catch on the way."""


class Ending:
    """Keeps what a signal asks for until the block that may be broken off.

    Outside of `breakable()`, while things begin and end, nothing is interrupted: half
    a start cannot be taken back, and half an end leaves something behind.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._breakable = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = self._asked or number
        if self._breakable:
            self._break_off()

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Let signals end this block, also one that came before.

        Raises KeyboardInterrupt or TerminatedError, by what came first, once.
        """
        try:
            self._breakable = True
            if self._asked:
                self._break_off()
            yield
        finally:
            self._breakable = False

    def _break_off(self) -> None:
        self._breakable = False
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise TerminatedError
