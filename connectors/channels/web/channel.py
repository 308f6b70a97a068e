"""The web channel as the hub sees it; citizens are told on the tracking page."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import ValidationError

from connectors.channels.web.body import WebComplaint, WebReply
from connectors.channels.web.doors import CODE, REPLIES, ROUTE, doors
from connectors.contract import (
    HttpDoor,
    Item,
    Listener,
    New,
    Reply,
    Source,
    Target,
    Unreadable,
)
from schemas.base import Model
from schemas.parties import IdentityLevel
from schemas.raw import JournalEntry


class WebConfig(Model):
    """Settings of the channel: none yet; unknown keys are refused."""


class WebChannel:
    """Complaints by the JSON API; a `contract.Channel`."""

    name = "web"
    isolated = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build it; raises pydantic.ValidationError for unknown keys."""
        WebConfig.model_validate(dict(config))
        return cls()

    def doors(self) -> Sequence[HttpDoor]:
        """Give the doors for complaints and for replies."""
        return doors()

    def listeners(self) -> Sequence[Listener]:
        """Everything comes by HTTP."""
        return ()

    def sources(self) -> Sequence[Source]:
        """Nobody is asked."""
        return ()

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one request that the door took, perhaps in an older version."""
        raw = entry.raw
        try:
            if raw.meta.get(ROUTE) == REPLIES:
                return (_reply(raw.body, raw.meta.get(CODE, "")),)
            complaint = WebComplaint.model_validate_json(raw.body).canonical()
        except ValidationError:
            return (Unreadable(why="the request does not fit this version's fields"),)
        person = complaint.reporter
        named = bool(person.email or person.phone)
        level = IdentityLevel.CLAIMED if named else IdentityLevel.NONE
        return (New(complaint=complaint, level=level),)

    def way_back(self) -> Target | None:
        """Tell nobody: the tracking page shows what is new."""
        return None


def _reply(body: bytes, code: str) -> Reply:
    return Reply(
        code=code,
        text=WebReply.model_validate_json(body).text,
        contact_kind="code",
        contact="",
        carrier="code",
    )
