"""Who speaks in a mail, and how sure that is. Reply-To never says who."""

from dataclasses import dataclass

from connectors.channels.email.config import EmailConfig
from connectors.protocols.mail.authentication import Verdict, verify_sender
from connectors.protocols.mail.forwarded import Forwarded, find_forwarded
from connectors.protocols.mail.headers import Headers, Mailbox
from connectors.protocols.plaintext import one_line
from schemas.parties import IdentityLevel


@dataclass(frozen=True)
class Sender:
    """The address that a mail is from, and whose words it passes on."""

    box: Mailbox
    verdict: Verdict
    forwarded: Forwarded | None = None
    is_forwarder: bool = False
    """A trusted one, with a verified address: the inner person is the reporter."""

    @property
    def level(self) -> IdentityLevel:
        """How sure it is that the From line tells the truth."""
        verified = self.verdict.is_verified
        return IdentityLevel.VERIFIED_EMAIL if verified else IdentityLevel.CLAIMED

    @property
    def reporter(self) -> Mailbox:
        """Who complains: whoever sent it, unless a trusted forwarder did."""
        if self.is_forwarder and self.forwarded is not None:
            return self.forwarded.inner
        return self.box

    @property
    def reporter_level(self) -> IdentityLevel:
        """How sure it is who complains: what a forwarder says is a claim."""
        return IdentityLevel.CLAIMED if self.is_forwarder else self.level

    @property
    def on_behalf_of(self) -> str:
        """Whose mail an untrusted sender passes on, as it stands in it."""
        if self.forwarded is None or self.is_forwarder:
            return ""
        inner = self.forwarded.inner
        address = f"<{inner.address}>" if inner.address else ""
        return f"{inner.name} {address}".strip()


def read_sender(config: EmailConfig, headers: Headers, text: str) -> Sender:
    """Say who speaks in a mail; pure."""
    box = _safe(next(iter(headers.mailboxes("from")), Mailbox("", "")))
    verdict = verify_sender(headers, config.trust)
    found = find_forwarded(headers, text)
    forwarded = Forwarded(found.rule, _safe(found.inner)) if found else None
    trusted = verdict.is_verified and config.is_forwarder(box.address)
    has_inner = forwarded is not None and bool(forwarded.inner.address)
    return Sender(box, verdict, forwarded, is_forwarder=trusted and has_inner)


def _safe(box: Mailbox) -> Mailbox:
    return Mailbox(one_line(box.name)[:200], one_line(box.address)[:254])
