"""Which agencies must act on a complaint, and why."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.routing import Router, Routing, RoutingDecision, route
from hub.domain.routing_check import shadowed
from hub.domain.routing_explained import explain
from schemas.agency import Example, Route, RoutingTable
from schemas.complaint import Category, NewComplaint, Region, RegionScheme
from schemas.parties import ChannelName, Role
from tests.unit.domain.builders import complaint
from tests.unit.domain.reference import (
    AGENCIES,
    REFERENCE,
    TODAY,
    TOMORROW,
    YESTERDAY,
)

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


def test_a_category_of_the_first_level_takes_those_below_it() -> None:
    health = rule(category=("kesehatan",), main=("dinas_b",))
    router = Router(RoutingTable(rules=(health,)), AGENCIES, REFERENCE, TODAY)

    for code in ("kesehatan", "kesehatan.obat", "obat"):
        assert router(complaint(category=Category(code=code))).rule_id == "roads"
    assert router(complaint(category=Category(code="jalan"))).to_triage


def test_codes_of_another_scheme_match_only_where_it_is_named() -> None:
    bps = Region(scheme=RegionScheme.BPS, code="91.01")
    other = Category(scheme="jaki", code="jalan")

    assert not chosen(rule(region=("91",)), region=bps)
    assert chosen(rule(region=("kemendagri:91",)), region=Region(code="91.01"))
    assert chosen(rule(region=("bps:91",)), region=bps)
    assert not chosen(rule(region=("bps:91",)), region=Region(code="91.01"))
    assert not chosen(rule(category=("jalan",)), category=other)
    assert chosen(rule(category=("jaki:jalan",)), category=other)


def test_a_complaint_with_codes_that_nobody_knows_is_routed_all_the_same() -> None:
    router = Router(RoutingTable(rules=(rule(main=("dinas_b",)),)), AGENCIES, REFERENCE)
    strange = complaint(region=Region(code="99.01"), category=Category(code="puisi"))

    assert router(strange).main == ("dinas_b",)


def test_a_rule_holds_from_its_first_day_through_its_last() -> None:
    holds = rule(valid_from=TODAY, valid_until=TODAY, main=("dinas_b",))
    routing = Routing(RoutingTable(rules=(holds,)), AGENCIES, REFERENCE)

    def decides(day: int, hour: int, minute: int) -> bool:
        at = datetime(2026, 11, day, hour, minute, tzinfo=UTC)
        return not routing.at(at)(complaint()).to_triage

    assert not decides(23, 16, 59)  # 23:59 in Jakarta
    assert decides(23, 17, 0)
    assert decides(24, 16, 59)
    assert not decides(24, 17, 0)


def test_a_table_without_days_keeps_one_router() -> None:
    routing = Routing(RoutingTable(rules=(rule(),)), KNOWN)
    now, later = (datetime(year, 1, 1, tzinfo=UTC) for year in (2026, 2036))

    assert routing.at(now) is routing.at(later)


def test_an_agency_that_ended_gets_nothing_and_its_successors_are_named() -> None:
    ended = "dinas_lama ended on 2026-11-23; its successors: dinas_a, dinas_b"
    alone, both = rule(main=("dinas_lama",)), rule(main=("dinas_b", "dinas_lama"))

    def decided(*rules: Route, day: date = TODAY, **given: Any) -> RoutingDecision:
        table = RoutingTable(rules=rules)
        return Router(table, AGENCIES, REFERENCE, day)(complaint(**given))

    assert decided(alone, day=YESTERDAY).main == ("dinas_lama",)
    assert decided(alone) == RoutingDecision((), "roads", ended)
    assert decided(both).main == ("dinas_b",)
    assert ended in decided(both).why
    claimed = decided(claimed_agency="dinas_lama")
    assert claimed == RoutingDecision((), "claimed_agency", ended)


words = st.lists(st.sampled_from(["jalan", "obat", "ktp", "pasar"]), max_size=3)
codes = st.sampled_from(["", "kesehatan", "kesehatan.obat", "jalan", "puisi"])
places = st.sampled_from(["", "32", "32.76", "91", "bps:91"])
days = st.sampled_from([None, YESTERDAY, TODAY, TOMORROW])


@st.composite
def rules(draw: st.DrawFn, number: int = 0) -> Route:
    first, last = draw(days), draw(days)
    if first and last and last < first:
        first, last = last, first
    return rule(
        f"rule-{number}",
        keyword=tuple(draw(words)),
        category=tuple({draw(codes)} - {""}),
        region=tuple({draw(places)} - {""}),
        channel=tuple({draw(st.sampled_from(["", "web", "sms"]))} - {""}),
        claimed_agency=tuple({draw(st.sampled_from(["", "dinas_a"]))} - {""}),
        main=(draw(st.sampled_from(["dinas_a", "dinas_lama", "gone"])),),
        valid_from=first,
        valid_until=last,
    )


@st.composite
def tables(draw: st.DrawFn) -> RoutingTable:
    count = draw(st.integers(0, 6))
    return RoutingTable(rules=tuple(draw(rules(number)) for number in range(count)))


@st.composite
def asked(draw: st.DrawFn) -> NewComplaint:
    said = " ".join(draw(words)) or "-"
    example = Example(
        text=said,
        category=draw(codes),
        region=draw(places),
        channel=draw(st.sampled_from([ChannelName.WEB, ChannelName.SMS])),
        keyword=draw(st.sampled_from(["", "jalan", "KTP"])),
        claimed_agency=draw(st.sampled_from(["", "dinas_a", "dinas_lama"])),
    )
    return example.complaint()


@given(tables(), asked(), st.sampled_from([YESTERDAY, TODAY, TOMORROW]))
def test_an_explanation_decides_as_the_router_does(
    table: RoutingTable, told: NewComplaint, day: date
) -> None:
    router = Router(table, AGENCIES, REFERENCE, day)
    found = explain(router, told)

    assert found.decision == router(told)
    matched = [one.rule_id for one in found.asked if not one.failed]
    by_rule = found.decision.rule_id in {rule.id for rule in table.rules}
    assert matched == ([found.decision.rule_id] if by_rule else [])
    assert len(found.asked) + found.not_asked == len(table.rules)


@given(tables(), asked(), st.sampled_from([YESTERDAY, TODAY, TOMORROW]))
def test_a_shadowed_rule_never_decides(
    table: RoutingTable, told: NewComplaint, day: date
) -> None:
    never = {one.place for one in shadowed(table, REFERENCE)}

    assert Router(table, AGENCIES, REFERENCE, day)(told).rule_id not in never
