"""Hand a mail to a relay by SMTP, within a total deadline."""

import base64
import contextlib
import re
import ssl
from collections.abc import Iterator, Sequence
from enum import StrEnum

from pydantic import Field, SecretStr

from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from connectors.protocols.mail.conversation import Broken, Conversation, Reply, connect
from schemas.base import Model

_ADDRESS = re.compile(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,255}")
_CREDENTIAL_CODES = frozenset({454, 530, 534, 535, 538})
"""Replies that speak of credentials or encryption (RFC 4954, RFC 3207)."""

_NO_ADDRESS = re.compile(rb"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
"""Bad address, or a mailbox that is switched off (RFC 3463)."""


class Security(StrEnum):
    """How the connection to the relay is protected."""

    NONE = "none"
    STARTTLS = "starttls"


class Relay(Model):
    """The server that takes our mails."""

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    security: Security = Security.NONE
    user: str = ""
    password: SecretStr = SecretStr("")
    deadline_seconds: float = Field(default=30, gt=0)
    """Total time of one mail: connect, talk, hand over."""
    own_name: str = Field(min_length=1)
    """Who we say we are."""


def hand_over(
    relay: Relay, recipients: Sequence[str], mail: bytes, *, sender: str = ""
) -> bytes:
    """Give one mail to the relay, for all recipients or none; returns its reply.

    `sender` is the envelope's: reports of a mail that did not arrive go there, and
    nowhere where it is empty (RFC 5321, 4.5.5).

    Raises Retryable when it was not taken, Refused when it never will be,
    Misconfigured for TLS and credentials, OutcomeUnknown when the connection broke
    after the mail was complete.
    """
    for address in (*recipients, *([sender] if sender else [])):
        if not _ADDRESS.fullmatch(address) or set(address) & set("<>"):
            why = "the address cannot be written to"
            raise Refused(why, fingerprint="smtp bad address")
    with _named_failures("connect"):
        talk = connect(relay.host, relay.port, relay.deadline_seconds)
    with contextlib.closing(talk):
        with _named_failures("greeting"):
            _require(talk.reply(), "greeting")
            _require(talk.command(f"EHLO {relay.own_name}"), "EHLO")
        _protect(relay, talk)
        with _named_failures("envelope"):
            _require(talk.command(f"MAIL FROM:<{sender}>"), "MAIL")
            for recipient in recipients:
                _require(talk.command(f"RCPT TO:<{recipient}>"), "RCPT")
            _require(talk.command("DATA"), "DATA", hundred=3)
            talk.send(_stuffed(mail))
        return _finish(talk)


def _protect(relay: Relay, talk: Conversation) -> None:
    with _named_failures("protection"):
        if relay.security is Security.STARTTLS:
            if talk.command("STARTTLS").code != 220:  # noqa: PLR2004 - RFC 3207
                why = "the relay does not offer STARTTLS"
                raise Misconfigured(why, fingerprint="smtp no tls")
            talk.encrypt(relay.host)
            _require(talk.command(f"EHLO {relay.own_name}"), "EHLO")
        if relay.user:
            pair = f"\0{relay.user}\0{relay.password.get_secret_value()}"
            word = base64.b64encode(pair.encode()).decode()
            _require(talk.command(f"AUTH PLAIN {word}"), "AUTH")


def _finish(talk: Conversation) -> bytes:
    try:
        talk.send(b".\r\n")
        reply = talk.reply()
    except Broken as error:
        why = "the connection broke after the mail was complete"
        raise OutcomeUnknown(why, fingerprint="smtp no reply to content") from error
    _require(reply, "content")
    with contextlib.suppress(Broken):
        talk.send(b"QUIT\r\n")
    return reply.text


@contextlib.contextmanager
def _named_failures(step: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        why = "TLS failed; look at the relay's certificate"
        raise Misconfigured(why, fingerprint="smtp tls") from error
    except Broken as error:
        why = f"the relay could not be spoken to ({step})"
        raise Retryable(why, fingerprint=f"smtp {step} broke") from error


def _require(reply: Reply, step: str, hundred: int = 2) -> None:
    """Return for a reply of the wanted hundred; the text is evidence, never a reason.

    Relays repeat the address in their texts, so only the code is told.
    """
    if reply.code // 100 == hundred:
        return
    why = f"{step} answered {reply.code}"
    fingerprint = f"smtp {step} {reply.code}"
    if reply.code in _CREDENTIAL_CODES or (step == "AUTH" and reply.code >= 500):  # noqa: PLR2004
        raise Misconfigured(why, fingerprint=fingerprint, response=reply.text)
    match reply.code // 100, step:
        case 4, _:
            raise Retryable(why, fingerprint=fingerprint, response=reply.text)
        case 5, "greeting" | "EHLO":
            raise Misconfigured(why, fingerprint=fingerprint, response=reply.text)
        case 5, _:
            gone = step == "RCPT" and _NO_ADDRESS.search(reply.text) is not None
            raise Refused(
                why, fingerprint=fingerprint, response=reply.text, contact_gone=gone
            )
        case _, "content":
            raise OutcomeUnknown(why, fingerprint=fingerprint, response=reply.text)
        case _:
            why = f"{step} got no SMTP answer"
            raise Retryable(why, fingerprint=f"smtp {step} nonsense")


def _stuffed(mail: bytes) -> bytes:
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)
