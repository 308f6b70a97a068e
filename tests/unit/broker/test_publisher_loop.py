"""The publishing thread over a wire that confirms only what the test wants."""

from collections.abc import Iterator, Sequence

import pytest
from structlog.testing import capture_logs

from hub.broker import publisher as module
from hub.broker.codec import IDS_PER_HINT
from hub.broker.ledger import Hint
from hub.broker.link import BrokerConfig
from hub.broker.publisher import (
    QUEUE_MAX,
    WINDOW,
    DoubtfulChannelError,
    Publisher,
)
from hub.broker.topology import Topology
from hub.telemetry import REGISTRY
from tests.services.waiting import wait_until
from tests.unit.broker.hints import row_id

SECONDS_MAX = 60.0
CONFIG = BrokerConfig("amqp://nowhere.example", connect=0.1)


class Line:
    """What a wire needs of a connection."""

    blocked = False

    def __init__(self, config: BrokerConfig, name: str) -> None:
        self.config = config

    def drain(self, seconds: float) -> bool:
        return False

    def close(self) -> None:
        """Nothing to close."""


class Refused:
    """No broker is there."""

    def __init__(self, config: BrokerConfig, name: str) -> None:
        raise ConnectionRefusedError(name)


class DeafWire:
    """Takes as much as it is given and confirms nothing; then it is given up."""

    def __init__(self) -> None:
        self.taken: list[Hint] = []

    @property
    def under_way(self) -> int:
        return len(self.taken)

    def send(self, hint: Hint) -> None:
        self.taken.append(hint)

    def check(self) -> None:
        if self.under_way >= WINDOW:
            raise DoubtfulChannelError

    def unblocked(self) -> None:
        """Nothing is blocked."""

    def unconfirmed(self) -> Sequence[Hint]:
        return self.taken


class GoodWire(DeafWire):
    """Confirms everything at once."""

    def __init__(self, confirmed: list[Hint]) -> None:
        super().__init__()
        self.confirmed = confirmed

    def send(self, hint: Hint) -> None:
        self.confirmed.append(hint)


class Scripted(Publisher):
    """Deaf wires first, then one that works."""

    def __init__(self, deaf: int) -> None:
        super().__init__(CONFIG, Topology())
        self.deaf = [DeafWire() for _ in range(deaf)]
        self.confirmed: list[Hint] = []
        self._left = list(self.deaf)

    def _wire(self, link: object) -> DeafWire:
        return self._left.pop(0) if self._left else GoodWire(self.confirmed)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Link", Line)
    monkeypatch.setattr("hub.broker.link.DELAY_SECONDS_MIN", 0.0)


@pytest.fixture
def lost() -> Iterator[object]:
    with capture_logs() as lines:
        yield lines


def dropped(reason: str) -> float:
    name = "simpul_hints_dropped_total"
    return REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0


def all_dropped() -> float:
    reasons = ("full", "nacked", "returned", "lost")
    return sum(map(dropped, reasons))


def fill(publisher: Publisher, hints: int = QUEUE_MAX) -> set[str]:
    """Publish full lists, which cannot be merged; returns their ids."""
    ids = [row_id(number) for number in range(hints * IDS_PER_HINT)]
    publisher.publish("intake.web", ids)
    return set(ids)


@pytest.mark.parametrize("deaf", [0, 1, 2, 4])
def test_what_was_not_confirmed_is_sent_again_or_counted(
    lost: object, deaf: int
) -> None:
    before = all_dropped()
    publisher = Scripted(deaf)
    ids = fill(publisher)
    publisher.start()

    def settled() -> float:
        came = {one for hint in list(publisher.confirmed) for one in hint.ids}
        return len(came & ids) + all_dropped() - before

    try:
        assert wait_until(lambda: settled() >= len(ids), SECONDS_MAX), settled()
    finally:
        publisher.stop()


def test_no_more_than_a_window_and_one_taking_is_under_way(lost: object) -> None:
    """What is under way is held in memory, and sent twice when it is lost."""
    publisher = Scripted(4)
    fill(publisher)
    publisher.start()
    try:
        assert wait_until(lambda: bool(publisher.confirmed), SECONDS_MAX)
    finally:
        publisher.stop()

    assert max(wire.under_way for wire in publisher.deaf) <= WINDOW + module.TAKEN_MAX


def test_what_does_not_fit_is_counted_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, lost: object
) -> None:
    monkeypatch.setattr(module, "Link", Refused)
    before = dropped("full")
    publisher = Scripted(0)
    publisher.start()

    fill(publisher, QUEUE_MAX + 7)

    publisher.stop()
    assert dropped("full") - before == 7 * IDS_PER_HINT


def test_a_fault_that_nobody_thought_of_does_not_end_the_thread(
    monkeypatch: pytest.MonkeyPatch, lost: object
) -> None:
    """py-amqp raises KeyError, AttributeError and others for what it cannot read."""
    strange = iter([KeyError(54272), AttributeError("settimeout"), ValueError("x")])

    class Strange(Line):
        def __init__(self, config: BrokerConfig, name: str) -> None:
            for error in strange:
                raise error
            super().__init__(config, name)

    monkeypatch.setattr(module, "Link", Strange)
    publisher = Scripted(0)
    publisher.publish("intake.web", [row_id(1)])
    publisher.start()
    try:
        assert wait_until(lambda: bool(publisher.confirmed), SECONDS_MAX)
    finally:
        publisher.stop()


def test_it_is_connected_only_while_it_is(lost: object) -> None:
    publisher = Scripted(1)
    assert not publisher.connected
    publisher.start()
    assert wait_until(lambda: publisher.connected, SECONDS_MAX)

    publisher.stop()

    assert not publisher.connected
