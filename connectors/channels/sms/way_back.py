"""Telling a reporter by SMS."""

import json
from datetime import UTC, datetime

from connectors.channels.sms.config import Gateway, SmsConfig
from connectors.channels.sms.text import write_text
from connectors.contract import (
    CannotTell,
    Capabilities,
    Contact,
    Delivery,
    Done,
    Skipped,
)
from connectors.errors import OutcomeUnknown, Refused
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.outcome import read_json, require_success
from connectors.protocols.sms.numbers import e164

RESPONSE_BYTES_MAX = 100_000
_STEP = "sms"


class SmsTarget:
    """Sends one SMS per delivery through a gateway; a `contract.Target`."""

    def __init__(self, config: SmsConfig) -> None:
        self._config = config
        self._client = HttpClient()

    @property
    def capabilities(self) -> Capabilities:
        """Gateways neither honour keys nor look up; one repetition is borne."""
        gateways = self._config.gateways.values()
        return Capabilities(
            submits=False,
            coalesces=True,
            resends_once=True,
            deadline_seconds=max((g.deadline_seconds for g in gateways), default=None),
        )

    def submit(self, delivery: Delivery) -> Skipped:
        """Hand nothing over: a reporter has the complaint already."""
        del delivery
        return Skipped(why="nothing is handed over to a reporter")

    def send(self, delivery: Delivery) -> Done:
        """Send the notices; Done carries the gateway's id.

        Raises Retryable, Refused, Misconfigured or OutcomeUnknown.
        """
        contact = delivery.contact
        number = e164(contact.address) if contact else ""
        if contact is None or not number:
            why = "there is no number that could be answered"
            raise Refused(why, fingerprint="sms no number")
        gateway = self._gateway(contact)
        order = {
            "from": gateway.line,
            "to": number,
            "text": write_text(self._config, delivery),
            "client_reference": delivery.key,
        }
        answer = self._client.call(
            "POST",
            gateway.send_url,
            {
                "Authorization": f"Bearer {gateway.send_secret.get_secret_value()}",
                "Content-Type": "application/json",
            },
            json.dumps(order).encode(),
            deadline_seconds=gateway.deadline_seconds,
            response_bytes_max=RESPONSE_BYTES_MAX,
            step=_STEP,
        )
        require_success(answer, method="POST", step=_STEP, now=datetime.now(UTC))
        tree = read_json(answer, method="POST", step=_STEP)
        given = tree.get("id") if isinstance(tree, dict) else None
        if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
            why = "the gateway took it and gave no id"
            fingerprint = "sms answer without id"
            raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)
        return Done(reference=str(given), response=answer.body)

    def find(self, delivery: Delivery) -> CannotTell:
        """Tell that nobody can be asked."""
        del delivery
        return CannotTell(why="the gateway cannot be asked what became of an SMS")

    def _gateway(self, contact: Contact) -> Gateway:
        """Choose the gateway of the line that the reporter wrote to, else the first."""
        gateways = list(self._config.gateways.values())
        ours = (each for each in gateways if each.line == contact.line)
        return next(ours, gateways[0])
