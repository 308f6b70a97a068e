"""The whole way of complaints, embedded and on real RabbitMQ and PostgreSQL."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from hub import telemetry
from hub.bootstrap import Hub, build_hub
from hub.broker import admin
from hub.broker.topology import Topology
from hub.cli.play import short_agencies
from hub.database import tables as t
from hub.database.engine import DatabaseDownError
from hub.database.invariants import check_invariants
from hub.database.vault import key_id_of
from hub.settings import Privacy, Server, Settings, Work
from hub.simulator.region import SimulatedRegion
from schemas.raw import RawMessage
from tests.samples import SAMPLE_AGENCIES

MARKERS = ("markermuka", "markerisi", "markertempat", "markernama", "markeralamat")
COMPLAINT = {
    "title": "Jalan rusak markermuka",
    "body": "Jalan berlubang markerisi, mohon ditambal.",
    "place": {"text": "Jl. markertempat 7"},
    "reporter": {
        "name": "Warga markernama",
        "email": "markersurel@example.org",
        "phone": "0812 0000 0001",
        "address": "Gang markeralamat",
        "nik": "9999990101900001",
    },
}

ROWS = {
    "log": ("complaint_id", "seq"),
    "journal_raw": ("journal_id",),
    "attempts": ("id",),
    "reporters": ("id",),
    "attachments": ("event_id", "n"),
    "answers": ("journal_id", "n"),
}
"""Table -> columns that name a row in the place of its sealed values."""


LANES = (
    "intake.web",
    "poll",
    *(f"updates.{agency}" for agency in SAMPLE_AGENCIES),
    *(f"deliver.{agency}" for agency in SAMPLE_AGENCIES),
)


@pytest.fixture(params=["embedded", "production"])
def addresses(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Where database and broker are."""
    if request.param == "embedded":
        return "", "memory://"
    broker = str(request.getfixturevalue("rabbitmq_url"))
    admin.apply(broker, Topology(), LANES)
    return str(request.getfixturevalue("postgres_url")), broker


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    with SimulatedRegion(int(time.time()), work_seconds=(0.1, 0.3)) as found:
        yield found


@pytest.fixture
def settings(addresses: tuple[str, str], tmp_path: Path) -> Settings:
    database, broker = addresses
    return Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(database),
        broker_url=SecretStr(broker),
        agencies_dir=short_agencies(tmp_path / "agencies"),
        server=Server(port=0),
        work=Work(orphan_waits_seconds=(0.5, 1, 2)),
        privacy=Privacy(erase_after_hours=0),
        channels={"web": {}},
    )


@pytest.fixture
def hub(settings: Settings, region: SimulatedRegion) -> Iterator[Hub]:
    found = build_hub(settings, region.environment())
    found.start()
    region.connect(found.http_url, "127.0.0.1:1")
    yield found
    found.stop()


def wait_for(test: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def in_step(hub: Hub, region: SimulatedRegion) -> bool:
    if not region.at_rest:  # before and after: it may have spoken meanwhile
        return False
    counts = hub.store.queries.counts()
    return not counts["to_work"] and not counts["lagging"] and region.at_rest


def send(hub: Hub, key: str, **changes: Any) -> httpx2.Response:
    return httpx2.post(
        f"{hub.http_url}/api/v1/complaints",
        content=json.dumps({**COMPLAINT, **changes}),
        headers={"Content-Type": "application/json", "Idempotency-Key": key},
    )


def track(hub: Hub, code: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{hub.http_url}/t/{code}").json()
    return found


def test_a_web_complaint_reaches_its_agency_and_its_status_comes_back(
    hub: Hub, region: SimulatedRegion
) -> None:
    answer = send(hub, "kunci-0001")
    code = answer.json()["code"]
    assert answer.status_code == 202
    wait_for(lambda: track(hub, code)["status"] == "closed" and in_step(hub, region))

    assert len(region.pupr.cases) == 1
    found = track(hub, code)
    assert found["agencies"][0]["reference"] == region.pupr.cases[0].nomor
    assert [line["type"] for line in found["timeline"]][:2] == [
        "registered",
        "handed_over",
    ]
    assert (
        check_invariants(
            hub.store.db, hub.store.edge, hub.store.erased, hub.store.deadlines
        )
        == []
    )


@pytest.mark.parametrize("off", ["hints", "sweep"])
def test_hints_alone_or_the_sweep_alone_bring_everyone_in_step(
    off: str, settings: Settings, region: SimulatedRegion
) -> None:
    work = settings.work.model_copy(update={off: False, "sweep_seconds": 0.2})
    hub = build_hub(settings.model_copy(update={"work": work}), region.environment())
    hub.start()
    try:
        region.connect(hub.http_url, "127.0.0.1:1")
        code = send(hub, "kunci-0006").json()["code"]
        wait_for(
            lambda: track(hub, code)["status"] == "closed" and in_step(hub, region)
        )
    finally:
        hub.stop()


def started(by: str) -> float:
    found = telemetry.REGISTRY.get_sample_value("simpul_work_started_total", {"by": by})
    return found or 0.0


def test_hints_do_the_work_and_the_sweep_finds_nothing(
    hub: Hub, region: SimulatedRegion
) -> None:
    before = {by: started(by) for by in ("hint", "sweep")}
    codes = [
        send(hub, f"kunci-1{n:03}", title=f"Jalan rusak {n}").json()["code"]
        for n in range(12)
    ]
    wait_for(
        lambda: (
            all(track(hub, code)["status"] == "closed" for code in codes)
            and in_step(hub, region)
        ),
        60,
    )

    assert started("sweep") == before["sweep"]
    assert started("hint") - before["hint"] >= 12 * 4


def test_a_message_spooled_under_a_used_key_still_becomes_a_complaint(hub: Hub) -> None:
    first = send(hub, "kunci-0007").json()["code"]
    journal = hub.store.journal
    raw = RawMessage(
        source="web",
        lane="intake.web",
        source_key="public:/api/v1/complaints::kunci-0007",
        body=json.dumps({**COMPLAINT, "title": "Lain"}).encode(),
        meta={"route": "/api/v1/complaints"},
        spoolable=True,
        revisable=False,
    )
    copy = journal._allot(raw)
    journal._edge.copy([copy])
    told = journal._spool([copy], DatabaseDownError("away"))[0]
    wait_for(lambda: bool(hub.store.queries.find_complaint(told.code)))

    assert told.code != first


def test_the_same_key_gives_the_same_code_and_another_body_is_refused(hub: Hub) -> None:
    first, again = send(hub, "kunci-0002"), send(hub, "kunci-0002")
    other = send(hub, "kunci-0002", title="Lain")

    assert first.json()["code"] == again.json()["code"]
    assert other.status_code == 422
    assert other.headers["content-type"] == "application/problem+json"


def test_an_anonymous_reporter_is_shown_to_no_agency(
    hub: Hub, region: SimulatedRegion
) -> None:
    send(hub, "kunci-0003", anonymous=True)
    wait_for(lambda: bool(region.pupr.cases) and in_step(hub, region))

    seen = repr(
        [(r.headers, r.body) for a in region.agencies.values() for r in a.requests]
    )
    assert "markerisi" in seen
    for hidden in (
        "markernama",
        "markersurel",
        "markeralamat",
        "81200000001",
        "0812 0000",
        "99999901",
    ):
        assert hidden not in seen


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"title": "a", "body": "b", "colour": 1}', 422),
        (b'{"title": "a", "body": "nul \\u0000"}', 422),
        (b"x" * 50_000_000, 413),
    ],
)
def test_bad_input_gets_a_problem_and_harms_no_neighbour(
    hub: Hub, body: bytes, status: int
) -> None:
    answer = httpx2.post(
        f"{hub.http_url}/api/v1/complaints",
        content=body,
        headers={"Content-Type": "application/json", "Idempotency-Key": "kunci-9999"},
    )

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert send(hub, "kunci-0004").status_code == 202


@pytest.mark.scenario(22)
def test_erasure_leaves_nothing_that_the_key_ring_can_read(
    hub: Hub, region: SimulatedRegion, capfd: pytest.CaptureFixture[str]
) -> None:
    code = send(hub, "kunci-0005").json()["code"]
    wait_for(lambda: track(hub, code)["status"] == "closed" and in_step(hub, region))
    hub.store.sealer.seal()
    before = readable(hub)
    name = hub.store.queries.find_complaint(code)
    assert name is not None

    hub.store.eraser.request(name, "test", "the reporter asked")
    wait_for(lambda: "erased" in json.dumps(hub.store.queries.trace(name), default=str))
    after = readable(hub)

    assert all(marker in before for marker in MARKERS)
    assert not any(marker in after for marker in MARKERS)
    assert track(hub, code)["status"] == "closed"
    assert hub.store.sealer.verify() == []
    assert (
        check_invariants(
            hub.store.db, hub.store.edge, hub.store.erased, hub.store.deadlines
        )
        == []
    )
    logged = capfd.readouterr()
    assert not any(m in logged.out + logged.err for m in (*MARKERS, "markersurel"))


def readable(hub: Hub) -> str:
    """Open every sealed value of every table with what the ring can open."""
    found = []
    with hub.store.db.read() as tx:
        keys = hub.store.vault.keys(
            tx.conn, tx.conn.execute(sa.select(t.data_keys.c.id)).scalars()
        )
        for table in t.metadata.sorted_tables:
            for row in tx.conn.execute(sa.select(table)):
                found += [
                    _open(table, row, column.name, keys) for column in table.columns
                ]
    return " ".join(found)


def _open(table: sa.Table, row: Any, column: str, keys: Any) -> str:
    value = getattr(row, column)
    if not isinstance(value, bytes) or not value.startswith(b"v1."):
        return value if isinstance(value, str) else ""
    key = keys.get(key_id_of(value))
    if key is None:
        return ""
    columns = ROWS[table.name]
    place = f"{table.name}|{column}|" + ".".join(str(getattr(row, c)) for c in columns)
    return str(key.open(place, value).decode(errors="replace"))
