"""The e-mail channel as the hub sees it."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Self

from connectors.channels.email.config import EmailConfig
from connectors.channels.email.listener import SmtpListener
from connectors.channels.email.mailbox import Mailbox
from connectors.channels.email.normalise import read_entry
from connectors.channels.email.way_back import EmailTarget
from connectors.contract import HttpDoor, Item, Listener, Source, Target, Unreadable
from schemas.raw import JournalEntry


class EmailChannel:
    """Complaints by e-mail; a `contract.Channel`."""

    name = "email"
    isolated = True

    def __init__(self, config: EmailConfig) -> None:
        self._config = config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build it; raises pydantic.ValidationError for unknown or wrong keys."""
        return cls(EmailConfig.model_validate(config))

    def doors(self) -> Sequence[HttpDoor]:
        """Mail does not come by HTTP."""
        return ()

    def listeners(self) -> Sequence[Listener]:
        """Give the door for SMTP or LMTP, where there is one."""
        if self._config.listen_protocol == "none":
            return ()
        return (SmtpListener(self._config),)

    def sources(self) -> Sequence[Source]:
        """Give the mailboxes that are asked."""
        most = self._config.connections_per_host_max
        budgets: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(most)
        )
        return [
            Mailbox(self._config, box, budgets[box.server.host])
            for box in self._config.mailboxes
        ]

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one mail; what no rule foresees is Unreadable, never an error."""
        try:
            return (read_entry(self._config, entry),)
        except Exception as error:  # noqa: BLE001 - hostile mails break parsers anew
            return (Unreadable(why=f"the mail cannot be read: {type(error).__name__}"),)

    def way_back(self) -> Target:
        """Tell reporters through the relay."""
        return EmailTarget(self._config)
