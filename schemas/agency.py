"""`agency.toml`: one agency, its system, its words and its limits."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from schemas.base import Model
from schemas.parties import PartyKind

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

    @property
    def settle_seconds(self) -> float:
        """Wait before an unknown outcome is looked into, in seconds."""
        return self.settle_after_seconds or 2 * self.deadline_seconds


class AgencyManifest(Model):
    """One agency as its `agency.toml` declares it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,59}$")
    """Name of the party; the same as the folder."""
    title: str = Field(min_length=1, max_length=200)
    """What people read."""
    kind: PartyKind = PartyKind.AGENCY
    system: str
    """The kind of system: a folder of connectors/systems."""
    zone: str = "Asia/Jakarta"
    """IANA zone of times that the system gives without one."""
    order_by: OrderBy = OrderBy.ARRIVAL
    allow: tuple[str, ...] = ()
    """Fields of the complaint that this agency may see, for example `body`."""
    wants: tuple[str, ...] | None = None
    """Event types to be told; default is the catalogue's."""
    limits: Limits = Limits()
    statuses: dict[str, str] = Field(default_factory=dict)
    """The agency's own status word -> canonical event type."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What the system needs: addresses, field map, secret references."""


class Route(Model):
    """One routing rule; the first that matches decides."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_.-]{1,59}$")
    why: str = Field(min_length=1, max_length=300)
    """Shown to officers beside every assignment that this rule made."""
    channel: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    """Region codes or their beginnings (`32` takes all of `32.76`)."""
    keyword: tuple[str, ...] = ()
    """SMS keyword, or words looked for in title and body, whole and caseless."""
    claimed_agency: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    """Agencies that must act."""
    cc: tuple[str, ...] = ()
    """Agencies that are informed."""


class RoutingTable(Model):
    """`routing.toml`: rules in the order in which they are tried."""

    rules: tuple[Route, ...] = ()
