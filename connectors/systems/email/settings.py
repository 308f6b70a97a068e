"""`[settings]` of an agency that is reached by mail."""

from pydantic import Field, SecretStr

from connectors.protocols.mail.relay import Relay, Security
from schemas.base import Model


class EmailSettings(Model):
    """Everything that the system `email` needs to know of one agency."""

    to: tuple[str, ...] = Field(min_length=1)
    """Its mailboxes; each gets every mail, or none of them does."""
    relay: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")
    """Server that takes our mails, `host:port`."""
    relay_security: Security = Security.NONE
    relay_user: str = ""
    relay_password: SecretStr = SecretStr("")
    domain: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$")
    """Of the channel's mailbox: the answers come back there."""
    mailbox: str = Field(default="lapor", pattern=r"^[a-z0-9._-]{1,20}$")
    from_name: str = Field(default="Layanan Pengaduan", max_length=100)
    reply_secret: SecretStr = Field(min_length=16)
    """The same as the channel's: it marks the addresses that answers go to."""
    files_bytes_max: int = Field(default=10_000_000, ge=0)
    """Attachments of one mail together; what is more is named, not sent."""

    def relay_server(self, deadline_seconds: float) -> Relay:
        """Describe the relay to the protocol."""
        host, _, port = self.relay.rpartition(":")
        return Relay(
            host=host,
            port=int(port),
            security=self.relay_security,
            user=self.relay_user,
            password=self.relay_password,
            deadline_seconds=deadline_seconds,
            own_name=self.domain,
        )
