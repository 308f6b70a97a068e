"""Deliveries under everything that may happen, in any order: a state machine.

Hypothesis prints the shortest way to a failure, and a line that repeats it.
`SIMPUL_MACHINE_RUNS` says how many ways are tried for each kind of party on SQLite; on
PostgreSQL, where a way takes longer, it is a third of them.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from connectors.contract import Capabilities
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, MAIL
from tests.contract.delivery_machine.home import Home, OnPostgresql, OnSqlite
from tests.contract.delivery_machine.life import Template
from tests.contract.delivery_machine.machine import DeliveryMachine
from tests.contract.delivery_machine.party import Answer, Point

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("SIMPUL_MACHINE_RUNS", "6"))
STEPS = 20
SETTINGS = settings(
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=False,
    print_blob=True,
    # Each way has a database of its own: that is slow, and meant.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


AGE_SECONDS = LIMITS.give_up_after_seconds + 1
Begin = Callable[[type[DeliveryMachine]], type[DeliveryMachine]]


class AgencyThatHonoursKeys(DeliveryMachine):
    can: ClassVar = Capabilities(honours_key=True)


class AgencyThatCanBeAsked(DeliveryMachine):
    can: ClassVar = Capabilities(finds=True)


class AgencyWithNeither(DeliveryMachine):
    can: ClassVar = Capabilities()


class ReportersChannel(DeliveryMachine):
    kind: ClassVar = PartyKind.REPORTER
    party: ClassVar = MAIL
    can: ClassVar = Capabilities(submits=False, resends_once=True)


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Thousands of log lines would bury the way to a failure."""
    before = structlog.get_config()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    yield
    structlog.configure(**before)


@pytest.fixture
def home(request: pytest.FixtureRequest) -> Home:
    if getattr(request, "param", "sqlite") == "sqlite":
        return OnSqlite()
    return OnPostgresql(request.getfixturevalue("postgres_server"))


@pytest.fixture
def begin(home: Home, tmp_path: Path) -> Iterator[Begin]:
    """Give a kind of machine the data directory that each of its ways begins with."""
    made: list[Template] = []

    def begin_(machine: type[DeliveryMachine]) -> type[DeliveryMachine]:
        machine.template = Template.make(home, tmp_path / "data", machine.party)
        made.append(machine.template)
        return machine

    yield begin_
    for template in made:
        home.remove(template.url)


@pytest.mark.parametrize(
    "machine",
    [AgencyThatHonoursKeys, AgencyThatCanBeAsked, AgencyWithNeither, ReportersChannel],
    ids=["key", "look-up", "neither", "reporter"],
)
@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_every_delivery_is_done_once_or_set_aside_for_a_person(
    machine: type[DeliveryMachine], home: Home, begin: Begin
) -> None:
    runs = RUNS if home.sole else max(1, RUNS // 3)
    ways = settings(SETTINGS, max_examples=runs)
    run_state_machine_as_test(begin(machine), settings=ways)


# --- ways that the machine once found ----------------------------------------------


def test_what_may_have_been_done_is_held_when_it_is_given_up(begin: Begin) -> None:
    state = begin(AgencyThatHonoursKeys)()
    with closing(state):
        state.the_schedule_runs(61, Answer.LOST_REPLY, Answer.DONE)
        state.the_schedule_runs(AGE_SECONDS, Answer.RETRY, Answer.DONE)
        assert [letter.kind for letter in state.letters()] == ["held"]


def test_what_may_have_been_done_is_held_when_it_is_refused(begin: Begin) -> None:
    state = begin(ReportersChannel)()
    with closing(state):
        state.the_schedule_runs(61, Answer.LOST_REPLY, Answer.DONE)
        state.the_schedule_runs(61, Answer.REFUSED, Answer.DONE)
        assert [letter.kind for letter in state.letters()] == ["held"]


def test_a_lost_call_is_not_given_up_for_the_age_of_a_pause(begin: Begin) -> None:
    state = begin(AgencyThatHonoursKeys)()
    with closing(state):
        state.the_schedule_runs(61, Answer.RETRY, Answer.DONE)
        state.the_party_is_paused(0.5, AGE_SECONDS)
        state.the_process_dies(Point.BEFORE_EFFECT, 61, Answer.DONE, again=False)
        assert state.letters() == []


def test_a_party_that_is_missing_for_a_while_is_asked_before_it_is_told_again(
    begin: Begin,
) -> None:
    state = begin(AgencyThatCanBeAsked)()
    with closing(state):
        state.the_schedule_runs(61, Answer.LOST_REPLY, Answer.DONE)
        state.the_party_is_missing_in_the_configuration(61)
        state.the_schedule_runs(61, Answer.DONE, Answer.DONE)
        state.all_is_sound()


def test_a_look_up_waits_also_when_its_party_is_resumed(begin: Begin) -> None:
    state = begin(AgencyThatCanBeAsked)()
    with closing(state):
        state.the_schedule_runs(61, Answer.LATE_EFFECT, Answer.DONE)
        for _ in range(3):
            state.resume()
            state.run_schedule()
        state.all_is_sound()


def test_the_letter_of_a_hand_over_is_resolved_when_it_is_skipped(begin: Begin) -> None:
    state = begin(AgencyWithNeither)()
    with closing(state):
        state.the_schedule_runs(61, Answer.REFUSED, Answer.DONE)
        state.an_operator_decides(0, discarded=False)
        state.the_schedule_runs(61, Answer.SKIPPED, Answer.DONE)
        assert [letter.state for letter in state.letters()] == ["resolved"]


def test_what_the_loser_of_a_lease_did_is_held_when_it_is_refused(begin: Begin) -> None:
    state = begin(ReportersChannel)()
    with closing(state):
        state.a_call_outlives_its_lease(61, Answer.DONE, Answer.DONE, goes_on=False)
        state.the_schedule_runs(61, Answer.REFUSED, Answer.DONE)
        assert [letter.kind for letter in state.letters()] == ["held"]


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_a_lost_retry_stays_one_when_who_took_it_over_dies(begin: Begin) -> None:
    state = begin(AgencyWithNeither)()
    with closing(state):
        state.the_schedule_runs(61, Answer.DONE, Answer.DONE)
        state.the_schedule_runs(61, Answer.REFUSED, Answer.DONE)
        state.an_operator_decides(0, discarded=False)
        state.who_takes_a_lost_call_over_dies(61, Answer.DONE)
        state.the_schedule_runs(61, Answer.DONE, Answer.DONE)
        assert [letter.kind for letter in state.letters()] == ["held"]
        state.all_is_sound()
