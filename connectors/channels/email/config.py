"""What an operator sets for the e-mail channel."""

from pydantic import Field, SecretStr

from connectors.protocols.mail.authentication import Trust
from connectors.protocols.mail.relay import Relay, Security
from schemas.base import Model


class EmailConfig(Model):
    """Settings of the channel; unknown keys are refused."""

    listen_host: str = "127.0.0.1"
    listen_port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free one; the listener's address names it."""
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
    """Larger mails are refused with 552."""
    sessions_max: int = Field(default=100, ge=1)
    """SMTP sessions at the same time; more get 421."""
    session_seconds_max: float = Field(default=300, gt=0)
    """Longest silence, and longest time of one mail's content."""
    deadline_seconds: float = Field(default=30, gt=0)
    """Total time of handing one mail to the relay."""

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
