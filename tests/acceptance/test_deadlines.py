"""Limits in Indonesian working days: they pause, and escalate as events.

The clock of the database is moved; a running hub does the rest, embedded and on real
RabbitMQ and PostgreSQL.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from hub.bootstrap import Hub, build_hub, open_store
from hub.broker import admin
from hub.broker.topology import Topology
from hub.cli.play import short_agencies
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.domain.workflow import Actor, ActorRole
from hub.settings import Server, Settings
from hub.simulator.region import SimulatedRegion
from hub.stages.act import Act, Request
from hub.stages.deadlines import StrikeClocks
from schemas.parties import Author, AuthorKind
from tests.figures import Figure
from tests.samples import SAMPLE_AGENCIES

PUPR = "dinas_pupr"
LANES = (
    "intake.web",
    "poll",
    *(f"updates.{agency}" for agency in SAMPLE_AGENCIES),
    *(f"deliver.{agency}" for agency in SAMPLE_AGENCIES),
)
SITI = Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), ActorRole.OPERATOR)
BEGIN = datetime(2026, 12, 22, 3, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Jakarta, with Christmas and the new year before it."""
PILKADA = '[[days]]\nfirst = 2026-12-23\nwhy = "pilkada"\nregion = ["32"]\n'


@pytest.fixture(params=["embedded", "production"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database, broker = "", "memory://"
    if request.param == "production":
        broker = str(request.getfixturevalue("rabbitmq_url"))
        admin.apply(broker, Topology(), LANES)
        database = str(request.getfixturevalue("postgres_url"))
    agencies = short_agencies(tmp_path / "agencies")
    (agencies / "deadlines.toml").write_text(PILKADA)
    return Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(database),
        broker_url=SecretStr(broker),
        agencies_dir=agencies,
        server=Server(port=0),
        channels={"web": {}},
    )


@pytest.fixture
def region() -> Iterator[SimulatedRegion]:
    """Agencies that take what comes, and do nothing about it."""
    with SimulatedRegion(7, work_seconds=None) as found:
        yield found


@pytest.fixture
def hub(settings: Settings, region: SimulatedRegion) -> Iterator[Hub]:
    found = build_hub(settings, region.environment())
    go_to(found, BEGIN)
    found.start()
    region.connect(found.http_url, "127.0.0.1:1")
    yield found
    found.stop()


def wait_for(see: Callable[[], bool], what: str, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not see():
        assert time.monotonic() < until, f"{what} did not happen in time"
        time.sleep(0.05)


def go_to(hub: Hub, when: datetime) -> None:
    with hub.store.db.write() as tx:
        step = (when - tx.now) // timedelta(microseconds=1)
        c = t.clock.c
        tx.conn.execute(sa.update(t.clock).values(offset_us=c.offset_us + step))


def log(hub: Hub, complaint_id: str) -> list[Any]:
    c = t.log.c
    query = sa.select(t.log).where(c.complaint_id == complaint_id).order_by(c.seq)
    with hub.store.db.read() as tx:
        return list(tx.conn.execute(query))


def steps(hub: Hub, complaint_id: str) -> list[str]:
    """Name what clocks did, in order."""
    rows = log(hub, complaint_id)
    return [f"{r.author_id} {r.type}" for r in rows if r.cause_kind == "clock"]


def in_step(hub: Hub) -> bool:
    counts = hub.store.queries.counts()
    return not counts["to_work"] and not counts["lagging"]


def send(hub: Hub, title: str) -> str:
    """Write a complaint on the web; returns its id when its agency has it."""
    answer = httpx2.post(
        f"{hub.http_url}/api/v1/complaints",
        json={
            "title": title,
            "body": "Jalan berlubang di depan pasar.",
            "region": {"code": "32.76"},
        },
        headers={"Idempotency-Key": f"kunci-{uuid7()}"},
    )
    assert answer.status_code == 202
    code = answer.json()["code"]
    wait_for(lambda: hub.store.queries.find_complaint(code) is not None, "intake")
    found = str(hub.store.queries.find_complaint(code))
    wait_for(
        lambda: "handed_over" in [row.type for row in log(hub, found)], "handing over"
    )
    return found


def act(hub: Hub, complaint_id: str, verb: str, **given: Any) -> None:
    """Decide as the command does, from a process of its own: the sweep tells of it."""
    store = open_store(hub.store.settings, migrate=False)
    try:
        Act(store.cases)(Request(complaint_id, verb, SITI, str(uuid7()), **given))
    finally:
        store.close()


def stepped(hub: Hub, complaint_id: str, at: datetime, *wanted: str) -> None:
    """Show that nothing happens just before an instant, and then what is wanted."""
    wait_for(lambda: in_step(hub), "being in step")
    before = steps(hub, complaint_id)
    go_to(hub, at - timedelta(seconds=60))
    assert StrikeClocks(hub.store.clocks, lambda _: None)() == 0
    assert steps(hub, complaint_id) == before
    go_to(hub, at)
    wait_for(lambda: len(steps(hub, complaint_id)) > len(before), str(wanted))
    assert steps(hub, complaint_id)[len(before) :] == list(wanted)


def jakarta(year: int, month: int, day: int) -> datetime:
    """The end of a working day."""
    return datetime(year, month, day, 9, tzinfo=UTC)


@pytest.mark.scenario(24)
def test_deadlines_run_in_working_days_stand_escalate_and_close_by_silence(
    hub: Hub, region: SimulatedRegion, figure: Figure
) -> None:
    known = send(hub, "Jalan rusak")
    # The 23rd is this region's day off, the 24th and 25th are Christmas, the 1st of
    # January is the new year and the 5th Isra Mikraj: the 28th is day one.
    for at, event in (
        (jakarta(2026, 12, 31), "first_follow_up deadline_warned"),
        (jakarta(2027, 1, 4), "first_follow_up deadline_breached"),
        (jakarta(2027, 1, 8), "first_follow_up escalated"),
        (jakarta(2027, 1, 12), "first_follow_up handed_to_overseer"),
        (jakarta(2027, 1, 13), "settle deadline_warned"),
    ):
        stepped(hub, known, at, event)

    # Eleven of fourteen days are used; the next four stand still.
    act(hub, known, "hold", reason="needs_details")
    wait_for(lambda: in_step(hub), "telling of the hold")
    go_to(hub, jakarta(2027, 1, 20) - timedelta(hours=6))
    act(hub, known, "reply", text="Di depan Pasar Sukamaju")
    act(hub, known, "answer", agency=PUPR, text="Kami tambal pekan depan")
    for at, event in (
        (jakarta(2027, 1, 22), "settle deadline_breached"),
        (jakarta(2027, 1, 27), "settle escalated"),
        (jakarta(2027, 1, 29), "settle handed_to_overseer"),
        (jakarta(2027, 2, 3), "close_by_silence closed_by_silence"),
    ):
        stepped(hub, known, at, event)

    wait_for(lambda: in_step(hub), "telling everybody")
    assert hub.store.queries.complaints(status="closed")[0]["id"] == known
    told = [event["jenis"] for event in region.pupr.cases[0].events]
    assert [
        name for name in told if name.startswith(("deadline", "esc", "closed"))
    ] == [
        "deadline_warned",
        "deadline_breached",
        "escalated",
        "deadline_warned",
        "deadline_breached",
        "escalated",
        "closed_by_silence",
    ]
    assert not {"rated", "accepted"} & {row.type for row in log(hub, known)}
    store = hub.store
    broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
    assert broken == []
    figure(f"{len(steps(hub, known))} steps in 43 days, each at its instant")
