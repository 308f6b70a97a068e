"""Posts complaints over some connections for some seconds, one after the other each."""

import asyncio
import re
import time
from itertools import count

from tests.bench.load import NotTaken, load
from tests.bench.main_job_world import message

PATH = "/api/v1/complaints"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def post(port: int, seconds: float) -> tuple[int, float]:
    """Post as fast as the door answers; returns how many were taken, and the time."""
    return load(_caller, port, seconds)


async def _caller(port: int, until: float, numbers: "count[int]") -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = 0
    while time.perf_counter() < until:
        writer.write(_request(next(numbers)))
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 202"):
            raise NotTaken((head + body).decode(errors="replace"))
        taken += 1
    writer.close()
    return taken


def _request(n: int) -> bytes:
    body = message(n).body
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Idempotency-Key: {n:032d}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
