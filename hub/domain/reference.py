"""Reference data of a deployment: who there is, what it is about, and where."""

from dataclasses import dataclass, field
from datetime import date, datetime
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
