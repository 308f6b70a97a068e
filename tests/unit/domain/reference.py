"""A small ministry with its parts, a few categories and regions."""

from datetime import date
from typing import Any

from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.reference import Reference
from hub.domain.regions import Regions
from schemas.agency import AgencyManifest, Unit
from schemas.category import CategoryEntry, CategoryTable, Names

TODAY = date(2026, 11, 24)
YESTERDAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 25)
REGIONS = {"32": "Jawa Barat", "32.76": "Kota Depok", "91": "Papua"}


def agency(name: str, **values: Any) -> AgencyManifest:
    given = {"name": name, "title": name.title(), "system": "rest"} | values
    return AgencyManifest(**given)


def category(code: str, **values: Any) -> CategoryEntry:
    names = Names(id=code.title(), en=f"{code} (en)")
    return CategoryEntry(code=code, name=names, **values)


def unit(name: str, **values: Any) -> Unit:
    return Unit(**{"name": name, "title": name.replace("_", " ").title()} | values)


MINISTRY = agency(
    "kementerian",
    units=(
        unit("ditjen"),
        unit("upt_utara", parent="ditjen"),
        unit(
            "upt_lama",
            parent="ditjen",
            valid_until=YESTERDAY,
            successors=("upt_utara",),
        ),
        unit("upt_nanti", valid_from=TOMORROW),
    ),
)
OLD = agency("dinas_lama", valid_until=YESTERDAY, successors=("dinas_a", "dinas_b"))
OLDEST = agency(
    "dinas_tua", valid_until=YESTERDAY, successors=("dinas_lama", "dinas_b")
)
CITY = agency("dinas_a", parent="kementerian")
AGENCIES = {one.name: one for one in (MINISTRY, OLDEST, OLD, CITY, agency("dinas_b"))}
CATEGORIES = CategoryTable(
    categories=(
        category("kesehatan"),
        category("kesehatan.obat", parent="kesehatan", also=("obat",)),
        category("jalan"),
        category("corona", valid_until=YESTERDAY),
    )
)
REFERENCE = Reference(
    AgencyTree(AGENCIES),
    Categories(CATEGORIES),
    Regions(REGIONS.get, edition="of the tests"),
)
