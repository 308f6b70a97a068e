"""The published language: the event catalogue and what may be written in it."""

from datetime import datetime

import pytest
from pydantic import BaseModel, ValidationError

from hub.domain.lifecycle import ASSIGNABLE, CASE_MOVES, LEG_MOVES
from schemas import payloads
from schemas.base import sealed_fields, split
from schemas.events import (
    AGENCY_EVENTS,
    CATALOGUE,
    UPSTREAM_EVENTS,
    Audience,
    Scope,
    new_event,
)
from schemas.parties import Author, AuthorKind, Reporter
from schemas.payloads import LegNews, Reasoned, Received
from schemas.status import Status
from tests.unit.domain.builders import WORKS, at, event

PAYLOADS = [
    found
    for found in vars(payloads).values()
    if isinstance(found, type)
    and issubclass(found, BaseModel)
    and found.__module__ == payloads.__name__
]


def test_every_move_of_the_fold_is_an_event_and_every_move_is_folded() -> None:
    moving = {
        name
        for name, row in CATALOGUE.items()
        if row.effect.scope is Scope.CASE and row.effect.to and name != "received"
    }

    assert moving == set(CASE_MOVES)
    assert {n for n, r in CATALOGUE.items() if r.effect.scope is Scope.LEG} == {
        "assigned",
        *LEG_MOVES,
    }


def test_every_status_is_reached_and_left_by_some_event() -> None:
    reached = {row.effect.to for row in CATALOGUE.values() if row.effect.to}
    left = frozenset().union(*CASE_MOVES.values(), *LEG_MOVES.values(), ASSIGNABLE)
    ended = {
        Status.MERGED,
        Status.REJECTED,
        Status.WITHDRAWN,
        Status.RETURNED,
        Status.EMERGENCY_REDIRECTED,
    }

    assert reached == set(Status)
    assert left == set(Status) - ended


def test_every_payload_is_the_payload_of_an_event() -> None:
    assert {row.payload for row in CATALOGUE.values()} == set(PAYLOADS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_event_has_an_emitter_a_meaning_and_a_name_in_snake_case(
    name: str,
) -> None:
    row = CATALOGUE[name]

    assert row.name == name
    assert row.emitters
    assert row.meaning.endswith(".")
    assert name.replace("_", "").isalpha()
    assert name.islower()


@pytest.mark.parametrize("name", CATALOGUE)
def test_nobody_is_told_what_they_may_not_see(name: str) -> None:
    row = CATALOGUE[name]
    seen = set(row.visible_to)
    if Audience.AGENCIES in seen:
        seen.add(Audience.LEG_AGENCY)

    assert row.wanted_by <= seen


def test_an_agency_may_speak_of_its_own_leg_only() -> None:
    assert set(LEG_MOVES) - {"return_refused", "returned"} == AGENCY_EVENTS
    for name in AGENCY_EVENTS:
        assert CATALOGUE[name].effect.scope is Scope.LEG


def test_only_a_clock_closes_by_silence_and_a_reporter_or_an_operator_accepts() -> None:
    reporter = {AuthorKind.REPORTER, AuthorKind.OPERATOR}
    assert CATALOGUE["closed_by_silence"].emitters == {AuthorKind.CLOCK}
    for name in ("appealed", "rated"):
        assert CATALOGUE[name].emitters == reporter
    for name in ("accepted", "withdrawn", "reporter_replied"):
        assert CATALOGUE[name].emitters == reporter | {AuthorKind.UPSTREAM}


def test_a_platform_acts_on_the_case_and_on_no_leg() -> None:
    scopes = {CATALOGUE[name].effect.scope for name in UPSTREAM_EVENTS}

    assert scopes == {Scope.CASE, Scope.NOTHING}
    assert not UPSTREAM_EVENTS & AGENCY_EVENTS


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("kind", AuthorKind)
def test_an_event_is_made_by_its_emitters_only(name: str, kind: AuthorKind) -> None:
    author = Author(kind=kind, id="somebody")

    if kind in CATALOGUE[name].emitters:
        assert event(name, leg=WORKS, author=author).author == author
    else:
        with pytest.raises(ValueError, match=f"{kind} may not emit '{name}'; legal:"):
            event(name, leg=WORKS, author=author)


@pytest.mark.parametrize("name", ["verified", "status_changed"])
def test_an_event_takes_the_payload_of_its_type_only(name: str) -> None:
    news = LegNews(agency="dinas_pupr", assignment_no=1)
    made = event("verified")

    with pytest.raises(ValueError, match="does not take LegNews"):
        new_event(name, news, made.author, made.cause, at(0))


def test_a_confirmed_update_is_not_taken_for_plain_news() -> None:
    made = event("confirmed", leg=WORKS)

    with pytest.raises(ValueError, match="does not take Confirmed"):
        new_event(
            "acknowledged",
            payloads.Confirmed(agency="dinas_pupr", assignment_no=1, stands_for="x"),
            made.author,
            made.cause,
            at(0),
        )


# --- sealed and clear -----------------------------------------------------------


@pytest.mark.parametrize("payload", PAYLOADS)
def test_peoples_words_are_sealed_wherever_they_stand(payload: type[BaseModel]) -> None:
    words = {"text", "title", "body", "place_text", "landmark", "raw_status"}
    words |= {"reference", "latitude", "longitude", "region_detail", "claimed_agency"}

    assert sealed_fields(payload) == words & set(payload.model_fields)


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_event_divides_its_payload_into_facts_and_sealed(name: str) -> None:
    made = event(name, leg=WORKS)
    hidden = sealed_fields(CATALOGUE[name].payload)

    assert not hidden & set(made.facts)
    assert set(made.sealed) <= hidden


def test_everything_about_a_reporter_is_sealed() -> None:
    assert sealed_fields(Reporter) == set(Reporter.model_fields)


def test_splitting_leaves_out_what_was_not_said() -> None:
    facts, sealed = split(Reasoned(reason_code="incomplete", text="Di mana?"))
    empty = split(Reasoned())

    assert (facts, sealed) == ({"reason_code": "incomplete"}, {"text": "Di mana?"})
    assert empty == ({}, {})


def test_a_sealed_zero_is_kept() -> None:
    assert event("received", latitude=0.0).sealed["latitude"] == 0.0


def test_models_are_frozen_and_refuse_what_they_do_not_know() -> None:
    said = Reasoned(text="a")

    with pytest.raises(ValidationError, match="frozen"):
        said.text = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Reasoned.model_validate({"reason": "a"})
    assert "r-1" in repr(event("received").facts)
    assert Received.model_config["frozen"]


def test_an_instant_without_a_zone_is_refused() -> None:
    made = event("verified")

    with pytest.raises(ValidationError, match="time zone"):
        new_event(
            "verified",
            Reasoned(),
            made.author,
            made.cause,
            datetime(2026, 11, 24, 10, 0),  # noqa: DTZ001
        )
