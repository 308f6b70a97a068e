"""Reference data of a deployment: who there is, what it is about, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.regions import Regions


@dataclass(frozen=True)
class Reference:
    """Dated data; what is not declared is not checked."""

    tree: AgencyTree = field(default_factory=AgencyTree)
    categories: Categories = field(default_factory=Categories)
    regions: Regions = field(default_factory=Regions)
    zone: str = "Asia/Jakarta"
    """IANA zone in which a day begins."""

    def day(self, at: datetime) -> date:
        """Give the day of an instant."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def held(
        self, event: str, agency: str, values: Mapping[str, Any], at: datetime
    ) -> dict[str, Any]:
        """Hold what an official names in an event against what there is at an instant.

        Gives the fields that are written another way; raises ValueError with what
        there is instead.
        """
        day, found = self.day(at), dict[str, Any]()
        if event == "assigned" and (why := self.tree.absent(agency, day)):
            raise ValueError(why)
        if unit := values.get("unit"):
            found["unit"] = self.tree.unit(agency, unit, day)
        if category := values.get("category"):
            usual = self.categories.scheme
            if category.get("scheme", usual) == usual:
                code = self.categories.choose(category["code"], day)
                found["category"] = {**category, "code": code}
        return found
