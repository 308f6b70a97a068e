"""Events as they are appended and as they stand in the log."""

from typing import Any

from pydantic import BaseModel, Field

from schemas.base import Instant, Model, sealed_fields
from schemas.catalogue import (
    AGENCY_EVENTS,
    CATALOGUE,
    UPSTREAM_EVENTS,
    Audience,
    Scope,
)
from schemas.parties import Author, CauseKind
from schemas.status import Status

__all__ = [
    "AGENCY_EVENTS",
    "CATALOGUE",
    "UPSTREAM_EVENTS",
    "Audience",
    "Cause",
    "LogEvent",
    "NewEvent",
    "Scope",
    "new_event",
]


class Cause(Model):
    """The record that made the hub append an event; unique per complaint."""

    kind: CauseKind
    id: str
    no: int = 1
    """Number within the cause: one mail may cause several events."""


class NewEvent(Model):
    """An event to append; seq and recorded_at are given by the log."""

    type: str
    author: Author
    cause: Cause
    occurred_at: Instant
    facts: dict[str, Any]
    sealed: dict[str, Any] = Field(default_factory=dict)
    leg: tuple[str, int] | None = None
    """(agency, assignment_no) where the event is about one leg."""
    occurrence_key: str = ""
    """Identity of an agency's update within its leg; empty for other events."""
    order_key: str = ""
    """Sorts the updates of one leg; empty where arrival decides."""


class LogEvent(NewEvent):
    """An event as it stands in the log."""

    complaint_id: str
    seq: int
    event_id: str
    recorded_at: Instant
    status_after: Status


def new_event(
    name: str,
    payload: BaseModel,
    author: Author,
    cause: Cause,
    occurred_at: Instant,
    **placement: Any,
) -> NewEvent:
    """Make an event of a catalogued type.

    Raises ValueError when the type is unknown, the payload is of another type,
    or the author may not emit it.
    """
    row = CATALOGUE.get(name)
    if row is None or type(payload) is not row.payload:
        msg = f"event type {name!r} does not take {type(payload).__name__}"
        raise ValueError(msg)
    if author.kind not in row.emitters:
        legal = ", ".join(sorted(row.emitters))
        msg = f"{author.kind} may not emit {name!r}; legal: {legal}"
        raise ValueError(msg)
    hidden = sealed_fields(row.payload)
    values = payload.model_dump(mode="json", exclude_none=True)
    return NewEvent(
        type=name,
        author=author,
        cause=cause,
        occurred_at=occurred_at,
        facts={k: v for k, v in values.items() if k not in hidden},
        sealed={k: v for k, v in values.items() if k in hidden and v not in ("", [])},
        **placement,
    )
