"""Telling a reporter by e-mail."""

from email.utils import formatdate

from connectors.channels.email.config import EmailConfig
from connectors.channels.email.letter import message_id, write_letter
from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Skipped,
)
from connectors.errors import Refused
from connectors.protocols.mail.relay import hand_over


class EmailTarget:
    """Sends one mail per delivery through the relay; a `contract.Target`."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self._relay = config.relay_server()

    @property
    def capabilities(self) -> Capabilities:
        """SMTP has neither key nor look-up; one repetition has the same Message-ID."""
        return Capabilities(
            submits=False,
            coalesces=True,
            resends_once=True,
            deadline_seconds=self._config.deadline_seconds,
        )

    def submit(self, delivery: Delivery) -> Skipped:
        """Hand nothing over: a reporter has the complaint already."""
        del delivery
        return Skipped(why="nothing is handed over to a reporter")

    def send(self, delivery: Delivery) -> Done:
        """Mail all notices of a delivery; Done carries our Message-ID.

        Raises Retryable, Refused, Misconfigured or OutcomeUnknown.
        """
        address = delivery.contact.address.strip() if delivery.contact else ""
        if "@" not in address:
            why = "there is no address"
            raise Refused(why, fingerprint="smtp no address")
        try:
            mail = write_letter(self._config, delivery, address, formatdate())
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            why = "the address cannot be written to"
            raise Refused(why, fingerprint="smtp bad address") from error
        answer = hand_over(self._relay, [address], mail)
        return Done(reference=message_id(self._config, delivery.key), response=answer)

    def find(self, delivery: Delivery) -> CannotTell:
        """Tell that nobody can be asked."""
        del delivery
        return CannotTell(why="SMTP cannot be asked what became of a mail")
