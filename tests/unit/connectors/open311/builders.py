"""Manifests, deliveries and polls of a water utility that speaks Open311."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Delivery, EventView, OpenCase, PollAsk, System
from connectors.systems.open311 import Open311System
from hub.simulator.cases import utc_now
from hub.simulator.faults import Timing
from hub.simulator.open311_profile import TIRTA
from hub.simulator.utility import SimulatedUtility
from schemas.agency import AgencyManifest, Limits
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

KEY = "kunci-uji"
SETTINGS: dict[str, Any] = {
    "base_url": "http://127.0.0.1:9/open311/v2/",
    "jurisdiction_id": "sukamaju",
    "api_key": KEY,
    "service_code": "LAIN",
    "services": {"air-minum": "AIR-MATI"},
    "key_attribute": "fixmystreet_id",
    "honours_key": True,
    "find": "window",
    "sends": True,
}
VIEW: dict[str, Any] = {
    "public_number": "SP-000123",
    "title": "Air mati",
    "body": "Sudah empat hari.\nTolong ditindak.",
    "category": {"code": "air-minum"},
    "latitude": -6.4000004321,
    "longitude": 106.8,
    "place_text": "Perum Griya Asri blok C",
    "reporter": {"name": "Ibu Contoh Warga", "phone": "08120000001"},
}
FAST = Timing(slow_seconds=0.2, hang_seconds=60, drip_seconds=0.05)


def manifest(
    settings: Mapping[str, Any] | None = None, **fields: Any
) -> AgencyManifest:
    chosen: dict[str, Any] = {
        "name": "perumda_contoh",
        "title": "Perumda Contoh",
        "system": "open311",
        "allow": ("title", "body", "public_number", "category", "place_text"),
        "limits": Limits(deadline_seconds=2),
        "egress": {"networks": ("127.0.0.0/8",)},
        "settings": {**SETTINGS, **(settings or {})},
    }
    return AgencyManifest(**{**chosen, **fields})


@contextmanager
def system(
    base_url: str = SETTINGS["base_url"],
    *,
    manifest_fields: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[Open311System]:
    made = manifest({"base_url": base_url, **settings}, **(manifest_fields or {}))
    speaks = Open311System.from_manifest(made)
    try:
        yield speaks
    finally:
        speaks.close()


@dataclass
class HandClock:
    """The utility's clock, where a test sets it."""

    at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or datetime.now(UTC)


@contextmanager
def utility(
    *, now: Callable[[], datetime] = utc_now, **switches: Any
) -> Iterator[SimulatedUtility]:
    with SimulatedUtility(
        replace(TIRTA, **switches),
        seed=7,
        api_key=KEY,
        work_seconds=None,
        timing=FAST,
        now=now,
    ) as made:
        yield made


def delivery(**fields: Any) -> Delivery:
    chosen: dict[str, Any] = {
        "party": "perumda_contoh",
        "key": "k-1",
        "complaint": VIEW,
        "events": (),
    }
    return Delivery(**{**chosen, **fields})


def event(**fields: Any) -> EventView:
    chosen: dict[str, Any] = {
        "event_id": "e-1",
        "type": "reporter_replied",
        "occurred_at": datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC),
        "status": "in_progress",
        "words": {"text": "Masih mati."},
    }
    return EventView(**{**chosen, **fields})


def entry(body: bytes, **meta: str) -> JournalEntry:
    raw = RawMessage(
        source="agency:perumda_contoh",
        lane="updates.perumda_contoh",
        source_key="page-1",
        body=body,
        meta=meta,
    )
    return journal_entry(raw)


def journal_entry(raw: RawMessage) -> JournalEntry:
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return JournalEntry(journal_id="j-1", received_at=moment, raw=raw)


class Poller:
    """Polls a system as the hub does: checkpoint after checkpoint, its open cases."""

    def __init__(self, speaks: System, references: Sequence[str] = ()) -> None:
        self.speaks = speaks
        self.cases = [
            OpenCase(position=f"{n:06d}", reference=one)
            for n, one in enumerate(references)
        ]
        self.checkpoint: bytes | None = None
        self.pages = 0
        self.now: datetime | None = None
        self.skew: float | None = None
        self._keys: set[str] = set()

    def turn(self, pages_max: int = 100) -> list[RawMessage]:
        """Poll until there is no more; returns the messages that are new."""
        new = []
        for _ in range(pages_max):
            ask = PollAsk(self.checkpoint, self.now or datetime.now(UTC), self._open)
            page = self.speaks.poll(ask)
            self.checkpoint = page.checkpoint
            self.pages += 1
            self.skew = page.skew_seconds
            new += [raw for raw in page.raws if raw.source_key not in self._keys]
            self._keys |= {raw.source_key for raw in page.raws}
            if not page.more:
                return new
        msg = "the poll does not come to an end"
        raise AssertionError(msg)

    def records(self) -> list[AgencyUpdate | AgencyComplaint | Corrupt]:
        """Poll, and read each new message record by record."""
        return [record for raw in self.turn() for record in read_all(self.speaks, raw)]

    def updates(self) -> list[tuple[str, str, str]]:
        """Poll; returns reference, status and event type of each update."""
        found = self.records()
        assert not [one for one in found if isinstance(one, Corrupt)], found
        return [
            (one.reference, one.raw_status, one.event_type)
            for one in found
            if isinstance(one, AgencyUpdate)
        ]

    def _open(self, after: str, number: int) -> Sequence[OpenCase]:
        return [case for case in self.cases if case.position > after][:number]


def read_all(
    speaks: System, raw: RawMessage
) -> list[AgencyUpdate | AgencyComplaint | Corrupt]:
    """Read a message as the hub does: a row of its own for each record."""
    whole = journal_entry(raw)
    bodies = speaks.split(whole)
    if len(bodies) <= 1:
        return list(speaks.read(whole))
    rows = [journal_entry(raw.model_copy(update={"body": body})) for body in bodies]
    return [record for row in rows for record in speaks.read(row)]
