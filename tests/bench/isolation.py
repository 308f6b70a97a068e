"""Do agencies that hang delay the others? 100 agencies, 40 of them not answering.

Pairs of rounds, undisturbed and disturbed in turn, each with a hub and a database of
its own; compared is the 95th percentile of the time from accepting a complaint to its
arrival at one of the sixty agencies that work. `python -m tests.bench.isolation`
"""

import asyncio
import json
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from hub import telemetry
from hub.bootstrap import build_hub
from hub.broker import admin
from hub.broker.topology import Topology
from hub.database.migrate import upgrade
from hub.settings import Server, Settings, Work
from schemas.raw import RawMessage
from tests.services.postgres import Postgres, start_own_postgres
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq

AGENCIES, HANGING = 100, 40
RATE, SECONDS = 25, 16
"""Complaints per second, spread over all agencies; seconds of one round."""
PAIRS = 5
ANSWER_SECONDS = 0.01
DEADLINE_SECONDS = 10
MARKER = re.compile(rb"penanda-(\d+)")

MANIFEST = """
name = "{name}"
title = "Dinas {number}"
system = "rest"
zone = "Asia/Jakarta"
order_by = "arrival"
allow = ["public_number", "title", "body"]

[limits]
rate_per_second = 50
concurrency = 4
deadline_seconds = {deadline}

[statuses]
"Diterima" = "acknowledged"

[settings]
base_url = "http://127.0.0.1:{port}/{name}"
honours_key = true
auth = {{ kind = "bearer", token = "kunci-uji-0123456789" }}

[settings.submit]
path = "/laporan"
key_field = "kunci"
reference = "nomor"

[settings.submit.fields]
"judul" = "title"

[settings.send]
path = "/laporan/{{reference}}/peristiwa"
items = "peristiwa"
key_field = "kunci"

[settings.send.fields]
"id" = "event_id"
"""


class Agencies:
    """All agencies as one small server in a process of its own."""

    def __init__(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(
            target=_serve, args=(theirs,), daemon=True
        )
        self._process.start()
        self.port: int = self._pipe.recv()

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


def _serve(pipe: Any) -> None:
    asyncio.run(_Agencies(pipe).run())


class _Agencies:
    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._hanging = 0
        self._seen: dict[int, float] = {}

    async def run(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self._pipe.send(server.sockets[0].getsockname()[1])
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._command)
        await server.serve_forever()

    def _command(self) -> None:
        said = self._pipe.recv()
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


def _manifests(folder: Path, port: int) -> Path:
    rules = []
    for number in range(AGENCIES):
        name = f"agency{number}"
        (folder / name).mkdir(parents=True)
        text = MANIFEST.format(
            name=name, number=number, port=port, deadline=DEADLINE_SECONDS
        )
        (folder / name / "agency.toml").write_text(text)
        rules.append(
            f'[[rules]]\nid = "r{number}"\nwhy = "It names it."\n'
            f'keyword = ["kata{number}"]\nmain = ["{name}"]\n'
        )
    (folder / "routing.toml").write_text("\n".join(rules))
    return folder


@contextmanager
def _hub(postgres: Postgres, rabbitmq: Rabbitmq, port: int) -> Iterator[Any]:
    database, broker = postgres.create_database(), rabbitmq.create_vhost()
    upgrade(database)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder) / "data",
            database_url=SecretStr(database),
            broker_url=SecretStr(broker),
            agencies_dir=_manifests(Path(folder) / "agencies", port),
            server=Server(port=0),
            work=Work(pool_threads=16),
        )
        lanes = ["intake.web"]
        for number in range(AGENCIES):
            lanes += [f"updates.agency{number}", f"deliver.agency{number}"]
        admin.apply(broker, Topology(), lanes)
        hub = build_hub(settings, {})
        hub.start()
        try:
            yield hub
        finally:
            hub.stop()
            postgres.drop_database(database)
            rabbitmq.drop_vhost(broker)


def _round(
    servers: tuple[Postgres, Rabbitmq], agencies: Agencies, hanging: int
) -> float:
    """Return the 95th percentile, in seconds, at the agencies that work."""
    agencies.begin(hanging=hanging)
    with _hub(*servers, agencies.port) as hub:
        sent: dict[int, float] = {}
        began = time.monotonic()
        for number in range(RATE * SECONDS):
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            sent[number] = time.monotonic()
            hub.accept(_complaint(number))
        wanted = [n for n in sent if n % AGENCIES >= HANGING]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            seen = agencies.seen()
            if all(n in seen for n in wanted):
                break
            time.sleep(0.2)
        missing = [n for n in wanted if n not in seen]
        if missing:
            print(f"{len(missing)} of {len(wanted)} did not arrive within a minute")
        delays = [seen.get(n, until) - sent[n] for n in wanted]
    return statistics.quantiles(delays, n=20)[-1]


def _complaint(number: int) -> RawMessage:
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


def main() -> int:
    """Run the pairs and print them."""
    telemetry.configure_logging("json", "ERROR")
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    agencies = Agencies()
    ratios = []
    print(
        f"{AGENCIES} agencies, {HANGING} hanging, {RATE} complaints/s for {SECONDS} s; "
        "p95 at the others"
    )
    with start_own_postgres(durable=True) as postgres, start_own_rabbitmq() as rabbitmq:
        for number in range(pairs):
            calm = _round((postgres, rabbitmq), agencies, 0)
            rough = _round((postgres, rabbitmq), agencies, HANGING)
            ratios.append(rough / calm)
            print(
                f"pair {number + 1}: undisturbed {calm * 1000:.0f} ms, disturbed "
                f"{rough * 1000:.0f} ms, ratio {rough / calm:.2f}",
                flush=True,
            )
    agencies.stop()
    print(f"median ratio {statistics.median(ratios):.2f} (gate 1.25, target 1.1)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
