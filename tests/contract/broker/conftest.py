"""Transports: the same tests run over memory and over RabbitMQ."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.contract.broker.parts import (
    Counts,
    MemoryTransport,
    RabbitmqTransport,
    Transport,
)


@pytest.fixture
def rabbitmq(rabbitmq_url: str) -> Iterator[RabbitmqTransport]:
    made = RabbitmqTransport(rabbitmq_url)
    yield made
    made.close()


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryTransport]:
    made = MemoryTransport(monkeypatch)
    yield made
    made.close()


@pytest.fixture(params=["memory", "rabbitmq"])
def transport(request: pytest.FixtureRequest) -> Transport:
    found: Transport = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def lines() -> Iterator[list[MutableMapping[str, Any]]]:
    """Everything that is logged."""
    with capture_logs() as found:
        yield found
