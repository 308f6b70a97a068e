"""What people may decide, when, and in what capacity."""

import pytest

from hub.cli.casework import DETAILS, HELP
from hub.domain.lifecycle import CaseState
from hub.domain.workflow import (
    WORKFLOW,
    Actor,
    ActorRole,
    emitters_lack,
    may,
    open_verbs,
    reason_of,
)
from schemas.events import CATALOGUE
from schemas.parties import Author, AuthorKind
from schemas.reasons import REASONS
from schemas.status import Status
from tests.unit.domain.builders import WORKS, assigned_case, folded

S = Status
PEOPLE = {AuthorKind.OFFICER, AuthorKind.OPERATOR, AuthorKind.REPORTER}
NOT_DECIDED_BY_HAND = {
    "received",
    "registered",
    "handed_over",
    "erasure_requested",
    "erased",
    "merged_from",
}
"""Events of people or operators that have a command of their own, or none yet."""

ANYWHERE_BEFORE = {"archive", "reject", "redirect", "withdraw", "merge", "correct"}
OF_THE_CASE = {
    S.RECEIVED: {"verify", "hold", *ANYWHERE_BEFORE},
    S.ON_HOLD: {
        "verify",
        "resume",
        *ANYWHERE_BEFORE,
        "assign",  # an agency may have it already
        "accept",
    },
    S.VERIFIED: {"hold", "assign", *ANYWHERE_BEFORE},
    S.ARCHIVED: {"restore"},
    S.REJECTED: set(),
    S.MERGED: set(),
    S.WITHDRAWN: set(),
    S.EMERGENCY_REDIRECTED: set(),
}
"""Before an agency has it, and at an end: status -> what moves it."""
ALWAYS = {"classify", "protect", "reply"}


def operator(role: ActorRole = ActorRole.OPERATOR, agency: str = "") -> Actor:
    return Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), role, agency)


def test_every_event_of_people_is_said_by_some_verb() -> None:
    said = {verb.event for verb in WORKFLOW.values()}
    peoples = {name for name, row in CATALOGUE.items() if row.emitters & PEOPLE}

    assert said == peoples - NOT_DECIDED_BY_HAND


def test_every_verb_has_its_words_and_only_known_reasons() -> None:
    assert HELP.keys() == WORKFLOW.keys()
    assert DETAILS.keys() <= WORKFLOW.keys()
    used = {reason for verb in WORKFLOW.values() for reason in verb.reasons}
    assert used == REASONS.keys()


@pytest.mark.parametrize("status", OF_THE_CASE)
def test_before_an_agency_has_it_and_at_an_end_these_verbs_move_it(
    status: Status,
) -> None:
    state = CaseState(base=status) if status is S.VERIFIED else CaseState()
    if status not in {S.RECEIVED, S.VERIFIED}:
        state = CaseState(override=status)

    always = set() if status is S.MERGED else ALWAYS
    assert set(open_verbs(state)) == OF_THE_CASE[status] | always


def test_verbs_of_a_leg_are_those_of_its_status() -> None:
    state = folded(assigned_case(WORKS))

    assert {"unit", "answer", "settle", "return", "take-back"} <= set(open_verbs(state))
    assert "keep" not in open_verbs(state)


def test_nobody_speaks_for_another_agency() -> None:
    desk = operator(ActorRole.LIAISON_OFFICER, "dinkes")

    assert may(WORKFLOW["answer"], desk, "dinkes")
    assert not may(WORKFLOW["answer"], desk, "dinas_pupr")
    assert not may(WORKFLOW["take-back"], desk, "dinkes")


@pytest.mark.parametrize("name", WORKFLOW)
def test_an_operator_may_enter_everything_and_an_author_fits(name: str) -> None:
    assert may(WORKFLOW[name], operator(), "dinkes")
    assert not emitters_lack(WORKFLOW[name], operator())


def test_a_reporter_decides_nothing_for_officials() -> None:
    reporter = Actor(Author(kind=AuthorKind.REPORTER, id="r-1"), ActorRole.REPORTER)
    allowed = {name for name, verb in WORKFLOW.items() if may(verb, reporter)}

    assert allowed == {
        "protect",
        "reply",
        "correct",
        "accept",
        "dispute",
        "appeal",
        "rate",
        "withdraw",
    }
    assert not any(emitters_lack(WORKFLOW[name], reporter) for name in allowed)


def test_a_reason_is_one_of_the_verbs_own_and_the_only_one_is_understood() -> None:
    assert reason_of(WORKFLOW["verify"], "") == "complete"
    assert reason_of(WORKFLOW["archive"], "spam") == "spam"
    for name, given in (("archive", ""), ("archive", "settled"), ("classify", "spam")):
        with pytest.raises(ValueError, match="reason"):
            reason_of(WORKFLOW[name], given)
