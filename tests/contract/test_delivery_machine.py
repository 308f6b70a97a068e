"""Deliveries under everything that may happen, in any order: a state machine.

Hypothesis prints the shortest way to a failure, and a line that repeats it.
`SIMPUL_MACHINE_RUNS` says how many ways are tried for each kind of party.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from connectors.contract import Capabilities
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, MAIL
from tests.contract.delivery_machine.life import Template
from tests.contract.delivery_machine.machine import DeliveryMachine
from tests.contract.delivery_machine.party import Answer, Point

RUNS = int(os.environ.get("SIMPUL_MACHINE_RUNS", "12"))
STEPS = 20
SETTINGS = settings(
    max_examples=RUNS,
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
def begin(tmp_path_factory: pytest.TempPathFactory) -> Begin:
    """Give a kind of machine the data directory that each of its ways begins with."""

    def begin_(machine: type[DeliveryMachine]) -> type[DeliveryMachine]:
        folder = tmp_path_factory.mktemp("machine") / "data"
        machine.template = Template.make(folder, machine.party)
        return machine

    return begin_


@pytest.mark.parametrize(
    "machine",
    [AgencyThatHonoursKeys, AgencyThatCanBeAsked, AgencyWithNeither, ReportersChannel],
    ids=["key", "look-up", "neither", "reporter"],
)
def test_every_delivery_is_done_once_or_set_aside_for_a_person(
    machine: type[DeliveryMachine], begin: Begin
) -> None:
    run_state_machine_as_test(begin(machine), settings=SETTINGS)


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
