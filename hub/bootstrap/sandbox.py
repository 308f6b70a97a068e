"""Normalising within limits: costly channels in a child process that can be killed."""

import contextlib
import multiprocessing
import os
import resource
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from connectors import registry
from connectors.contract import Channel, Item
from hub.ports import NormaliseError
from schemas.raw import JournalEntry

BODY_BYTES_MAX = 32_000_000
"""A larger message is kept raw and quarantined."""


class Sandbox:
    """Runs `normalise()`. Implements `hub.ports.Normaliser`."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        configs: Mapping[str, Mapping[str, Any]],
        *,
        seconds_max: float,
        memory_mb_max: int,
    ) -> None:
        self._channels = channels
        self._children = {
            name: _Child(name, dict(configs[name]), seconds_max, memory_mb_max)
            for name, channel in channels.items()
            if channel.isolated
        }

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        """Normalise one message; raises NormaliseError beyond the limits."""
        found = self._channels.get(channel)
        if found is None:
            msg = f"channel {channel!r} is not on"
            raise NormaliseError(msg)
        if len(entry.raw.body) > BODY_BYTES_MAX:
            msg = f"larger than {BODY_BYTES_MAX} bytes"
            raise NormaliseError(msg)
        if channel in self._children:
            return self._children[channel].run(entry)
        try:
            return found.normalise(entry)
        except Exception as error:
            msg = f"its reader failed with {type(error).__name__}"
            raise NormaliseError(msg) from error

    def close(self) -> None:
        """End the child processes."""
        for child in self._children.values():
            child.end()


class _Child:
    """One reader process; started when first needed, replaced when it was killed."""

    def __init__(
        self, name: str, config: dict[str, Any], seconds_max: float, memory_mb_max: int
    ) -> None:
        self._name = name
        self._config = config
        self._seconds_max = seconds_max
        self._memory_mb_max = memory_mb_max
        self._lock = threading.Lock()
        self._process: Any = None
        self._pipe: Connection | None = None

    def run(self, entry: JournalEntry) -> Sequence[Item]:
        with self._lock:
            pipe = self._started()
            try:
                pipe.send(entry)
                if not pipe.poll(self._seconds_max):
                    self.end()
                    msg = f"reading it took longer than {self._seconds_max:g} s"
                    raise NormaliseError(msg, crashed=True)
                ok, found = pipe.recv()
            except (EOFError, OSError) as error:
                self.end()
                msg = "reading it ended its process"
                raise NormaliseError(msg, crashed=True) from error
        if not ok:
            msg = f"its reader failed with {found}"
            raise NormaliseError(msg)
        items: Sequence[Item] = found
        return items

    def _started(self) -> Connection:
        if self._pipe is not None and self._process.is_alive():
            return self._pipe
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve,
            args=(theirs, self._name, self._config, self._memory_mb_max),
            name=f"read-{self._name}",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._pipe = ours
        return ours

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process.close()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(
    pipe: Connection, name: str, config: dict[str, Any], memory_mb_max: int
) -> None:
    """Read messages until the parent is gone."""
    limit = memory_mb_max * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    channel = registry.channel(name, config, os.environ)
    with contextlib.suppress(EOFError, OSError):
        while True:
            entry = pipe.recv()
            try:
                answer: tuple[bool, Any] = (True, channel.normalise(entry))
            except Exception as error:  # noqa: BLE001 - the parent names it
                answer = (False, type(error).__name__)
            pipe.send(answer)
