"""What an operator sets for the e-mail channel."""

from pydantic import Field, SecretStr

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
    size_bytes_max: int = Field(default=25_000_000, ge=10_000)
    """Larger mails are refused with 552."""
    sessions_max: int = Field(default=100, ge=1)
    """SMTP sessions at the same time; more get 421."""
    session_seconds_max: float = Field(default=300, gt=0)
    """Longest silence, and longest time of one mail's content."""
    deadline_seconds: float = Field(default=30, gt=0)
    """Total time of handing one mail to the relay."""

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
