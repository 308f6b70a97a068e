"""The system `rest`, by its tables alone, against a tracker that nobody here wrote."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import (
    AgencyConnector,
    Delivery,
    Done,
    EventView,
    Found,
    NotFound,
    PollAsk,
)
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate
from tests.services.roundup import HUB, Roundup

EXAMPLE = Path(__file__).parents[2] / "docs/examples/roundup/agency.toml"


@pytest.fixture(scope="module")
def tracker() -> Iterator[Roundup]:
    with Roundup() as found:
        yield found


@pytest.fixture
def agency(tracker: Roundup, tmp_path: Path) -> AgencyConnector:
    path = tmp_path / "dinas_tiket" / "agency.toml"
    path.parent.mkdir()
    shutil.copy(EXAMPLE, path)
    environ = {"TIKET_URL": tracker.url, "TIKET_PASSWORD": HUB[1]}
    return registry.load_agency(path, environ)


def delivery(key: str, **fields: object) -> Delivery:
    complaint = {"title": "Jalan berlubang", "body": "Di depan pasar."}
    chosen = {"party": "dinas_tiket", "complaint": complaint, "events": ()}
    return Delivery.model_validate({**chosen, "key": key, **fields})


def test_an_issue_is_opened_found_told_and_read_back(
    tracker: Roundup, agency: AgencyConnector
) -> None:
    system = agency.system
    assert isinstance(system.find(delivery("kunci-1")), NotFound)

    done = system.submit(delivery("kunci-1"))
    assert isinstance(done, Done)
    found = system.find(delivery("kunci-1"))
    assert found == Found(reference=done.reference)

    event = EventView(
        event_id="e-1",
        type="reporter_replied",
        occurred_at=datetime.now(UTC),
        status="in_progress",
        notice=("Masih ada lubang.", "There still is a hole."),
    )
    told = system.send(delivery("k-2", reference=done.reference, events=(event,)))
    assert isinstance(told, Done)
    (issue,) = [one for one in tracker.issues() if one["id"] == done.reference]
    assert issue["title"] == "[kunci-1] Jalan berlubang"
    assert len(issue["messages"]) == 2

    tracker.say(done.reference, "resolved", "Sudah ditambal.")
    updates = _polled(agency)
    assert [(one.reference, one.event_type) for one in updates] == [
        (done.reference, "resolved")
    ]
    assert updates[0].occurred_at is not None
    (view,) = system.snapshot([done.reference])
    assert (view.present, view.event_type) == (True, "resolved")
    (gone,) = system.snapshot(["4711"])
    assert not gone.present


def _polled(agency: AgencyConnector) -> list[AgencyUpdate]:
    found: list[object] = []
    now, checkpoint = datetime.now(UTC), None
    for _ in range(10):
        page = agency.system.poll(PollAsk(checkpoint, now, lambda _, __: ()))
        for raw in page.raws:
            entry = JournalEntry(journal_id="j", received_at=now, raw=raw)
            found += agency.system.read(entry)
        checkpoint = page.checkpoint
        if not page.more:
            break
    return [one for one in found if isinstance(one, AgencyUpdate)]
