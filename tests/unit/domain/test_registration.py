"""The first events of a complaint."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import New
from hub.domain.registration import Entry, first_events
from hub.domain.routing import RoutingDecision
from schemas.complaint import Category, Place, Region, ReportType
from schemas.events import new_event
from schemas.parties import Role
from schemas.payloads import Received
from tests.unit.domain.builders import complaint

NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)
ENTRY = Entry("j1", NOW, "ABCD-EFGH-J", "123456789012345")
ROADS = RoutingDecision(
    (("dinas_pupr", Role.MAIN), ("dinkes", Role.CC)), "roads", "roads"
)
ORDERS = {"dinas_pupr": "sequence", "dinkes": "arrival"}

words = st.text(max_size=20)
changes = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(ReportType),
        "category": st.none() | st.just(Category(code="jalan")),
        "region": st.none()
        | st.sampled_from(["32", "32.76.01"]).map(lambda code: Region(code=code)),
        "incident_on": st.none() | st.dates(),
        "place": st.builds(
            Place,
            text=words,
            landmark=words,
            latitude=st.none() | st.floats(-90, 90),
            longitude=st.none() | st.floats(-180, 180),
        ),
        "anonymous": st.booleans(),
        "keyword": words,
        "truncated": st.booleans(),
    },
)


@given(changes)
def test_the_first_event_is_what_its_payload_says(values: dict[str, Any]) -> None:
    item = New(complaint=complaint(**values))
    first = first_events(ENTRY, item, ROADS, ORDERS, "r1", NOW)[0]
    payload = Received(**first.facts, **first.sealed)
    said = new_event("received", payload, first.author, first.cause, NOW)
    assert (first.facts, first.sealed) == (said.facts, said.sealed)
    assert first.sealed["body"] == item.complaint.body


def test_clear_facts_say_the_region_down_to_the_regency_only() -> None:
    item = New(
        complaint=complaint(
            region=Region(code="32.76.01.1001"), incident_on=date(2026, 1, 2)
        )
    )
    first = first_events(ENTRY, item, ROADS, ORDERS, "r1", NOW)[0]
    assert first.facts["region"] == {"scheme": "kemendagri", "code": "32.76"}
    assert first.sealed["region_detail"] == "32.76.01.1001"


@pytest.mark.parametrize(
    ("decision", "types"),
    [
        (ROADS, ["received", "registered", "verified", "assigned", "assigned"]),
        (
            RoutingDecision((), "no_rule", "none"),
            ["received", "registered", "triage_requested"],
        ),
    ],
)
def test_what_was_decided_follows_in_order(
    decision: RoutingDecision, types: list[str]
) -> None:
    events = first_events(
        ENTRY, New(complaint=complaint()), decision, ORDERS, "r1", NOW
    )
    assert [e.type for e in events] == types
    assert [e.cause.no for e in events] == list(range(1, len(types) + 1))
    assert {e.cause.id for e in events} == {"j1"}
    assert len(events) == len(types)


def test_an_assignment_says_how_its_updates_are_ordered() -> None:
    events = first_events(ENTRY, New(complaint=complaint()), ROADS, ORDERS, "r1", NOW)
    assert [e.facts["order_by"] for e in events[3:]] == ["sequence", "arrival"]
    assert [e.leg for e in events[3:]] == [("dinas_pupr", 1), ("dinkes", 1)]
