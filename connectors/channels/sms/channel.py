"""The SMS channel as the hub sees it."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from connectors.channels.sms.config import SmsConfig
from connectors.channels.sms.doors import doors
from connectors.channels.sms.normalise import read_raw
from connectors.channels.sms.way_back import SmsTarget
from connectors.contract import HttpDoor, Item, Listener, Source, Target
from schemas.raw import JournalEntry


class SmsChannel:
    """Complaints by SMS; a `contract.Channel`."""

    name = "sms"
    isolated = False

    def __init__(self, config: SmsConfig) -> None:
        self._config = config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build it; raises pydantic.ValidationError for unknown or wrong keys."""
        return cls(SmsConfig.model_validate(config))

    def doors(self) -> Sequence[HttpDoor]:
        """Give two doors for each gateway: messages and receipts."""
        return doors(self._config)

    def listeners(self) -> Sequence[Listener]:
        """Gateways come by HTTP only."""
        return ()

    def sources(self) -> Sequence[Source]:
        """Nobody is asked."""
        return ()

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one call of a gateway."""
        return (read_raw(self._config, entry.raw),)

    def way_back(self) -> Target:
        """Tell reporters through the gateway of the line that they wrote to."""
        return SmsTarget(self._config)
