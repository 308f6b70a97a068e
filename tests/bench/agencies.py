"""A hundred agencies that answer in ten milliseconds; some of them may hang."""

import asyncio
import json
import multiprocessing
import re
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from schemas.agency import Route
from schemas.raw import RawMessage
from tests.bench import agency_files

AGENCIES = 100
ANSWER_SECONDS = 0.01
MARKER = re.compile(rb"penanda-(\d+)")


class Agencies:
    """All agencies as one small server in a process of its own.

    It ends with `stop()` or with this process, even when that is killed.
    """

    def __init__(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(
            target=_serve, args=(theirs, self._pipe), daemon=True
        )
        self._process.start()
        theirs.close()
        self.port: int = self._pipe.recv()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def begin(self, *, hanging: int) -> None:
        """Forget what was seen; so many agencies do not answer from now on."""
        self._pipe.send(hanging)
        self._pipe.recv()

    def seen(self) -> dict[int, float]:
        """When each marker arrived, on the machine's monotonic clock."""
        self._pipe.send("seen")
        found: dict[int, float] = self._pipe.recv()
        return found

    def stop(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection, of_parent: Connection) -> None:
    # While this process holds the other end too, it is never told of the parent's end.
    of_parent.close()
    asyncio.run(_Agencies(pipe).run())


class _Agencies:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._hanging = 0
        self._seen: dict[int, float] = {}
        self._ended = asyncio.Event()

    async def run(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self._pipe.send(server.sockets[0].getsockname()[1])
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._command)
        await self._ended.wait()

    def _command(self) -> None:
        try:
            said = self._pipe.recv()
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._ended.set()
            return
        if said == "seen":
            self._pipe.send(self._seen)
            return
        self._hanging, self._seen = said, {}
        self._pipe.send("begun")

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                number = int(head.split(b"/", 2)[1].removeprefix(b"agency"))
                await self._answer(number, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, number: int, body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if number < self._hanging:
            await self._hang(number, writer)
            return
        if found := MARKER.search(body):
            self._seen.setdefault(int(found[1]), time.monotonic())
        await asyncio.sleep(ANSWER_SECONDS)
        text = json.dumps({"nomor": f"{number}-{time.monotonic_ns()}"}).encode()
        writer.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(text), text)
        )
        await writer.drain()

    async def _hang(self, number: int, writer: asyncio.StreamWriter) -> None:
        """A third never answers, a third drips, a third answers far too late."""
        if number % 3 == 0:
            await asyncio.sleep(3600)
        if number % 3 == 1:
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 3600\r\n\r\n")
            for _ in range(3600):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.4)
        await asyncio.sleep(29)
        writer.close()


def write_files(folder: Path, port: int) -> None:
    """Write the agencies as the hub reads them, and a rule for each."""
    titles = {f"agency{number}": f"Dinas {number}" for number in range(AGENCIES)}
    rules = [
        Route(
            id=f"r{number}",
            why="It names it.",
            keyword=(f"kata{number}",),
            main=(f"agency{number}",),
        )
        for number in range(AGENCIES)
    ]
    agency_files.write(folder, titles, rules, port)


def complaint(number: int) -> RawMessage:
    """Make a complaint that one agency gets, whatever runs beside it."""
    agency = number % AGENCIES
    body = {
        "title": f"Laporan penanda-{number}",
        "body": f"Ini tentang kata{agency} di Kabupaten Sukamaju, nomor {number}.",
        "anonymous": True,
    }
    return RawMessage(
        source="web",
        lane="intake.web",
        source_key=f"public:/api/v1/complaints::{number}",
        body=json.dumps(body).encode(),
        meta={"route": "/api/v1/complaints"},
        spoolable=True,
        revisable=False,
    )
