"""What an operator sets for the e-mail channel."""

from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator

from connectors.protocols.mail.authentication import Trust
from connectors.protocols.mail.imap import ImapServer
from connectors.protocols.mail.relay import Relay, Security
from schemas.base import Model


class MailboxConfig(Model):
    """One mailbox that is asked for its mails; unknown keys are refused."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    """How operators call it."""
    server: ImapServer
    every_seconds: float = Field(default=60, ge=1)
    """From one look to the next; with IDLE news come at once, and this is beside it."""
    idle: bool = True
    """Keep a connection on which the server tells of news."""
    deadline_seconds: float = Field(default=120, ge=1)
    """Longest time of one page of mails."""
    mark_seen: bool = False
    """Mark what is stored as seen; nothing else is ever changed in the folder."""
    since: AwareDatetime | None = None
    """Mails that the mailbox got before are left alone."""


class EmailConfig(Model):
    """Settings of the channel; unknown keys are refused."""

    listen_protocol: Literal["smtp", "lmtp", "none"] = "smtp"
    """How mails are delivered to us; none where mailboxes are asked only."""
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free one; the listener's address names it."""
    tls_certificate: Path | None = None
    """Offers STARTTLS with this chain (PEM) and the key beside it."""
    tls_key: Path | None = None
    domain: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$")
    """Of our mailbox and of our Message-IDs; whose mail is ours comes from there."""
    mailbox: str = Field(default="lapor", pattern=r"^[a-z0-9._-]{1,40}$")
    """Local part that citizens write to; `+CODE` behind it names a complaint."""
    relay: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    """Server that takes our mails, `host:port`."""
    relay_security: Security = Security.NONE
    relay_user: str = ""
    relay_password: SecretStr = SecretStr("")
    reply_secret: SecretStr = SecretStr("")
    """Marks the addresses to which officers of agencies with only a mailbox answer;
    the same as in their agency.toml. Without it there are no such agencies."""
    from_name: str = Field(default="Layanan Pengaduan", max_length=100)
    """Name beside our address."""
    link: str = Field(default="", max_length=200)
    """Address of the tracking page with `{code}`; empty leaves it out of our mails."""
    mailboxes: tuple[MailboxConfig, ...] = ()
    """Mailboxes that are asked, beside the door for SMTP."""
    connections_per_host_max: int = Field(default=4, ge=1)
    """To one IMAP host at the same time, in one process; those of IDLE not counted."""
    trusted_authserv: tuple[str, ...] = ()
    """Names that our own mail server writes into Authentication-Results (RFC 8601).
    Without any, every sender's address is a claim, and no spam verdict is read."""
    trusted_hops: int = Field(default=1, ge=1, le=20)
    """Received lines that our own servers put on top of every mail from outside, at
    the least. What stands below them, anybody may have written."""
    authserv_below_received: bool = False
    """Our server writes its results directly below its Received line. Only for one that
    takes forged results of its name out, or adds its own to every mail."""
    trusted_forwarders: tuple[str, ...] = ()
    """Addresses, or domains, that pass citizens' mails on: whom they forward is the
    reporter. Only with a verified sender."""
    size_bytes_max: int = Field(default=25_000_000, ge=10_000)
    """Larger mails are refused with 552; in a mailbox their words and small files are
    taken."""
    sessions_max: int = Field(default=100, ge=1)
    """SMTP sessions at the same time; more get 421."""
    session_seconds_max: float = Field(default=300, gt=0)
    """Longest silence, and longest time of one mail's content."""
    deadline_seconds: float = Field(default=30, gt=0)
    """Total time of handing one mail to the relay."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [box.name for box in self.mailboxes]
        if len(set(names)) < len(names):
            msg = "two mailboxes have one name"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _key_beside_certificate(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            msg = "tls_certificate and tls_key go together"
            raise ValueError(msg)
        return self

    @property
    def trust(self) -> Trust:
        """Which part of a mail's header our own servers wrote."""
        return Trust(
            servers=tuple(name.strip().lower() for name in self.trusted_authserv),
            hops=self.trusted_hops,
            below_received=self.authserv_below_received,
        )

    def is_forwarder(self, address: str) -> bool:
        """Tell whether an address, or its domain, passes citizens' mails on."""
        own = address.strip().lower()
        known = {each.strip().lower().lstrip("@") for each in self.trusted_forwarders}
        return bool(own) and (own in known or own.rpartition("@")[2] in known)

    @property
    def address(self) -> str:
        """Our mailbox, `local@domain`."""
        return f"{self.mailbox}@{self.domain}"

    def relay_server(self) -> Relay:
        """Describe the relay to the protocol."""
        host, _, port = self.relay.rpartition(":")
        return Relay(
            host=host,
            port=int(port),
            security=self.relay_security,
            user=self.relay_user,
            password=self.relay_password,
            deadline_seconds=self.deadline_seconds,
            own_name=self.domain,
        )
