"""Both ends of an agency that is reached by mail: its relay, and our own SMTP door."""

import smtplib
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self

from connectors.channels.email import EmailChannel
from connectors.contract import Accept, Receiptful
from connectors.kit.mail_proxy import MailProxy, Passed
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

KIND = "email"
"""The kind of system that is reached so."""
SECONDS = 10
OWN_NAME = "instansi.example"
"""Of the mail server that answers come from; else a name server would be asked."""
_OF_THE_CHANNEL = ("domain", "mailbox", "relay", "reply_secret")
"""What the manifest says as the channel's table does."""


@dataclass
class Mailroom:
    """The e-mail channel's door for one agency, and a proxy before its relay.

    What is addressed to a case of the agency is handed on; any other mail is a stray.
    """

    manifest: AgencyManifest
    listen: tuple[str, int]
    slow_seconds: float
    strays: list[RawMessage] = field(default_factory=list)
    """What came, and is no answer of this agency."""

    def __post_init__(self) -> None:
        settings = self.manifest.settings
        is_open = settings.get("relay_security", "none") == "none"
        relay = str(settings["relay"])
        self.proxy = (
            MailProxy(relay, slow_seconds=self.slow_seconds) if is_open else None
        )
        """None where the relay speaks TLS, into which nobody can look."""
        self._open = ExitStack()
        self._accept: Accept = self._lose

    def __enter__(self) -> Self:
        if self.proxy is not None:
            self._open.enter_context(self.proxy)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def settings(self) -> dict[str, Any]:
        """Give the settings by which the system goes through the proxy."""
        settings = dict(self.manifest.settings)
        return settings | ({"relay": self.proxy.address} if self.proxy else {})

    def open_door(self, accept: Accept) -> None:
        """Begin to take mails; answers of the agency go to `accept`."""
        self._accept = accept
        config = {
            name: self.manifest.settings[name]
            for name in _OF_THE_CHANNEL
            if name in self.manifest.settings
        }
        host, port = self.listen
        channel = EmailChannel.from_config(
            {**config, "listen_host": host, "listen_port": port}
        )
        (self._listener,) = channel.listeners()
        self._listener.start(self._sort)
        self._open.callback(self._listener.stop)

    @property
    def door(self) -> str:
        """Where mails are taken, `host:port`."""
        return self._listener.address

    @property
    def first(self) -> Passed | None:
        """The first mail that the relay was given; None while there is none."""
        return self.proxy.passed[0] if self.proxy and self.proxy.passed else None

    def post(self, mail: EmailMessage, sender: str, to: str) -> None:
        """Hand a mail over at the door, as the agency's mail server does."""
        host, _, port = self.door.rpartition(":")
        with smtplib.SMTP(host, int(port), OWN_NAME, SECONDS) as client:
            client.send_message(mail, sender, [to])

    def _sort(self, raw: RawMessage) -> Receiptful:
        if raw.source == f"agency:{self.manifest.name}":
            return self._accept(raw)
        return self._lose(raw)

    def _lose(self, raw: RawMessage) -> Receiptful:
        self.strays.append(raw)
        return Receiptful(state="new", journal_id="stray")


def mailroom_of(
    manifest: AgencyManifest, listen: tuple[str, int], slow_seconds: float
) -> Mailroom | None:
    """Make one for an agency that is reached by mail; None for any other."""
    if manifest.system != KIND:
        return None
    return Mailroom(manifest, listen, slow_seconds)
