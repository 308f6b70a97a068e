"""A folder on an IMAP server (RFC 9051), by UID alone, within a total deadline."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError
from pydantic import Field, SecretStr

from connectors.errors import Misconfigured, Retryable
from schemas.base import Model

_PASSING = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]")
"""Refusals of a login that say nothing of name and password (RFC 5530)."""


class ImapSecurity(StrEnum):
    """How the connection to the server is protected."""

    TLS = "tls"
    """From the first byte, port 993 (RFC 8314)."""
    STARTTLS = "starttls"
    NONE = "none"
    """On a trusted wire only: name and password go in clear."""


class ImapServer(Model):
    """Where a folder is, and as whom we read it."""

    host: str = Field(min_length=1)
    port: int = Field(default=993, ge=1, le=65535)
    security: ImapSecurity = ImapSecurity.TLS
    ca_file: Path | None = None
    """Certificates that are trusted in place of the machine's own."""
    user: str = Field(min_length=1)
    password: SecretStr
    oauth: bool = False
    """The password is an access token (XOAUTH2)."""
    folder: str = "INBOX"


@dataclass(frozen=True, slots=True)
class Opened:
    """A selected folder."""

    client: IMAPClient
    uidvalidity: int
    """0 where the server names none: then UIDs mean nothing next time."""


@contextlib.contextmanager
def opened(
    server: ImapServer, deadline_seconds: float, *, writable: bool = False
) -> Iterator[Opened]:
    """Select the folder; the whole time inside is bounded by the deadline.

    Raises Retryable, and Misconfigured for name, password, folder and certificate;
    also for what is raised inside. `imaplib`'s own timeouts bound one read each, so
    a connection that is still open at the deadline is cut.
    """
    with _named_failures(), _connected(server, deadline_seconds) as client:
        status = _selected(client, server.folder, writable=writable)
        yield Opened(client, int(status.get(b"UIDVALIDITY", 0)))


def _selected(client: IMAPClient, folder: str, *, writable: bool) -> dict[bytes, int]:
    try:
        found: dict[bytes, int] = client.select_folder(folder, readonly=not writable)
    except IMAPClient.AbortError:
        raise
    except IMAPClientError as error:
        why = "the folder cannot be opened"
        raise Misconfigured(why, fingerprint="imap folder") from error
    return found


@contextlib.contextmanager
def _connected(server: ImapServer, deadline_seconds: float) -> Iterator[IMAPClient]:
    tls = _tls(server)
    client = IMAPClient(
        server.host,
        port=server.port,
        ssl=server.security is ImapSecurity.TLS,
        ssl_context=tls,
        timeout=deadline_seconds,
    )
    client.normalise_times = False  # with their zones
    cutter = threading.Timer(deadline_seconds, cut, (client,))
    cutter.daemon = True
    cutter.start()
    try:
        if server.security is ImapSecurity.STARTTLS:
            client.starttls(tls)
        secret = server.password.get_secret_value()
        if server.oauth:
            client.oauth2_login(server.user, secret)
        else:
            client.login(server.user, secret)
        yield client
    finally:
        cutter.cancel()
        with contextlib.suppress(Exception):
            client.shutdown()


def cut(client: IMAPClient) -> None:
    """End a connection from another thread: whoever reads gets its end at once."""
    with contextlib.suppress(OSError, AttributeError):
        client.socket().shutdown(socket.SHUT_RDWR)


def _tls(server: ImapServer) -> ssl.SSLContext | None:
    if server.security is ImapSecurity.NONE:
        return None
    return ssl.create_default_context(cafile=server.ca_file)


@contextlib.contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except (Misconfigured, Retryable):
        raise
    except LoginError as error:
        broke = isinstance(error.__context__, IMAPClient.AbortError)
        if broke or any(code in str(error) for code in _PASSING):
            why = "the mailbox cannot be opened just now"
            raise Retryable(why, fingerprint="imap login later") from error
        why = "the mailbox does not accept our name and password"
        raise Misconfigured(why, fingerprint="imap login") from error
    except ssl.SSLCertVerificationError as error:
        why = f"the server's certificate is not accepted: {error.verify_message}"
        raise Misconfigured(why, fingerprint="imap tls") from error
    except FileNotFoundError as error:
        why = "the file of trusted certificates is not there"
        raise Misconfigured(why, fingerprint="imap tls file") from error
    except (IMAPClientError, OSError, ValueError) as error:
        # The text may repeat what the server said of mails.
        kind = type(error).__name__
        why = f"the mailbox cannot be read ({kind})"
        raise Retryable(why, fingerprint=f"imap {kind}") from error
