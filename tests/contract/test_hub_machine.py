"""A whole hub under everything that may happen, in any order: a state machine.

Every stage over the real store: what comes in, what is decided, what goes out, and the
schedule; with a broker that loses and repeats hints, and agencies that say anything in
any order. Hypothesis prints the shortest way to a failure, and a line that repeats it.
`SIMPUL_MACHINE_RUNS` says how many ways are tried on SQLite, and a third of them on
PostgreSQL.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.delivery_machine.home import Home, OnPostgresql, OnSqlite
from tests.contract.hub_machine.body import Template
from tests.contract.hub_machine.machine import HubMachine

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("SIMPUL_MACHINE_RUNS", "20"))
STEPS = 30
SETTINGS = settings(
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=False,
    print_blob=True,
    # Each way has a database of its own: that is slow, and meant.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Thousands of log lines would bury the way to a failure."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    yield
    structlog.configure(**before)


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest) -> Home:
    if request.param == "sqlite":
        return OnSqlite()
    return OnPostgresql(request.getfixturevalue("postgres_server"))


@pytest.fixture
def machine(home: Home, tmp_path: Path) -> Iterator[type[HubMachine]]:
    """Give the machine the data directory that each of its ways begins with."""
    template = Template.make(home, tmp_path / "data")
    HubMachine.template = template
    yield HubMachine
    home.remove(template.url)


def test_whatever_happens_everyone_ends_in_step_or_it_is_recorded_why_not(
    machine: type[HubMachine], home: Home
) -> None:
    runs = RUNS if home.sole else max(1, RUNS // 3)
    run_state_machine_as_test(machine, settings=settings(SETTINGS, max_examples=runs))
