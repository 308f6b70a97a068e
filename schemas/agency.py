"""`agency.toml`: one agency, its system, its words and its limits; `routing.toml`."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from schemas.base import Model
from schemas.complaint import Category, NewComplaint, Region, RegionScheme
from schemas.parties import ChannelName, PartyKind
from schemas.validity import Dated

NAME = r"^[a-z][a-z0-9_]{1,59}$"
"""How agencies and their units are named."""
MEDIA_TYPE = r"^[a-z0-9][a-z0-9.+-]*/(\*|[a-z0-9][a-z0-9.+-]*)$"
"""A media type, or all of one kind; in lower case."""

CONNECTOR = r"^([a-z][a-z0-9_]*\.py:[A-Za-z_][A-Za-z0-9_]*)?$"
"""How a manifest names its own file of Python: in its folder, never a path."""

SHOWABLE = frozenset(
    {
        "public_number",
        "type",
        "title",
        "body",
        "language",
        "incident_on",
        "region",
        "place_text",
        "landmark",
        "latitude",
        "longitude",
        "category",
        "channel",
        "confidential",
        "received_at",
        "reporter.name",
        "reporter.email",
        "reporter.phone",
        "reporter.address",
        "attachments",
    }
)
"""What an allow-list may name; a national identity number is not among them."""


class OrderBy(StrEnum):
    """What puts an agency's updates of one case in order."""

    SEQUENCE = "sequence"
    """The agency numbers them."""
    TIME = "time"
    """The agency's own clock."""
    ARRIVAL = "arrival"
    """Neither can be trusted: first come, first."""


class Verification(StrEnum):
    """Who verifies what a rule would give to an agency."""

    RULE = "rule"
    """The named rule `verify_complete`: what can be placed is clear enough."""
    OFFICER = "officer"
    """A person, before the agency gets it."""


class Limits(Model):
    """How the agency's system wants to be called."""

    rate_per_second: float = Field(default=20, gt=0)
    """Sustained calls a second; also the size of the burst."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Calls at the same time, over all workers."""
    deadline_seconds: float = Field(default=30, gt=0)
    """Total time of one call: connect, send and read everything."""
    settle_after_seconds: float | None = Field(default=None, gt=0)
    """Wait after an unknown outcome; default is twice the deadline."""
    give_up_after_seconds: float = Field(default=7 * 86400, gt=0)
    """Age at which a delivery becomes a dead letter; pauses do not count."""
    backoff_base_seconds: float = Field(default=5, gt=0)
    backoff_cap_seconds: float = Field(default=12 * 3600, gt=0)
    breaker_failures: int = Field(default=5, ge=1)
    """Failures in a row that open the breaker."""
    breaker_open_seconds: float = Field(default=30, gt=0)
    """How long it stays open before one probe."""
    ramp_seconds: float = Field(default=30, ge=0)
    """Slow start after a pause or an outage."""
    response_bytes_max: int = Field(default=1_000_000, ge=1)
    file_bytes_max: int | None = Field(default=None, ge=1)
    """Size of the largest attachment that it takes; larger ones go as a link or are
    mentioned. None: every size."""
    file_types: tuple[Annotated[str, Field(pattern=MEDIA_TYPE)], ...] = ()
    """Media types that it takes, such as `image/jpeg` or `image/*`; the others go as a
    link or are mentioned. Empty: every type."""

    @property
    def settle_seconds(self) -> float:
        """Wait before an unknown outcome is looked into, in seconds."""
        return self.settle_after_seconds or 2 * self.deadline_seconds


class Polling(Model):
    """How often a system that can be asked for updates is asked."""

    every_seconds: float = Field(default=300, ge=1)
    """From one turn to the next; failures double it, up to an hour or to this."""
    pages_max: int = Field(default=20, ge=1, le=1000)
    """Pages in one turn; what is left is asked for after others had theirs."""


class Reconciling(Model):
    """How often the agency's view of its cases is compared with ours."""

    every_hours: float = Field(default=24, gt=0)
    cases_max: int = Field(default=50, ge=1, le=1000)
    """Cases in one question, where the system is asked case by case."""


class Egress(Model):
    """Where calls to the agency's system may go, beside its declared addresses."""

    hosts: tuple[str, ...] = ()
    """Further host names, for example of files that its answers point to."""
    networks: tuple[str, ...] = ()
    """Networks that are not public but are the agency's: `10.20.0.0/16`."""

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ip_network(network)
            except ValueError as error:
                msg = f"{network!r} is no network; an example: 10.20.0.0/16"
                raise ValueError(msg) from error
        return networks


class Unit(Dated):
    """A part of an agency, at any depth: a directorate, an office, a health centre."""

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=1, max_length=200)
    """What people read."""
    parent: str = ""
    """Name of the unit above it; empty right below the agency."""
    successors: tuple[str, ...] = ()
    """Units of the same agency that took over what it did."""


class AgencyManifest(Dated):
    """One agency as its `agency.toml` declares it."""

    name: str = Field(pattern=NAME)
    """Name of the party; the same as the folder."""
    title: str = Field(min_length=1, max_length=200)
    """What people read."""
    parent: str = ""
    """Name of the agency above it, where there is one."""
    successors: tuple[str, ...] = ()
    """Agencies that took over what it did; it stays a party for what it still has."""
    units: tuple[Unit, ...] = ()
    """Its parts. Where there are none, a unit is any words."""
    kind: PartyKind = PartyKind.AGENCY
    mirror: bool = False
    """Upstream only: every complaint that is registered from now on is filed there,
    too, and the platform is told of what it wants."""
    system: str
    """The kind of system: a folder of connectors/systems."""
    connector: str = Field(default="", pattern=CONNECTOR)
    """`connector.py:Class`: a file beside this one, with what deviates from the system.
    Its class is made by `from_manifest`, as the system's own; it is no part of a
    version."""
    zone: str = "Asia/Jakarta"
    """IANA zone of times that the system gives without one."""
    order_by: OrderBy = OrderBy.ARRIVAL
    verification: Verification = Verification.RULE
    allow: tuple[str, ...] = ()
    """Fields of the complaint that this agency may see, for example `body`."""
    wants: tuple[str, ...] | None = None
    """Event types to be told; default is the catalogue's."""
    limits: Limits = Limits()
    poll: Polling = Polling()
    reconcile: Reconciling = Reconciling()
    egress: Egress = Egress()
    statuses: dict[str, str] = Field(default_factory=dict)
    """The agency's own status word -> canonical event type."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What the system needs: addresses, field map, secret references."""

    @model_validator(mode="after")
    def _mirrors_what_it_may(self) -> Self:
        if not self.mirror:
            return self
        if self.kind is not PartyKind.UPSTREAM:
            msg = "mirror is for kind = 'upstream' only"
            raise ValueError(msg)
        if "confidential" not in self.allow:
            msg = "mirror needs `confidential` in allow: else it would be published"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _units_make_a_tree(self) -> Self:
        above = {unit.name: unit.parent for unit in self.units}
        if len(above) < len(self.units):
            msg = "two units have one name"
            raise ValueError(msg)
        for unit in self.units:
            for name in filter(None, (unit.parent, *unit.successors)):
                if name not in above:
                    msg = f"unit {unit.name!r} names {name!r}, which is no unit of it"
                    raise ValueError(msg)
            if _turns(unit.name, above):
                msg = f"unit {unit.name!r} lies below itself"
                raise ValueError(msg)
        return self


def _turns(name: str, above: Mapping[str, str]) -> bool:
    """Tell whether a way upwards never ends."""
    seen = set()
    while name:
        if name in seen:
            return True
        seen.add(name)
        name = above.get(name, "")
    return False


class Example(Model):
    """What somebody may write; kept with the rules, and asked at every check."""

    text: str = Field(min_length=1, max_length=2000)
    """Words as a citizen writes them, without any person's data."""
    channel: ChannelName = ChannelName.WEB
    category: str = ""
    region: str = ""
    keyword: str = ""
    claimed_agency: str = ""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        self.complaint()
        return self

    def complaint(self) -> NewComplaint:
        """Make the complaint that it stands for."""
        scheme, _, category = self.category.rpartition(":")
        about = {"scheme": scheme} if scheme else {}
        whose, _, region = self.region.rpartition(":")
        where = {"scheme": RegionScheme(whose)} if whose else {}
        return NewComplaint(
            title="",
            body=self.text,
            channel=self.channel,
            category=Category(code=category, **about) if category else None,
            region=Region(code=region, **where) if region else None,
            keyword=self.keyword,
            claimed_agency=self.claimed_agency,
        )


class PlacedExample(Example):
    """An example for the table as a whole."""

    agencies: tuple[str, ...]
    """Who must act on it; none means that an officer has to place it."""


class Route(Dated):
    """One routing rule; the first that matches decides."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_.-]{1,59}$")
    why: str = Field(min_length=1, max_length=300)
    """Shown to officers beside every assignment that this rule made."""
    channel: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    """Category codes; one of the first level takes those below it too."""
    region: tuple[str, ...] = ()
    """Region codes or their beginnings (`32` takes all of `32.76`). They are of
    Kemendagri unless they name another scheme: `bps:91`."""
    keyword: tuple[str, ...] = ()
    """SMS keyword, or words looked for in title and body, whole and caseless."""
    claimed_agency: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    """Agencies that must act."""
    cc: tuple[str, ...] = ()
    """Agencies that are informed."""
    examples: tuple[Example, ...] = ()
    """What this rule must decide, and no earlier one."""


class RoutingTable(Model):
    """`routing.toml`: rules in the order in which they are tried."""

    zone: str = "Asia/Jakarta"
    """IANA zone in which the days of rules and agencies begin."""
    rules: tuple[Route, ...] = ()
    emergency: tuple[str, ...] = ()
    """Words, whole and caseless, on which the reporter is told at once to call for
    help. The complaint goes on as any other."""
    examples: tuple[PlacedExample, ...] = ()
    """What the table as a whole must decide."""
