"""Which agencies must act on a complaint, and why."""

from typing import Any

import pytest

from hub.domain.routing import route
from schemas.agency import Route, RoutingTable
from schemas.complaint import Category, Region
from schemas.parties import ChannelName, Role
from tests.unit.domain.builders import complaint

KNOWN = ("dinas_pupr", "disdukcapil", "dinkes")


def rule(name: str = "roads", **values: Any) -> Route:
    base: dict[str, Any] = {
        "id": name,
        "why": "it is about it",
        "main": ("dinas_pupr",),
    }
    return Route(**base | values)


def chosen(rule_: Route, **values: Any) -> bool:
    decision = route(complaint(**values), RoutingTable(rules=(rule_,)), KNOWN)
    return decision.rule_id == rule_.id


def test_the_first_rule_that_matches_decides_and_says_why() -> None:
    table = RoutingTable(
        rules=(
            rule("clinic", keyword=("puskesmas",), main=("dinkes",)),
            rule("roads", keyword=("jalan",), cc=("dinkes", "gone")),
            rule("rest"),
        )
    )

    found = route(complaint(), table, KNOWN)

    assert found.agencies == (("dinas_pupr", Role.MAIN), ("dinkes", Role.CC))
    assert (found.rule_id, found.why) == ("roads", "it is about it")
    assert not found.to_triage


def test_without_a_rule_the_named_agency_gets_it_and_else_an_officer() -> None:
    claimed = route(complaint(claimed_agency="dinkes"), RoutingTable(), KNOWN)
    unknown = route(complaint(claimed_agency="nobody"), RoutingTable(), KNOWN)
    silent = route(complaint(), RoutingTable(), KNOWN)

    assert claimed.agencies == (("dinkes", Role.MAIN),)
    assert unknown.to_triage
    assert silent.to_triage
    assert silent.rule_id == "no_rule"


def test_a_rule_whose_main_agencies_are_gone_sends_it_to_triage_by_name() -> None:
    table = RoutingTable(rules=(rule("old", main=("gone",), cc=("dinkes",)),))

    found = route(complaint(claimed_agency="dinkes"), table, KNOWN)

    assert found.to_triage
    assert found.rule_id == "old"


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("Jalan rusak", True),
        ("di JALAN, rusak", True),
        ("perjalanan jauh", False),
        ("jalanan rusak", False),
        ("", False),
    ],
)
def test_a_keyword_is_a_whole_word_in_any_case(
    text: str,
    matches: bool,  # noqa: FBT001
) -> None:
    found = rule(keyword=("jalan",))

    assert chosen(found, title=text, body="-") is matches
    assert chosen(found, title="", body=text or "-") is matches
    assert chosen(found, title="", body="-", keyword="JALAN")


def test_a_keyword_may_hold_signs() -> None:
    assert chosen(rule(keyword=("c++ (lama)",)), title="C++ (lama) rusak")


@pytest.mark.parametrize(
    ("codes", "region", "matches"),
    [
        (("32",), "32.76", True),
        (("32.76",), "32.76", True),
        (("32.7",), "32.76", False),
        (("33", "32"), "32.76.01", True),
        (("32",), None, False),
    ],
)
def test_a_region_takes_what_lies_within_it(
    codes: tuple[str, ...],
    region: str | None,
    matches: bool,  # noqa: FBT001
) -> None:
    place = Region(code=region) if region else None

    assert chosen(rule(region=codes), region=place) is matches


def test_every_condition_of_a_rule_must_hold() -> None:
    both = rule(
        channel=("sms",), category=("pekerjaan-umum",), claimed_agency=("dinkes",)
    )
    right: dict[str, Any] = {
        "channel": ChannelName.SMS,
        "category": Category(code="pekerjaan-umum"),
        "claimed_agency": "dinkes",
    }

    assert chosen(both, **right)
    assert not chosen(both, **right | {"channel": ChannelName.WEB})
    assert not chosen(both, **right | {"category": None})
    assert not chosen(both, **right | {"claimed_agency": ""})
