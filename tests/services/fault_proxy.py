"""A TCP proxy that breaks connections on purpose.

Its event loop runs in a thread of its own; tests steer it with plain calls, which
return when the fault is in effect:

    with FaultProxy.before(rabbitmq_url) as proxy:
        connect(proxy.instead_of(rabbitmq_url))
        proxy.blackhole(Direction.DOWN)
        ...
        proxy.heal()
"""

import asyncio
import re
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from tests.services.fault_link import (
    Cut,
    CutRule,
    Direction,
    Link,
    Pump,
    Weather,
    reset,
)
from tests.services.ports import free_ports

__all__ = ["AMQP_PUBLISH", "POSTGRES_COMMIT", "Cut", "Direction", "FaultProxy"]

CONTROL_SECONDS_MAX = 30.0

# As a statement of its own, or with the extended protocol parsed under any name.
POSTGRES_COMMIT = re.compile(rb"(?:Q.{4}|P.{4}[^\0]*\0)COMMIT\0", re.DOTALL)
# The first frame of basic.publish on any channel; the message ends two frames later.
AMQP_PUBLISH = re.compile(rb"\x01.{6}\x00\x3c\x00\x28", re.DOTALL)

T = TypeVar("T")


class FaultProxy:
    """Stands before one server and passes everything on until told otherwise.

    Faults combine, hold for connections old and new, and last until `heal()`.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the address of the server; listen on a free port of this machine."""
        self.host = "127.0.0.1"
        (self.port,) = free_ports(1)
        self._upstream = (host, port)
        self._weather = Weather()
        self._links: dict[asyncio.Task[None], None] = {}
        self._connections_total = 0
        self._connections_max = 0
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._call(self._open())

    @classmethod
    def before(cls, url: str) -> Self:
        """Stand before the server of an address that names its port."""
        address = urlsplit(url)
        return cls(address.hostname or "", address.port or 0)

    def instead_of(self, url: str) -> str:
        """Return the same address, but through this proxy."""
        address = urlsplit(url)
        credentials, at, _ = address.netloc.rpartition("@")
        place = f"{credentials}{at}{self.host}:{self.port}"
        return address._replace(netloc=place).geturl()

    # --- what has been seen -----------------------------------------------------

    @property
    def connections_now(self) -> int:
        """How many clients are connected."""
        return len(self._links)

    @property
    def connections_total(self) -> int:
        """How many clients have been accepted since the start."""
        return self._connections_total

    @property
    def connections_max(self) -> int:
        """How many clients have been connected at the same time, at most."""
        return self._connections_max

    @property
    def cuts(self) -> int:
        """How many connections `cut_at` has cut, or is about to cut on the answer."""
        return self._weather.cuts

    def bytes_passed(self, direction: Direction) -> int:
        """Return how many bytes have been delivered that way since the start."""
        return self._weather.bytes_passed[direction]

    # --- faults -----------------------------------------------------------------

    def heal(self) -> None:
        """Pass everything on again, also what was held back."""
        self.slow()
        self._weather.cut_rule = None
        self._call(self._open())

    def refuse(self) -> None:
        """Refuse new connections; those that are there go on."""
        self._call(self._refuse())

    def reset_all(self) -> None:
        """Reset all connections, on both sides; new ones are accepted."""
        self._call(self._reset_all())

    def blackhole(self, *directions: Direction) -> None:
        """Deliver nothing that way, or neither way; sockets stay open.

        Also the end of a connection is not delivered. New ones are accepted.
        """
        self._call(self._close_ways(directions or tuple(Direction)))

    def slow(
        self,
        *,
        latency_seconds: float = 0.0,
        bytes_per_second: float | None = None,
        slice_bytes: int | None = None,
    ) -> None:
        """Deliver later, or at a lower rate, or in small pieces, each way.

        The rate is that of one connection.
        """
        self._weather.latency_seconds = latency_seconds
        self._weather.bytes_per_second = bytes_per_second
        self._weather.slice_bytes = slice_bytes

    def cut_at(self, pattern: re.Pattern[bytes], where: Cut, *, times: int = 1) -> None:
        """Reset a connection, on both sides, when `pattern` comes by on its way up.

        Everything before the pattern is delivered. Of a pattern that arrives in parts,
        the first part may reach the server even with Cut.BEFORE. With Cut.AFTER the
        pattern has to end where the message ends, else the server cannot act on it.
        """
        self._weather.cut_rule = CutRule(pattern, where, times)

    # --- end --------------------------------------------------------------------

    def close(self) -> None:
        """Reset all connections and stop listening; a second call does nothing."""
        if self._loop.is_closed():
            return
        self._call(self._refuse())
        self._call(self._reset_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CONTROL_SECONDS_MAX)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- in the thread of the loop ------------------------------------------------

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(CONTROL_SECONDS_MAX)

    async def _open(self) -> None:
        for direction in Direction:
            self._weather.open_ways.setdefault(direction, asyncio.Event()).set()
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._serve, self.host, self.port
            )

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _close_ways(self, directions: tuple[Direction, ...]) -> None:
        for direction in directions:
            self._weather.open_ways[direction].clear()

    async def _reset_all(self) -> None:
        tasks = tuple(self._links)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links[task] = None
        self._connections_total += 1
        self._connections_max = max(self._connections_max, len(self._links))
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        except (OSError, asyncio.CancelledError):
            reset(writer)
        else:
            up = Pump(Direction.UP, reader, up_writer, self._weather)
            down = Pump(Direction.DOWN, up_reader, writer, self._weather)
            await Link(writer, up_writer).run(up, down)
        finally:
            del self._links[task]
