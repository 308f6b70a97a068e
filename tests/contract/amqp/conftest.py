"""Two brokers: the hub's knows nothing of the agency's."""

from collections.abc import Iterator

import pytest

from tests.contract.amqp.utility import set_up
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq


@pytest.fixture(scope="session")
def agency_broker() -> Iterator[Rabbitmq]:
    """The agency's own server, which tests may break; they mend it again."""
    server = start_own_rabbitmq()
    yield server
    server.stop()


@pytest.fixture
def agency_url(agency_broker: Rabbitmq) -> Iterator[str]:
    """A virtual host of the agency, set up by its people."""
    url = agency_broker.create_vhost()
    set_up(url)
    yield url
    agency_broker.drop_vhost(url)
