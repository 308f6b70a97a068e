"""What was published and not yet confirmed: exact tags, nothing guessed."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """Ids of one lane that are due, and what found them."""

    lane: str
    ids: tuple[str, ...]
    by: str = "hint"


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A hint on its way, and when it was sent (seconds of a monotonic clock)."""

    hint: Hint
    sent_at: float


class Ledger:
    """Confirms of one channel. RabbitMQ confirms out of order and in ranges.

    A returned message is confirmed as well: what it names is taken out here, so
    that it never counts as taken.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[int, Outstanding] = OrderedDict()
        self._last = 0

    def __len__(self) -> int:
        return len(self._open)

    def sent(self, hint: Hint, now: float) -> int:
        """Note a hint that goes out; returns its delivery tag on this channel."""
        self._last += 1
        self._open[self._last] = Outstanding(hint, now)
        return self._last

    def confirmed(self, tag: int, *, multiple: bool) -> list[Hint]:
        """Take out what a `basic.ack` or a `basic.nack` speaks of, oldest first.

        An unknown tag names nothing: it was returned before.
        """
        if not multiple:
            found = self._open.pop(tag, None)
            return [found.hint] if found else []
        tags = []
        for known in self._open:
            if known > tag:
                break
            tags.append(known)
        return [self._open.pop(known).hint for known in tags]

    def returned(self, tag: int) -> Hint | None:
        """Take out a hint that no queue took; its confirm will follow."""
        found = self._open.pop(tag, None)
        return found.hint if found else None

    def oldest_age(self, now: float) -> float:
        """Seconds that the oldest unconfirmed hint waits; 0 when none does."""
        first = next(iter(self._open.values()), None)
        return now - first.sent_at if first else 0.0

    def restart_clock(self, now: float) -> None:
        """Count the age of what is under way from now: the broker was not listening."""
        for tag, one in self._open.items():
            self._open[tag] = Outstanding(one.hint, now)

    def unconfirmed(self) -> Sequence[Hint]:
        """Hints of which nobody knows whether the broker has them, oldest first."""
        return [one.hint for one in self._open.values()]
