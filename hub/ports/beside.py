"""What is done beside a complaint's way: the sweep, public pages, time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.events import LogEvent
from schemas.status import Status


class Due(Protocol):
    """The sweep: due work that no hint told of."""

    def sweep(self, rehint_seconds: float) -> list[tuple[str, str, str]]:
        """Find due rows as (lane, id, by): by is sweep or timer; marks them hinted."""

    def woken_by(self, journal_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Name as (lane, id) what settled journal rows made due and is due still."""


@dataclass(frozen=True, slots=True)
class PublicCase:
    """What the holder of a tracking code sees."""

    code: str
    public_number: str
    status: Status
    agencies: list[dict[str, str]]
    timeline: list[LogEvent]
    titles: dict[str, str]


class CaseReader(Protocol):
    """What the public pages read."""

    def case_by_code(self, code: str) -> PublicCase | None:
        """Find what the holder of a code sees; None when nobody has that code."""

    def ping(self) -> None:
        """Touch the database; raises ConnectionError when it is away."""


Clock = Callable[[], float]
"""Monotonic seconds; injected, so that stages read no clock of their own."""
