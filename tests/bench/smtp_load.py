"""Hands mails over on some connections for some seconds, one after the other each."""

import asyncio
import time
from itertools import count

from tests.bench.load import NotTaken, load
from tests.bench.mails import phone


def hand_over(port: int, seconds: float) -> tuple[int, float]:
    """Hand mails over as fast as the door answers; returns how many, and the time."""
    return load(_caller, port, seconds)


async def _caller(port: int, until: float, numbers: "count[int]") -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes, wanted: bytes) -> None:
        if line:
            writer.write(line + b"\r\n")
        while (answer := await reader.readline())[3:4] == b"-":
            pass
        if not answer.startswith(wanted):
            raise NotTaken(answer.decode(errors="replace"))

    await say(b"", b"220")
    await say(b"EHLO warga.example", b"250")
    taken = 0
    while time.perf_counter() < until:
        await say(b"MAIL FROM:<budi@warga.example>", b"250")
        await say(b"RCPT TO:<lapor@lapor.example>", b"250")
        await say(b"DATA", b"354")
        body = phone(next(numbers)).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        await say(body + b".", b"250")
        taken += 1
    await say(b"QUIT", b"221")
    writer.close()
    return taken
