"""Hints and messages made up for property tests."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from hub.broker.codec import encode
from hub.broker.ledger import Hint

LANES = ("intake.web", "intake.sms", "deliver.dinkes")
FINDERS = ("hint", "sweep", "timer")


def row_id(number: int) -> str:
    """Name a row; its number can be told from it."""
    return str(UUID(int=number))


row_ids = st.integers(0, 400).map(row_id)
"""Few enough that ids come twice."""
lists_of_ids = st.lists(row_ids, max_size=120).map(tuple)
hints = st.builds(
    Hint,
    lane=st.sampled_from(LANES),
    ids=lists_of_ids,
    by=st.sampled_from(FINDERS),
)


@dataclass
class Message:
    """A message as kombu hands it over."""

    body: bytes | str
    delivery_info: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] | None = None


def message(
    lane: str,
    body: bytes | str,
    by: str | None = "hint",
    *,
    redelivered: bool = False,
) -> Message:
    """Make a message that came out of a lane's queue."""
    info = {"routing_key": lane, "redelivered": redelivered}
    return Message(body, info, None if by is None else {"by": by})


def hint_message(hint: Hint, *, redelivered: bool = False) -> Message:
    """Make the message of a hint."""
    return message(hint.lane, encode(hint.ids), hint.by, redelivered=redelivered)
