"""Load on some connections for some seconds, one message after the other on each."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count

CONNECTIONS = 32

Caller = Callable[[int, float, "count[int]"], Awaitable[int]]
"""Speaks on one connection to a port until an instant; returns how many were taken."""


class NotTaken(Exception):
    """The door answered something else than was hoped for."""


def load(caller: Caller, port: int, seconds: float) -> tuple[int, float]:
    """Send as fast as the door answers; returns how many were taken, and the time."""
    return asyncio.run(_load(caller, port, seconds))


async def _load(caller: Caller, port: int, seconds: float) -> tuple[int, float]:
    numbers = count()
    began = time.perf_counter()
    calls = (caller(port, began + seconds, numbers) for _ in range(CONNECTIONS))
    taken = await asyncio.gather(*calls)
    return sum(taken), time.perf_counter() - began
