"""What is done beside a complaint's way: the sweep, public pages, time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connectors.contract import File
from hub.domain.lifecycle import CaseState
from hub.domain.links import Link
from schemas.complaint import NewComplaint
from schemas.events import Cause, LogEvent, NewEvent
from schemas.status import Status


class Due(Protocol):
    """The sweep: due work that no hint told of."""

    def sweep(self, rehint_seconds: float) -> list[tuple[str, str, str]]:
        """Find due rows as (lane, id, by): by is sweep or timer; marks them hinted."""

    def woken_by(self, journal_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Name as (lane, id) what settled journal rows made due and is due still."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A complaint under its lock, when somebody decides about it."""

    at: datetime
    state: CaseState
    agencies: Mapping[str, str]
    """Agency that a complaint can be given to -> how its updates are ordered."""
    is_illegal: Callable[[NewEvent], bool]
    """Tells whether the fold would let an event move nothing."""
    is_erased: bool
    """Its data are gone, or everybody was asked to let them go."""
    is_followed: bool = False
    """Other complaints were merged into it."""
    follows: str = ""
    """Public number of the complaint that it was merged into."""
    began_above: str = ""
    """The platform that it began on, which alone tells its reporter."""
    last: Mapping[str, int] = field(default_factory=dict)
    """Event type -> seq of the last one."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What an action did."""

    seq: int
    """Of its event."""
    event: str
    status: Status
    """Of the complaint, after it."""
    due: Sequence[tuple[str, str]]
    """(lane, complaint id) of those who are to be told."""


class Cases(Protocol):
    """Complaints that people act on."""

    def merge(
        self,
        secondary: str,
        primary: str,
        cause: Cause,
        decide: Callable[[Moment, Moment], tuple[NewEvent, NewEvent]],
        *,
        by: str,
        action: str,
        reason: str,
    ) -> Moved | None:
        """Let a complaint follow another, under the locks of both; as `act`.

        `decide` makes the event of each. The secondary's reporters are told of the
        primary from here on. None: one of the two does not exist.
        """

    def act(
        self,
        complaint_id: str,
        cause: Cause,
        decide: Callable[[Moment], Sequence[NewEvent]],
        *,
        by: str,
        action: str,
        reason: str,
        files: Sequence[File] = (),
    ) -> Moved | None:
        """Append what is decided, under the complaint's lock, and audit it.

        The first event is the decision itself; `files` come with it.

        None: no such complaint. What `decide` raises ends it, and nothing is changed.
        Where the cause is known nothing is decided again: what it did is told.
        """


@dataclass(frozen=True, slots=True)
class Struck:
    """What the clocks of one complaint did."""

    complaint_id: str
    steps: Sequence[tuple[str, str]]
    """(clock, event) of each step that was due."""
    due: Sequence[tuple[str, str]]
    """(lane, complaint id) of those who are to be told."""


class Clocks(Protocol):
    """Complaints whose clocks have something to do."""

    def due(self, limit: int) -> list[str]:
        """Name complaints whose next step is due, the oldest first."""

    def strike(self, complaint_ids: Sequence[str]) -> list[Struck]:
        """Append what is due, and set the next instant, in one transaction.

        Under the complaints' locks, by the database's clock; all or none. Those that
        somebody else holds, or that are not due any more, are left out. Idempotent.
        """

    def postpone(self, complaint_id: str, seconds: float) -> None:
        """Leave a complaint alone for some time."""


@dataclass(frozen=True, slots=True)
class PublicCase:
    """What the holder of a tracking code sees."""

    code: str
    public_number: str
    status: Status
    agencies: list[dict[str, str]]
    timeline: list[LogEvent]
    titles: dict[str, str]
    overtaken: Mapping[str, int] = field(default_factory=dict)
    """Id of an agency's word -> seq of the decision that stands against it."""


class CaseReader(Protocol):
    """What the public pages read."""

    def case_by_code(self, code: str) -> PublicCase | None:
        """Find what the holder of a code sees; None when nobody has that code."""

    def ping(self) -> None:
        """Touch the database; raises ConnectionError when it is away."""


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """An attachment that is fetched by its link."""

    name: str = field(repr=False)
    media_type: str
    size_bytes: int
    chunks: int
    handle: Any = field(repr=False)
    """The store's own; only handed on."""


class LinkedFiles(Protocol):
    """Attachments that parties fetch by themselves."""

    def link(self, token: str) -> Link | None:
        """Read a token; None for what we did not sign. Touches no database."""

    def open(self, link: Link) -> LinkedFile | None:
        """Find a link's file, and count that it was fetched.

        None when the link ended, or the file was erased.
        """

    def chunk(self, file: LinkedFile, n: int) -> bytes:
        """Read the n-th part of a file, from zero: small enough for memory.

        Raises LookupError when it is not there any more.
        """


@dataclass(frozen=True, slots=True)
class Told:
    """A complaint as it came, and what was made of it; its words are never shown."""

    id: str
    public_number: str
    received_at: datetime
    status: Status
    category: str
    """The category now, as rules name it; an official may have set another one."""
    region: str
    """As rules name it, down to kabupaten or kota only: finer ones are people's."""
    complaint: NewComplaint | None
    """What rules look at; None when it was erased."""
    decided: tuple[str, str, tuple[str, ...]]
    """The rule that decided, why, and the agencies that must act; none: triage."""
    main: tuple[str, ...]
    """Agencies that must act by now."""
    gave_back: tuple[str, ...]
    """Agencies that gave it back, or want to."""


class ToldReader(Protocol):
    """Complaints as they came; reads only."""

    def one(self, complaint_id: str) -> Told | None:
        """Read one complaint; None when there is none."""

    def in_triage(self, limit: int) -> list[Told]:
        """Read those about which an official has to decide, the oldest first."""

    def since(self, days: float) -> Iterator[list[Told]]:
        """Read those of the last days, oldest first, some hundred at a time."""


Clock = Callable[[], float]
"""Monotonic seconds; injected, so that stages read no clock of their own."""
