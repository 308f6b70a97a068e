"""One connection through the fault proxy, and what may happen to it on the way."""

import asyncio
import contextlib
import enum
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

CHUNK_BYTES = 16_384
CHUNKS_ON_THE_WAY_MAX = 64
# Patterns are also found across the border between two chunks, up to this length.
MEMORY_BYTES = 256
# A slow line lets something through this often.
SLOW_PIECES_PER_SECOND = 50


class Direction(enum.Enum):
    """The way bytes go."""

    UP = "from the client to the server"
    DOWN = "from the server to the client"


class Cut(enum.Enum):
    """When a connection is cut, seen from the bytes that are waited for."""

    BEFORE = "they do not reach the server"
    AFTER = "they reach the server; what it does with them is left to it"
    ANSWER = "the server answers; what it says next does not reach the client"


@dataclass
class CutRule:
    """Cut connections at `pattern` on its way up, so many times."""

    pattern: re.Pattern[bytes]
    where: Cut
    times_left: int


@dataclass
class Weather:
    """What holds for all connections; may be changed at any time."""

    latency_seconds: float = 0.0
    bytes_per_second: float | None = None
    slice_bytes: int | None = None
    open_ways: dict[Direction, asyncio.Event] = field(default_factory=dict)
    cut_rule: CutRule | None = None
    cuts: int = 0
    bytes_passed: dict[Direction, int] = field(
        default_factory=lambda: dict.fromkeys(Direction, 0)
    )


class _Broken(Exception):
    """Both sides are to see a reset."""


class Link:
    """A client, a server, and two pumps in between."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self.is_answer_lost = False
        self._writers = (client, server)
        for writer in self._writers:
            # Then `drain` returns when the kernel has everything.
            writer.transport.set_write_buffer_limits(high=0)

    async def run(self, *pumps: "Pump") -> None:
        """Return when both sides have closed, or one has been reset, or on a cut."""
        is_closed_by_both = False
        try:
            async with asyncio.TaskGroup() as tasks:
                for pump in pumps:
                    tasks.create_task(pump.read(self))
                    tasks.create_task(pump.write(self))
            is_closed_by_both = True
        except* (_Broken, OSError):
            pass
        finally:
            for writer in self._writers:
                if is_closed_by_both:
                    writer.close()
                else:
                    reset(writer)


class Pump:
    """Moves bytes one way, as the weather allows."""

    def __init__(
        self,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        weather: Weather,
    ) -> None:
        self._direction = direction
        self._reader = reader
        self._writer = writer
        self._weather = weather
        self._memory = b""
        # Chunks and when they were read; the last is empty, or None for a reset.
        self._on_the_way: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(
            CHUNKS_ON_THE_WAY_MAX
        )

    async def read(self, link: Link) -> None:
        """Take what comes until it ends, whether it can be delivered now or not."""
        now = asyncio.get_running_loop().time
        chunk: bytes | None = b"."
        while chunk:
            try:
                chunk = await self._reader.read(CHUNK_BYTES)
            except OSError:
                chunk = None
            if link.is_answer_lost and self._direction is Direction.DOWN:
                await self._on_the_way.join()
                raise _Broken
            await self._on_the_way.put((now(), chunk))

    async def write(self, link: Link) -> None:
        """Deliver what was taken, in its time; an end and a reset have to wait too."""
        loop = asyncio.get_running_loop()
        while True:
            read_at, chunk = await self._on_the_way.get()
            due_at = read_at + self._weather.latency_seconds
            await asyncio.sleep(max(0.0, due_at - loop.time()))
            await self._weather.open_ways[self._direction].wait()
            if chunk is None:
                raise _Broken
            if not chunk:
                with contextlib.suppress(OSError):
                    self._writer.write_eof()
                return
            await self._deliver_or_cut(chunk, link)
            self._on_the_way.task_done()

    async def _deliver_or_cut(self, chunk: bytes, link: Link) -> None:
        found = None if link.is_answer_lost else self._find_cut(chunk)
        if found is None:
            await self._deliver(chunk)
            return
        where, start, end = found
        self._weather.cuts += 1
        if where is Cut.ANSWER:
            # Without its last byte it cannot have been answered.
            await self._deliver(chunk[: end - 1])
            link.is_answer_lost = True
            await self._deliver(chunk[end - 1 :])
        else:
            await self._deliver(chunk[: start if where is Cut.BEFORE else end])
            raise _Broken

    def _find_cut(self, chunk: bytes) -> tuple[Cut, int, int] | None:
        rule = self._weather.cut_rule
        if rule is None or self._direction is Direction.DOWN:
            return None
        seen = self._memory + chunk
        known = len(self._memory)
        self._memory = seen[-MEMORY_BYTES:]
        for match in rule.pattern.finditer(seen):
            if match.end() > known:
                rule.times_left -= 1
                if rule.times_left == 0:
                    self._weather.cut_rule = None
                return rule.where, max(0, match.start() - known), match.end() - known
        return None

    async def _deliver(self, chunk: bytes) -> None:
        for piece in self._pieces(chunk):
            if rate := self._weather.bytes_per_second:
                await asyncio.sleep(len(piece) / rate)
            await self._weather.open_ways[self._direction].wait()
            self._writer.write(piece)
            await self._writer.drain()
            self._weather.bytes_passed[self._direction] += len(piece)

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        start = 0
        while start < len(chunk):
            size = self._weather.slice_bytes or len(chunk)
            if rate := self._weather.bytes_per_second:
                size = min(size, max(1, int(rate / SLOW_PIECES_PER_SECOND)))
            yield chunk[start : start + size]
            start += size


def reset(writer: asyncio.StreamWriter) -> None:
    """Close at once, so that the peer sees a reset instead of an end."""
    endpoint: socket.socket | None = writer.get_extra_info("socket")
    if endpoint is not None and endpoint.fileno() >= 0:
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
