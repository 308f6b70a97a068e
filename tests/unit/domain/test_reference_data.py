"""Agencies, units, categories and regions are looked up as of a day."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.reference import Reference
from hub.domain.regions import Regions, place_code
from schemas.category import CategoryTable
from schemas.complaint import Region, RegionScheme
from tests.unit.domain.reference import (
    AGENCIES,
    REFERENCE,
    TODAY,
    TOMORROW,
    YESTERDAY,
    agency,
    category,
    unit,
)

TREE, KNOWN, REGIONS = REFERENCE.tree, REFERENCE.categories, REFERENCE.regions


@pytest.mark.parametrize("given", ["upt_utara", "UPT Utara", " upt utara "])
def test_a_unit_is_taken_by_name_or_title_and_becomes_its_title(given: str) -> None:
    assert TREE.unit("kementerian", given, TODAY) == "Upt Utara"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("upt_utra", "there are: upt_utara"),
        ("zzz", "there are: ditjen, upt_utara$"),  # who is there that day
        ("upt_lama", "ended on 2026-11-23; its successors: upt_utara"),
        ("upt_nanti", "begins on 2026-11-25"),
    ],
)
def test_a_unit_that_there_is_not_is_refused_with_what_there_is(
    given: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        TREE.unit("kementerian", given, TODAY)


def test_where_an_agency_declares_no_units_any_words_are_one() -> None:
    assert TREE.unit("dinas_b", "Seksi Jalan", TODAY) == "Seksi Jalan"
    assert TREE.unit("nobody", "Seksi Jalan", TODAY) == "Seksi Jalan"


def test_an_agency_ends_after_its_last_day_and_names_who_took_over() -> None:
    assert TREE.absent("dinas_lama", YESTERDAY) == ""
    told = "dinas_lama ended on 2026-11-23; its successors: dinas_a, dinas_b"
    assert TREE.absent("dinas_lama", TODAY) == told
    assert TREE.absent("nobody", TODAY) == ""
    assert TREE.absent("dinas_tua", TODAY).endswith("its successors: dinas_a, dinas_b")
    alone = AgencyTree({"x": agency("xx", valid_until=YESTERDAY)})
    assert "names no successor" in alone.absent("x", TODAY)


def test_the_tree_is_walked_from_the_top_through_three_levels_and_more() -> None:
    rows = [(depth, path) for depth, path, _ in TREE.rows()]

    assert (2, "Kementerian > Ditjen > Upt Utara") in rows
    assert (1, "Kementerian > Dinas_A") in rows
    assert len(rows) == len(AGENCIES) + len(AGENCIES["kementerian"].units)


def test_what_agencies_name_and_there_is_not_is_told() -> None:
    found = AgencyTree(
        {
            "aa": agency("aa", parent="bb", successors=("zz",)),
            "bb": agency("bb", parent="aa"),
            "cc": agency("cc", parent="gone"),
        }
    )

    assert found.lacks() == [
        "aa: it lies below itself",
        "aa: its successor 'zz' is not loaded",
        "bb: it lies below itself",
        "cc: its parent 'gone' is not loaded",
    ]
    assert {path for _, path, _ in found.rows()} == {"Aa", "Bb", "Cc"}


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ((unit("aa"), unit("aa")), "two units have one name"),
        ((unit("aa", parent="bb"),), "'bb', which is no unit"),
        ((unit("aa", successors=("bb",)),), "'bb', which is no unit"),
        ((unit("aa", parent="bb"), unit("bb", parent="aa")), "below itself"),
    ],
)
def test_units_that_make_no_tree_are_refused(units: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        agency("xx", units=units)


def test_a_day_before_its_beginning_is_refused_as_an_end() -> None:
    with pytest.raises(ValidationError, match="lies before"):
        unit("aa", valid_from=TODAY, valid_until=YESTERDAY)


def test_a_category_is_named_below_its_parent_in_both_languages() -> None:
    assert KNOWN.name("kesehatan.obat") == "Kesehatan > Kesehatan.Obat"
    assert KNOWN.name("obat", "en") == "kesehatan (en) > kesehatan.obat (en)"
    assert KNOWN.names("jalan") == "Jalan / jalan (en)"
    assert KNOWN.name("puisi") == KNOWN.names("puisi") == "puisi"


def test_a_category_of_the_first_level_takes_those_below_it() -> None:
    assert KNOWN.within("kesehatan") == {"kesehatan", "kesehatan.obat", "obat"}
    assert KNOWN.within("obat") == {"kesehatan.obat", "obat"}
    assert KNOWN.within("puisi") == {"puisi"}


def test_an_official_chooses_a_category_that_there_is_that_day() -> None:
    assert KNOWN.choose("obat", TODAY) == "kesehatan.obat"
    assert KNOWN.choose("corona", YESTERDAY) == "corona"
    with pytest.raises(ValueError, match="held from … to 2026-11-23"):
        KNOWN.choose("corona", TODAY)
    with pytest.raises(ValueError, match="there are: kesehatan"):
        KNOWN.choose("kesehatn", TODAY)
    assert Categories().choose("anything", TODAY) == "anything"


def test_categories_have_two_levels_and_every_code_once() -> None:
    twice = (category("a"), category("b", also=("a",)))
    with pytest.raises(ValidationError, match="codes used twice: a"):
        CategoryTable(categories=twice)
    deep = (category("a"), category("b", parent="a"), category("c", parent="b"))
    with pytest.raises(ValidationError, match="not of the first level"):
        CategoryTable(categories=deep)


def test_a_region_is_named_with_what_it_lies_in() -> None:
    assert REGIONS.name("32.76") == "Kota Depok, Jawa Barat"
    assert REGIONS.name("32.99") == "32.99"
    assert REGIONS.name("bps:32") == "bps:32"
    assert [REGIONS.lacks(code) for code in ("32", "33", "bps:33")] == [0, 1, 0]
    assert not Regions().lacks("33")


def test_a_region_of_another_scheme_says_whose_it_is() -> None:
    assert place_code(Region(code="91")) == "91"
    assert place_code(Region(scheme=RegionScheme.BPS, code="91")) == "bps:91"
    assert place_code(None) == ""


def test_a_day_begins_at_midnight_of_the_zone() -> None:
    late = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)
    assert Reference().day(late) == TOMORROW
    assert Reference(zone="UTC").day(late) == TODAY
