"""The SMS gateway: brings citizens' messages to the hub and takes its answers."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Self

import httpx2

from hub.simulator.client import http_client
from hub.simulator.faults import FaultPlan, Timing
from hub.simulator.misbehaviour import Answer
from hub.simulator.outbox import Outbox, Push
from hub.simulator.patience import Verdict, persist, verdict_of
from hub.simulator.profiles import WIB
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.timers import Timers

SEND = "/send"
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class SmsMessage:
    """One message that the hub sent to a citizen."""

    id: str
    """The gateway's own id."""
    client_reference: str
    from_: str
    to: str
    text: str = field(repr=False)
    received_at: datetime


@dataclass(frozen=True)
class SmsIn:
    """One message of a citizen as the gateway brought it to the hub."""

    id: str
    accepted: bool
    attempts: int


class SmsGateway:
    """A gateway that neither honours references nor can be asked for them.

    What the hub sends twice reaches the citizen twice and is counted. It comes
    back on the same port after `stop` and after the fault `down`.
    """

    def __init__(
        self,
        *,
        seed: int,
        hub_url: Callable[[], str],
        secret: str,
        send_secret: str,
        name: str = "gateway",
        line: str = "1708",
        port: int = 0,
        timing: Timing | None = None,
    ) -> None:
        """Describe the gateway.

        `name` is the gateway in the hub's addresses, `secret` what the gateway
        shows to the hub, `send_secret` what the hub shows to the gateway.
        """
        self.name = name
        self.line = line
        self.secret = secret
        self.send_secret = send_secret
        self.faults = FaultPlan(seed=seed, timing=timing)
        self._hub_url = hub_url
        self.receipts = True
        """Whether the hub is told of every message that was delivered."""
        self._lock = threading.Lock()
        self._messages: list[SmsMessage] = []
        self._ids_in = count(1)
        self._timers = Timers("sms")
        self._outbox = Outbox(self._timers, hub_url)
        self._server = FaultyServer(self._take, self.faults, port=port)
        self._client: httpx2.Client | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self._server.url

    @property
    def send_url(self) -> str:
        """Where the hub posts what it has to say."""
        return self.url + SEND

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request that came in."""
        return self._server.requests

    @property
    def messages(self) -> list[SmsMessage]:
        """Everything that was taken, repetitions too, in order of arrival."""
        with self._lock:
            return list(self._messages)

    @property
    def distinct(self) -> list[SmsMessage]:
        """The first message of each client reference, in order of arrival."""
        first: dict[str, SmsMessage] = {}
        for message in self.messages:
            first.setdefault(message.client_reference, message)
        return list(first.values())

    @property
    def wire_duplicates(self) -> int:
        """How many messages came with a client reference that had come before."""
        references = Counter(message.client_reference for message in self.messages)
        return references.total() - len(references)

    @property
    def at_rest(self) -> bool:
        """Tell whether the hub has taken every delivery receipt."""
        return self._timers.at_rest and not self._outbox.counts.waiting

    def received(self, number: str) -> list[SmsMessage]:
        """Return the messages to a number, each client reference once."""
        wanted = local_number(number)
        return [m for m in self.distinct if local_number(m.to) == wanted]

    def send_in(
        self,
        from_: str,
        text: str,
        *,
        id: str = "",  # noqa: A002 - the gateway's own word
        to: str = "",
        as_form: bool = False,
        deadline_seconds: float = 60,
    ) -> SmsIn:
        """Bring a citizen's message to the hub, again and again until it is taken."""
        message = {
            "id": id or f"in-{next(self._ids_in)}",
            "from": from_,
            "to": to or self.line,
            "text": text,
            "time": datetime.now(WIB).isoformat(timespec="seconds"),
        }
        accepted, attempts = persist(
            lambda: self._post_in(message, as_form=as_form), deadline_seconds
        )
        return SmsIn(message["id"], accepted, attempts)

    def start(self) -> None:
        """Begin to listen and to tell."""
        self._client = http_client(TIMEOUT_SECONDS)
        self._outbox.open()
        self._timers.start()
        self._server.start()

    def stop(self) -> None:
        """Stop listening; receipts that were not taken wait for the next start."""
        self._server.stop()
        self._timers.stop()
        self._outbox.close()
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _post_in(self, message: dict[str, str], *, as_form: bool) -> Verdict:
        hub = self._hub_url()
        if not hub or self._client is None:
            return Verdict.AGAIN
        try:
            answer = self._client.post(
                f"{hub.rstrip('/')}/channels/sms/{self.name}",
                headers={"Authorization": f"Bearer {self.secret}"},
                data=message if as_form else None,
                json=None if as_form else message,
            )
        except httpx2.TransportError:
            return Verdict.AGAIN
        return verdict_of(answer.status_code)

    def _take(self, request: RecordedRequest) -> Answer:
        if not request.bears(self.send_secret):
            return Answer.of(401, {"error": "unknown account"})
        if (request.method, request.path) != ("POST", SEND):
            return Answer.of(404, {"error": "no such address"})
        try:
            message = self._file(request.json())
        except (ValueError, KeyError, TypeError):
            return Answer.of(400, {"error": "from, to, text, client_reference"})
        if self.receipts:
            self._put_receipt(message)
        return Answer.of(200, {"id": message.id})

    def _file(self, sent: dict[str, Any]) -> SmsMessage:
        with self._lock:
            message = SmsMessage(
                id=f"gw-{len(self._messages) + 1}",
                client_reference=sent["client_reference"],
                from_=sent["from"],
                to=sent["to"],
                text=sent["text"],
                received_at=datetime.now(UTC),
            )
            self._messages.append(message)
            return message

    def _put_receipt(self, message: SmsMessage) -> None:
        receipt = {
            "client_reference": message.client_reference,
            "id": message.id,
            "state": "delivered",
        }
        headers = {"Authorization": f"Bearer {self.secret}"}
        path = f"/channels/sms/{self.name}/receipts"
        self._outbox.put(Push(path, json.dumps(receipt).encode(), lambda: headers))


def local_number(number: str) -> str:
    """Write a number as the citizen's own telephone shows it, with a leading 0."""
    digits = "".join(filter(str.isdigit, number))
    return "0" + digits.removeprefix("62") if digits.startswith("62") else digits
