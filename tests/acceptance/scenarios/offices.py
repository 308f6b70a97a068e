"""Two offices whose systems are asked, around a real hub on RabbitMQ and PostgreSQL.

An office is scripted by its test, and shares nothing with the systems of connectors/.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

import httpx2
import sqlalchemy as sa
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from connectors.contract import (
    Capabilities,
    Delivery,
    Done,
    Found,
    NotFound,
    Page,
    PollAsk,
    System,
)
from connectors.errors import Retryable
from hub.bootstrap import Hub, Store, build_hub, open_store
from hub.broker import admin
from hub.broker.topology import Topology
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.settings import Server, Settings, Work
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyUpdate, AgencyView

SECONDS_MAX = 60.0
PLACE = "tests.acceptance.scenarios.offices:OfficeSystem"
WORDS = {"diterima": "acknowledged", "dikerjakan": "work_started", "tuntas": "resolved"}
MANIFEST = """name = "{name}"
title = "Kantor {name}"
system = "office"
zone = "Asia/Jakarta"
allow = ["public_number", "title", "body"]
[limits]
rate_per_second = 20
deadline_seconds = 5
ramp_seconds = 0
[poll]
every_seconds = 1
pages_max = 3
"""
ROUTING = """[[rules]]
id = "works"
why = "Works."
category = ["pekerjaan-umum"]
main = ["kantor_a"]
[[rules]]
id = "health"
why = "Health."
category = ["kesehatan"]
main = ["kantor_b"]
"""


@dataclass
class Office:
    """What one agency has, and how its system behaves."""

    cases: dict[str, str] = field(default_factory=dict)
    """Reference -> the word it stands at."""
    keys: dict[str, str] = field(default_factory=dict)
    said: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    is_down: bool = False
    page: int = 20
    overlap: int = 5
    clock: Callable[[datetime], str] | None = None
    """Writes the office's own time, as its feed shows it."""
    pages: list[datetime] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, reference: str, word: str, at: str = "", note: str = "") -> None:
        """Move a case, and put it into the feed."""
        with self.lock:
            self.cases[reference] = word
            item = {"nomor": reference, "status": word, "waktu": at, "catatan": note}
            self.said.append(item | {"id": str(len(self.said))})


class OfficeSystem(System):
    """A system that is asked; its office is found by the agency's name."""

    offices: ClassVar[dict[str, Office]] = {}
    capabilities = Capabilities(
        honours_key=True, finds=True, polls="feed", snapshots="cases"
    )

    def __init__(self, manifest: AgencyManifest) -> None:
        self._zone = ZoneInfo(manifest.zone)
        self._office = self.offices.setdefault(manifest.name, Office())

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        return cls(manifest)

    def _reach(self) -> None:
        if self._office.is_down:
            msg = "connection refused"
            raise Retryable(msg)

    def submit(self, delivery: Delivery) -> Done:
        self._reach()
        office = self._office
        with office.lock:
            reference = office.keys.setdefault(
                delivery.key, f"K-{len(office.keys) + 1}"
            )
            office.cases.setdefault(reference, "diterima")
        return Done(reference=reference)

    def send(self, delivery: Delivery) -> Done:
        self._reach()
        types = tuple(event.type for event in delivery.events)
        self._office.told.append((delivery.reference, types))
        if "reopened" in types:
            self._office.cases[delivery.reference] = "dikerjakan"
        return Done(reference=delivery.reference)

    def find(self, delivery: Delivery) -> Found | NotFound:
        self._reach()
        found = self._office.keys.get(delivery.key)
        return Found(reference=found) if found else NotFound()

    def poll(self, ask: PollAsk) -> Page:
        self._reach()
        office = self._office
        office.pages.append(ask.now)
        read = int(ask.checkpoint or b"0")
        first, last = max(0, read - office.overlap), read + office.page
        with office.lock:
            items = office.said[first:last]
            last = min(last, len(office.said))
            is_more = last < len(office.said)
        skew = None
        if office.clock is not None:
            ahead = self._instant(office.clock(ask.now)) - ask.now
            skew = ahead.total_seconds()
        return Page(
            raws=tuple(_raw(item) for item in items),
            checkpoint=str(last).encode(),
            more=is_more,
            skew_seconds=skew,
        )

    def snapshot(self, references: Sequence[str]) -> list[AgencyView]:
        self._reach()
        cases = self._office.cases
        return [
            AgencyView(
                reference=one,
                present=one in cases,
                raw_status=cases.get(one, ""),
                event_type=WORDS.get(cases.get(one, ""), ""),
            )
            for one in references
        ]

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate]:
        item = json.loads(entry.raw.body)
        return [
            AgencyUpdate(
                reference=item["nomor"],
                event_type=WORDS[item["status"]],
                raw_status=item["status"],
                text=item["catatan"],
                event_id=item["id"],
                occurred_at=self._instant(item["waktu"]) if item["waktu"] else None,
            )
        ]

    def _instant(self, text: str) -> datetime:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else found.replace(tzinfo=self._zone)


def _raw(item: dict[str, str]) -> RawMessage:
    return RawMessage(
        source="office",
        lane="office",
        source_key=item["id"],
        body=json.dumps(item).encode(),
        content_type="application/json",
        expects_complaint=False,
    )


@dataclass
class Offices:
    """A running hub, and the two offices that it asks."""

    hub: Hub
    desk: Store
    a: Office
    b: Office
    settings: Settings

    def write(self, title: str, category: str = "pekerjaan-umum") -> str:
        """Write a complaint; returns its id, once an office has it."""
        office = self.a if category == "pekerjaan-umum" else self.b
        before = len(office.cases)
        answer = httpx2.post(
            f"{self.hub.http_url}/api/v1/complaints",
            content=json.dumps(
                {
                    "title": title,
                    "body": "Mohon ditindaklanjuti.",
                    "category": {"code": category},
                }
            ),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": f"kunci-{uuid7()}",
            },
        )
        assert answer.status_code == 202, answer.text
        code = answer.json()["code"]
        self.wait(lambda: len(office.cases) > before and self.in_step)
        queries = self.hub.store.queries
        found = queries.find_complaint(code) or queries.find_complaint(
            code.replace("-", "")
        )
        assert found is not None
        return found

    @property
    def in_step(self) -> bool:
        counts = self.hub.store.queries.counts()
        return not counts["to_work"] and not counts["lagging"]

    def wait(self, test: Callable[[], bool], seconds: float = SECONDS_MAX) -> None:
        """Wait until something holds; fails when it does not in time."""
        until = time.monotonic() + seconds
        while not test():
            assert time.monotonic() < until, self._journal()
            time.sleep(0.05)

    def _journal(self) -> list[Any]:
        with self.desk.db.read() as tx:
            j = t.journal.c
            query = sa.select(j.lane, j.state, j.why, sa.func.count())
            query = query.group_by(j.lane, j.state, j.why)
            return list(tx.conn.execute(query).all())

    def pass_by(self, span: timedelta) -> None:
        """Let time pass, by the database's clock."""
        step = int(span.total_seconds() * 1_000_000)
        with self.desk.db.write() as tx:
            c = t.clock.c
            tx.conn.execute(sa.update(t.clock).values(offset_us=c.offset_us + step))

    def source(self, name: str, kind: str = "agency") -> dict[str, Any]:
        """How it goes with one source."""
        rows = self.hub.store.sources.listed()
        return next(row for row in rows if row["source"] == f"{kind}:{name}")

    def log(self, complaint_id: str) -> list[Any]:
        """Read a complaint's log."""
        with self.desk.db.read() as tx:
            query = sa.select(t.log).where(t.log.c.complaint_id == complaint_id)
            return list(tx.conn.execute(query.order_by(t.log.c.seq)))

    def rest(self) -> None:
        """Wait until everybody is in step, and see that no invariant is broken."""
        self.wait(lambda: self.in_step)
        store = self.hub.store
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        assert broken == []


@contextmanager
def open_offices(folder: Path, database: str, broker: str) -> Iterator[Offices]:
    """Open a hub that asks two offices; `registry.SYSTEMS` must name `PLACE`."""
    agencies = folder / "agencies"
    for name in ("kantor_a", "kantor_b"):
        (agencies / name).mkdir(parents=True)
        (agencies / name / "agency.toml").write_text(MANIFEST.format(name=name))
    (agencies / "routing.toml").write_text(ROUTING)
    settings = Settings(
        data_dir=folder / "data",
        database_url=SecretStr(database),
        broker_url=SecretStr(broker),
        agencies_dir=agencies,
        server=Server(port=0),
        work=Work(orphan_waits_seconds=(1, 2, 4)),
        channels={"web": {}},
    )
    a, b = Office(), Office()
    OfficeSystem.offices = {"kantor_a": a, "kantor_b": b}
    desk = open_store(settings)
    lanes = [f"{way}.kantor_{x}" for way in ("updates", "deliver") for x in "ab"]
    admin.apply(broker, Topology(), ["intake.web", "poll", *lanes])
    hub = build_hub(settings, {})
    hub.start()
    try:
        yield Offices(hub, desk, a, b, settings)
    finally:
        hub.stop()
        desk.close()


def utc(text: str) -> datetime:
    """Read an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
