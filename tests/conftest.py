"""Fixtures that every kind of test may use."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from hub.database.migrate import upgrade
from tests.figures import Figure
from tests.services.dovecot import Box, Dovecot
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq
from tests.services.shared import Lender, borrow_postgres, borrow_rabbitmq

LENDER = pytest.StashKey[Lender]()

# How long an example takes says how busy the machine is, and nothing of the hub.
settings.register_profile(
    "hub", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("hub")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the test processes of one run share its servers."""
    stash = node.config.stash
    if LENDER not in stash:
        stash[LENDER] = Lender()
    node.workerinput["servers"] = str(stash[LENDER].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if (lender := config.stash.get(LENDER, None)) is not None:
        lender.stop()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the report of a test name its acceptance scenario."""
    if (marker := item.get_closest_marker("scenario")) is not None:
        item.user_properties.append(("scenario", marker.args[0]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: the last of them ends the run alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Keep what a test counted for the table of scenarios."""
    return lambda text: record_property("figure", text)


@pytest.fixture(scope="session")
def lent(request: pytest.FixtureRequest) -> Path | None:
    """Where the servers of this run are asked for; None in a run of one process."""
    given: dict[str, Any] = getattr(request.config, "workerinput", {})
    return Path(given["servers"]) if "servers" in given else None


@pytest.fixture(scope="session")
def postgres_server(lent: Path | None) -> Iterator[Postgres]:
    server = borrow_postgres(lent)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def prepare_template() -> Callable[[str], None] | None:
    """What fills the database that all tests get a copy of; None leaves it empty."""
    return upgrade


@pytest.fixture(scope="session")
def postgres_template(
    postgres_server: Postgres, prepare_template: Callable[[str], None] | None
) -> str | None:
    if prepare_template is None:
        return None
    return postgres_server.create_template(prepare_template)


@pytest.fixture
def postgres_url(
    postgres_server: Postgres, postgres_template: str | None
) -> Iterator[str]:
    url = postgres_server.create_database(template=postgres_template)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def rabbitmq_server(lent: Path | None) -> Iterator[Rabbitmq]:
    """One server for all; a test that breaks it starts one of its own."""
    server = borrow_rabbitmq(lent)
    yield server
    server.stop()


@pytest.fixture
def rabbitmq_url(rabbitmq_server: Rabbitmq) -> Iterator[str]:
    """Address of a virtual host of this test's own."""
    url = rabbitmq_server.create_vhost()
    yield url
    rabbitmq_server.drop_vhost(url)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One IMAP server for all; a test that breaks it starts one of its own."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    """A mailbox of this test's own."""
    return dovecot.box()
