"""What reading the journal again needs: past messages, and what they became."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectors.contract import Reply
from hub.domain.readings import Named, Was
from hub.ports.coming_in import JournalRow


@dataclass(frozen=True, slots=True)
class Which:
    """Which past messages; by id, or in a span of time. Oldest first."""

    channels: Sequence[str]
    states: Sequence[str]
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[str] = ()
    rule: str = ""
    """What the recorded reason begins with; empty: any."""
    limit: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Past:
    """One message that was worked, with what it became."""

    row: JournalRow
    state: str
    """Of its row, when it was read."""
    was: Was | None
    """None where its words are gone, or no key opens them."""

    @property
    def channel(self) -> str:
        """The channel it came by."""
        return self.row.lane.removeprefix("intake.")


class PastMessages(Protocol):
    """Messages that were worked already."""

    def past(self, which: Which) -> Iterator[Past]:
        """Read messages without any lock, one in memory at a time."""

    def named(self, reply: Reply) -> Named | None:
        """Tell which complaint words would be for; None: no known one.

        A public number counts for its reporter only.
        """

    def work_again(self, past: Past, by: str, reason: str) -> bool:
        """Let a message go the ordinary way once more, and audit it.

        False, and nothing changed, where its row moved since it was read. Idempotent.
        """

    def note_read(self, past: Past, by: str, reason: str) -> None:
        """Record in the audit trail that somebody reads its words."""
