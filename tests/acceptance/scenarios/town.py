"""A town whose agencies do only what a test makes them do, around a real hub."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from hub.bootstrap import Hub, Store, build_hub, open_store
from hub.broker import admin
from hub.broker.topology import Topology
from hub.cli.play import short_agencies
from hub.database.invariants import check_invariants
from hub.domain.workflow import Actor, ActorRole
from hub.ports import Moved
from hub.settings import Server, Settings, Work
from hub.simulator.agency import SimulatedAgency
from hub.simulator.region import SimulatedRegion
from hub.stages.act import Act, Request
from schemas.parties import Author, AuthorKind

SITI = Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), ActorRole.OPERATOR)
SECONDS_MAX = 60.0
WAYS = ("updates", "deliver")


@dataclass(frozen=True)
class Complaint:
    """One that an agency has."""

    code: str
    id: str
    reference: str
    """The agency's own id of it."""


@dataclass
class Town:
    """A running hub on RabbitMQ and PostgreSQL, and its agencies."""

    hub: Hub
    region: SimulatedRegion
    settings: Settings
    desk: Store
    """The store as a command opens it."""

    @property
    def pupr(self) -> SimulatedAgency:
        """The agency that gets what is about roads."""
        return self.region.pupr

    # the citizen

    def write(self, title: str = "Jalan berlubang", **more: Any) -> str:
        """Write a complaint; returns its tracking code."""
        body = {
            "title": title,
            "body": "Mohon ditambal.",
            "category": {"code": "pekerjaan-umum"},
            "reporter": {"name": "Budi Contoh"},
            **more,
        }
        answer = httpx2.post(
            f"{self.hub.http_url}/api/v1/complaints",
            content=json.dumps(body),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": f"kunci-{uuid7()}",
            },
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["code"])

    def complain(self, title: str = "Jalan berlubang") -> Complaint:
        """Write a complaint, and wait until the works agency has it."""
        (made,) = self.complain_of(title)
        return made

    def complain_of(self, *titles: str) -> list[Complaint]:
        """Write a complaint of each, and wait until the works agency has them all."""
        before = len(self.pupr.cases)
        codes = [self.write(title) for title in titles]
        wanted = before + len(titles)
        self.wait(lambda: len(self.pupr.cases) == wanted and self.in_step)
        known = {case.body["judul"]: case.nomor for case in self.pupr.cases[before:]}
        return [
            Complaint(code, self.id_of(code), known[title])
            for code, title in zip(codes, titles, strict=True)
        ]

    def id_of(self, code: str) -> str:
        """Find a complaint by its code."""
        found = self.hub.store.queries.find_complaint(code.replace("-", ""))
        found = found or self.hub.store.queries.find_complaint(code)
        assert found is not None
        return found

    def track(self, code: str) -> dict[str, Any]:
        """Read what the holder of a code reads."""
        found: dict[str, Any] = httpx2.get(f"{self.hub.http_url}/t/{code}").json()
        return found

    # officers and agencies

    def act(self, complaint_id: str, verb: str, **given: Any) -> Moved:
        """Decide something, as the command does: in another process, without hints."""
        request = Request(complaint_id, verb, SITI, str(uuid7()), **given)
        return Act(self.desk.cases)(request)

    def events(self, complaint_id: str) -> list[str]:
        """Name the events of a complaint, in order."""
        lines = self.hub.store.queries.trace(complaint_id)
        named = [line["what"].split() for line in lines]
        numbered = [(int(w[1]), w[2]) for w in named if w[0] == "event"]
        return [name for _, name in sorted(numbered)]

    def status(self, complaint_id: str) -> str:
        """Read a complaint's status."""
        found = self.hub.store.queries.complaint(complaint_id)
        assert found is not None
        return str(found["status"])

    # waiting

    @property
    def in_step(self) -> bool:
        """Tell whether everybody was told everything, and everything was worked."""
        if not self.region.at_rest:  # before and after: it may have spoken meanwhile
            return False
        counts = self.hub.store.queries.counts()
        left = counts["to_work"] or counts["lagging"]
        return not left and self.region.at_rest

    def wait(self, test: Callable[[], bool], seconds: float = SECONDS_MAX) -> None:
        """Wait until something holds; fails when it does not in time."""
        until = time.monotonic() + seconds
        while not test():
            counts = self.hub.store.queries.counts()
            assert time.monotonic() < until, f"it did not happen in time: {counts}"
            time.sleep(0.05)

    def rest(self) -> None:
        """Wait until everybody is in step, and see that no invariant is broken."""
        self.wait(lambda: self.in_step)
        store = self.hub.store
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        assert broken == []

    def restart(self) -> None:
        """Start the hub anew: with what its files say now."""
        self.hub.stop()
        self.hub = _start(self.settings, self.region)


def _start(settings: Settings, region: SimulatedRegion) -> Hub:
    hub = build_hub(settings, region.environment())
    hub.start()
    region.connect(hub.http_url, "127.0.0.1:1")
    return hub


@contextmanager
def open_town(folder: Path, database: str, broker: str) -> Iterator[Town]:
    """Open a town; its agencies work on nothing by themselves, and share its clock."""
    settings = Settings(
        data_dir=folder / "data",
        database_url=SecretStr(database),
        broker_url=SecretStr(broker),
        agencies_dir=short_agencies(folder / "agencies"),
        server=Server(port=0),
        work=Work(orphan_waits_seconds=(1, 2, 4)),
        channels={"web": {}},
    )
    desk = open_store(settings)
    seed, now = int(time.time()), desk.queries.now
    with SimulatedRegion(seed, work_seconds=None, now=now) as region:
        names = [system.profile.name for system in region.systems]
        ways = (f"{way}.{name}" for way in WAYS for name in names)
        admin.apply(broker, Topology(), ["intake.web", "poll", *ways])
        hub = _start(settings, region)
        town = Town(hub, region, settings, desk)
        try:
            yield town
        finally:
            town.desk.close()
            town.hub.stop()
