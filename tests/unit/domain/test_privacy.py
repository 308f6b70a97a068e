"""Who may see what, and who is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.privacy import (
    event_facts,
    event_words,
    interested,
    view,
    visible,
)
from schemas.agency import SHOWABLE
from schemas.events import CATALOGUE
from schemas.parties import Author, AuthorKind, PartyKind
from schemas.payloads import Received
from tests.unit.domain.builders import CIVIL_REGISTRY, WORKS, event, update

PERSON = {
    "name": "Sari Contoh",
    "email": "sari@warga.example",
    "phone": "+62812000111",
    "address": "Jalan Melati 1",
    "nik": "9900000000000001",
    "thread_id": "<a@warga.example>",
    "line": "1708",
}
FACTS: dict[str, Any] = {
    "public_number": "100000000000001",
    "code": "0123-4567-8",
    "reporter_id": "r-1",
    "type": "complaint",
    "language": "id",
    "confidential": False,
    "incident_on": None,
}
WORDS: dict[str, Any] = {"title": "Jalan", "body": "Berlubang.", "landmark": ""}

field_names = st.sampled_from(
    sorted(SHOWABLE | {"code", "reporter_id", "reporter.nik", "anonymous"})
)


@given(st.sets(field_names), st.booleans())
def test_a_party_sees_nothing_beyond_its_allow_list(
    allow: set[str],
    anonymous: bool,  # noqa: FBT001
) -> None:
    found = view({**FACTS, "anonymous": anonymous}, WORDS, PERSON, allow)

    person = found.pop("reporter", {})
    assert set(found) <= allow & SHOWABLE
    assert {f"reporter.{name}" for name in person} <= allow & SHOWABLE
    assert not (anonymous and person)
    shown = f"{found}{person}"
    assert not any(PERSON[name] in shown for name in ("nik", "thread_id"))


def test_an_anonymous_reporter_is_never_shown() -> None:
    hidden = view({**FACTS, "anonymous": True}, WORDS, PERSON, SHOWABLE)
    shown = view(FACTS, WORDS, PERSON, SHOWABLE)

    assert "reporter" not in hidden
    assert not any(value in str(hidden) for value in PERSON.values())
    assert shown["reporter"] == {
        name: PERSON[name] for name in ("name", "email", "phone", "address")
    }


def test_empty_values_are_left_out_and_false_is_not_empty() -> None:
    found = view(FACTS, WORDS, {"name": ""}, SHOWABLE)

    assert not {"incident_on", "landmark", "reporter"} & set(found)
    assert found["confidential"] is False


def test_the_allow_list_cannot_open_an_identity_number() -> None:
    assert not {"reporter.nik", "code", "reporter_id"} & SHOWABLE


# --- words ----------------------------------------------------------------------

NEWS = update(
    "followed_up", WORKS, 1, 1, text="Sudah ditambal.", raw_status="Dikerjakan"
)


def test_an_agency_reads_words_only_with_the_body() -> None:
    owner = event_words(NEWS, PartyKind.AGENCY, WORKS[0], ["body"])
    other = event_words(NEWS, PartyKind.AGENCY, CIVIL_REGISTRY[0], ["body", "title"])
    closed = event_words(NEWS, PartyKind.AGENCY, WORKS[0], ["title"])

    assert owner == {"text": "Sudah ditambal.", "raw_status": "Dikerjakan"}
    assert other == {"text": "Sudah ditambal."}
    assert closed == {}


def test_a_reference_stays_between_its_agency_the_hub_and_the_reporter() -> None:
    handed = event("handed_over", leg=WORKS, reference="PUPR-26-1")

    told = event_words(handed, PartyKind.REPORTER, "reporter:sms", [])
    other = event_words(handed, PartyKind.AGENCY, "dinkes", SHOWABLE)

    assert told == {"reference": "PUPR-26-1"}
    assert other == {}


def test_the_reporter_reads_no_foreign_status_words() -> None:
    assert event_words(NEWS, PartyKind.REPORTER, "reporter:sms", []) == {
        "text": "Sudah ditambal."
    }


def test_no_facts_name_a_person_or_open_a_case() -> None:
    registered = event_facts(event("registered"))
    received = event_facts(event("received"))
    lifted = event_facts(
        event("flags_changed", anonymous=False, second_person="budi.officer")
    )

    assert registered == {"public_number": "100000000000001", "truncated": False}
    assert "reporter_id" not in received
    assert lifted == {"anonymous": False}


def test_what_a_citizen_wrote_is_never_a_clear_fact() -> None:
    received = event("received", place_text="Pasar", landmark="Masjid", latitude=-6.4)

    assert not {"title", "body", "place_text", "landmark", "latitude"} & set(
        received.facts
    )
    assert {"title", "body", "place_text", "landmark", "latitude"} == set(
        received.sealed
    )
    assert "title" in Received.model_fields


# --- interested -----------------------------------------------------------------

AUTHORS = {
    PartyKind.REPORTER: (Author(kind=AuthorKind.REPORTER, id="r-1"), "reporter:sms"),
    PartyKind.AGENCY: (Author(kind=AuthorKind.AGENCY, id=WORKS[0]), WORKS[0]),
    PartyKind.UPSTREAM: (Author(kind=AuthorKind.UPSTREAM, id="lapor"), "lapor"),
}
SAID = [
    (name, kind)
    for name, row in CATALOGUE.items()
    for kind, (author, _) in AUTHORS.items()
    if author.kind in row.emitters
]


@pytest.mark.parametrize(("name", "kind"), SAID)
def test_nobody_is_told_what_they_said_themselves(name: str, kind: PartyKind) -> None:
    author, party = AUTHORS[kind]
    said = event(name, leg=WORKS, author=author)

    assert not interested(said, kind, party)
    assert not interested(said, kind, party, wants=set(CATALOGUE))


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("kind", PartyKind)
def test_a_wish_never_opens_what_may_not_be_seen(name: str, kind: PartyKind) -> None:
    seen = event(name, leg=WORKS)

    told = interested(seen, kind, "somebody_else", wants=set(CATALOGUE))

    assert told <= visible(seen, kind, "somebody_else")
    assert not interested(seen, kind, "somebody_else", wants=())


def test_another_agencys_news_are_news_and_its_assignment_is_not() -> None:
    told = {
        (name, party)
        for name in ("assigned", "work_started", "returned")
        for party in ("dinas_pupr", "dinkes")
        if interested(event(name, leg=WORKS), PartyKind.AGENCY, party)
    }

    assert told == {
        ("assigned", "dinas_pupr"),
        ("returned", "dinas_pupr"),
        ("work_started", "dinkes"),
        ("work_started", "dinas_pupr"),
    }


def test_a_strangers_words_never_reach_the_reporter() -> None:
    comment = event("third_party_comment", text="Saya juga.")

    assert not visible(comment, PartyKind.REPORTER, "reporter:email")
    assert interested(comment, PartyKind.AGENCY, "dinkes")


def test_a_subscriber_is_told_of_erasure_whatever_else_it_wants() -> None:
    assert interested(event("erasure_requested"), PartyKind.SUBSCRIBER, "statistics")
    assert not interested(event("work_started", leg=WORKS), PartyKind.SUBSCRIBER, "x")
