"""Rules that cannot do what they say are named; what others would change is counted."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.domain.reference import Reference
from hub.domain.routing import Router
from hub.domain.routing_change import Change, Rehearsal
from hub.domain.routing_check import check
from schemas.agency import Example, PlacedExample, Route, RoutingTable
from tests.unit.domain.builders import complaint
from tests.unit.domain.reference import AGENCIES, REFERENCE, TODAY, YESTERDAY


def rule(name: str, **values: Any) -> Route:
    base: dict[str, Any] = {"id": name, "why": "so", "main": ("dinas_b",)}
    return Route(**base | values)


def found(*rules: Route, examples: tuple[PlacedExample, ...] = ()) -> list[str]:
    table = RoutingTable(rules=rules, examples=examples)
    findings = check(table, AGENCIES, REFERENCE, TODAY)
    return [f"{one.place}: {one.what}: {one.why}" for one in findings]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"main": ("nobody",)}, "unknown_agency: nobody is not loaded"),
        ({"cc": ("dinas_lama",)}, "absent_agency: dinas_lama ended on 2026-11-23"),
        ({"category": ("puisi",)}, "unknown_category: there is no 'puisi'"),
        ({"category": ("corona",)}, "unknown_category: corona ended on 2026-11-23"),
        ({"region": ("33",)}, "unknown_region: '33' is none of of the tests"),
        ({"region": ("kemendagri:33",)}, "unknown_region: '33'"),
        ({"region": ("kpu:32",)}, "unknown_region: 'kpu:32' names no known scheme"),
        ({"channel": ("fax",)}, "unknown_channel: there is no 'fax'"),
    ],
)
def test_what_a_rule_names_and_there_is_not_is_told(
    values: dict[str, Any], told: str
) -> None:
    (one,) = found(rule("aa", **values))

    assert one.startswith(f"aa: {told}")


def test_a_rule_that_can_do_what_it_says_is_not_named() -> None:
    good = rule("aa", category=("obat", "jaki:x"), region=("32.76", "bps:1"))

    assert found(good) == []
    assert found(rule("aa", main=("nobody",), valid_until=YESTERDAY)) == []
    everything = RoutingTable(rules=(rule("aa", category=("any",), region=("99",)),))
    assert check(everything, AGENCIES, Reference(), TODAY) == []


@pytest.mark.parametrize(
    ("earlier", "later", "is_shadowed"),
    [
        ({}, {"keyword": ("jalan",)}, True),
        ({"keyword": ("jalan",)}, {}, False),
        ({"keyword": ("jalan", "aspal")}, {"keyword": ("ASPAL",)}, True),
        ({"keyword": ("kartu",)}, {"keyword": ("kartu keluarga",)}, True),
        # The keyword of an SMS stands alone, and e-ktp is not ktp there.
        ({"keyword": ("ktp",)}, {"keyword": ("e-ktp",)}, False),
        ({"keyword": ("kartu",)}, {"keyword": ("kartunya rusak",)}, False),
        ({"category": ("kesehatan",)}, {"category": ("obat",)}, True),
        ({"category": ("obat",)}, {"category": ("kesehatan",)}, False),
        ({"region": ("32",)}, {"region": ("32.76",)}, True),
        ({"region": ("32",)}, {"region": ("32.76", "91")}, False),
        ({"region": ("3",)}, {"region": ("32",)}, False),
        ({"channel": ("sms", "web")}, {"channel": ("web",)}, True),
        ({"channel": ("sms",)}, {"keyword": ("jalan",)}, False),
        ({"valid_until": YESTERDAY}, {}, False),
        ({"valid_from": YESTERDAY}, {"valid_from": TODAY}, True),
    ],
)
def test_a_rule_behind_one_that_takes_all_of_it_is_named(
    earlier: dict[str, Any],
    later: dict[str, Any],
    is_shadowed: bool,  # noqa: FBT001
) -> None:
    named = found(rule("aa", **earlier), rule("bb", **later))

    told = "bb: shadowed: aa stands before it and takes all that it takes"
    assert (told in named) is is_shadowed


def test_examples_are_asked_and_those_that_go_elsewhere_are_named() -> None:
    first = rule("aa", keyword=("jalan",), main=("dinas_a",))
    second = rule(
        "bb",
        keyword=("obat",),
        examples=(Example(text="Obat habis"), Example(text="Obat di tepi jalan")),
    )
    placed = (
        PlacedExample(text="Jalan rusak", agencies=("dinas_a",)),
        PlacedExample(text="Jalan rusak", agencies=("dinas_b",)),
        PlacedExample(text="Puisi", agencies=()),
        PlacedExample(text="Obat", agencies=()),
    )

    assert found(first, second, examples=placed) == [
        "bb: example: example 2 is decided by aa",
        "examples 2: example: goes to dinas_a by aa, not to dinas_b",
        "examples 4: example: goes to dinas_b by bb, not to triage",
    ]


@pytest.mark.parametrize("wrong", [{"region": "Depok"}, {"region": "kpu:32"}])
def test_an_example_that_cannot_be_asked_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate({"text": "Jalan rusak", **wrong})


def test_what_another_table_would_change_is_counted_by_pairs() -> None:
    roads = rule("aa", keyword=("jalan",), main=("dinas_a",), cc=("dinas_b",))
    present, other = (
        Router(RoutingTable(rules=rules), AGENCIES, REFERENCE, TODAY)
        for rules in ((roads,), (rule("bb", keyword=("jalan", "obat")),))
    )
    rehearsal = Rehearsal(present, other, numbers_max=2)

    for number, (text, main) in enumerate(
        [
            ("jalan", ("dinas_a",)),
            ("jalan", ("dinas_b",)),
            ("jalan", ()),
            ("obat", ("dinas_b",)),
            ("puisi", ()),
        ]
    ):
        told = complaint(title="", body=text)
        rehearsal.take(told, str(number), main)

    assert rehearsal.asked == 5
    assert rehearsal.changes == [
        Change("dinas_a, (dinas_b)", "dinas_b", 3, 1, {("aa", "bb")}, ["0", "1"]),
        Change("triage", "dinas_b", 1, 1, {("no_rule", "bb")}, ["3"]),
    ]
