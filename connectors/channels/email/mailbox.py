"""A mailbox that is asked for its mails by IMAP (RFC 9051), by UID alone."""

import contextlib
import json
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError
from pydantic import Field, SecretStr

from connectors.channels.email.raw import LANE, SIZE, UNFETCHABLE, raw_message
from connectors.contract import Page, PollAsk
from connectors.errors import Misconfigured, Retryable
from schemas.base import Model
from schemas.raw import RawMessage

MAILS_PER_PAGE = 50
BYTES_PER_PAGE = 16_000_000


class MailboxConfig(Model):
    """One mailbox; unknown keys are refused."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    """How operators call it."""
    host: str = Field(min_length=1)
    port: int = Field(default=993, ge=1, le=65535)
    tls: bool = True
    """False only on a trusted wire: name and password go in clear."""
    user: str = Field(min_length=1)
    password: SecretStr
    folder: str = "INBOX"
    seen: bool = False
    """Mark as seen what is stored."""
    deadline_seconds: float = Field(default=30, gt=0)
    """Longest silence of the server."""
    size_bytes_max: int = Field(default=25_000_000, ge=10_000)
    """Of a larger mail only the beginning is taken, with its headers and words."""


class Checkpoint(Model):
    """How far a folder was read: everything up to `uid` is stored."""

    version: int = 1
    uidvalidity: int = 0
    uid: int = 0


class Mailbox:
    """One folder. Reads only, but for the mark "seen" on what is stored already."""

    def __init__(self, config: MailboxConfig) -> None:
        self._config = config

    @property
    def name(self) -> str:
        """How operators call it."""
        return self._config.name

    def poll(self, ask: PollAsk) -> Page:
        """Fetch the mails after the checkpoint, oldest first.

        When the folder was numbered anew (UIDVALIDITY), all of it is read again: the
        journal knows what it has. Raises Retryable, Misconfigured.
        """
        with self._open() as (client, uidvalidity):
            before = _read(ask.checkpoint)
            renewed = before.uidvalidity != uidvalidity
            after = 0 if renewed else before.uid
            if self._config.seen and after:
                _mark_seen(client, after)
            uids = _uids_after(client, after)
            raws: list[RawMessage] = []
            size = 0
            for uid in uids[:MAILS_PER_PAGE]:
                if raws and size > BYTES_PER_PAGE:
                    break
                raws.append(self._fetch(client, uidvalidity, uid))
                size += len(raws[-1].body)
            last = uids[len(raws) - 1] if raws else after
        checkpoint = Checkpoint(uidvalidity=uidvalidity, uid=last)
        return Page(
            raws=tuple(raws),
            checkpoint=checkpoint.model_dump_json().encode(),
            more=len(raws) < len(uids),
        )

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Give each mail of the folder: its UID, and its headers.

        Raises Retryable, Misconfigured.
        """
        with self._open() as (client, _):
            for uid in _uids_after(client, 0):
                found = client.fetch([uid], ["BODY.PEEK[HEADER]"])
                if uid in found:
                    yield uid, bytes(found[uid].get(b"BODY[HEADER]", b""))

    def _fetch(self, client: IMAPClient, uidvalidity: int, uid: int) -> RawMessage:
        """Fetch one mail alone, so that one that breaks the server stops no other."""
        place = f"{self.name}:{uidvalidity}:{uid}"
        limit = self._config.size_bytes_max
        try:
            row = client.fetch([uid], ["RFC822.SIZE"])[uid]
            size = int(row.get(b"RFC822.SIZE", 0))
            part = "BODY.PEEK[]" if size <= limit else f"BODY.PEEK[]<0.{limit}>"
            found = client.fetch([uid], [part])[uid]
            body = next(v for k, v in found.items() if k.startswith(b"BODY["))
        except (IMAPClientError, KeyError, StopIteration) as error:
            if isinstance(error, IMAPClient.AbortError):
                raise
            return _unfetchable(place, type(error).__name__)
        raw = raw_message(bytes(body), sender="", recipients=(), remote=place)
        if size > limit:
            return raw.model_copy(update={"meta": {**raw.meta, SIZE: str(size)}})
        return raw

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[IMAPClient, int]]:
        config = self._config
        tls = ssl.create_default_context() if config.tls else None
        client = None
        try:
            client = IMAPClient(
                config.host,
                port=config.port,
                ssl=config.tls,
                ssl_context=tls,
                timeout=config.deadline_seconds,
            )
            client.login(config.user, config.password.get_secret_value())
            status = client.select_folder(config.folder, readonly=not config.seen)
            yield client, int(status.get(b"UIDVALIDITY", 0))
        except LoginError as error:
            why = "the mailbox does not accept our name and password"
            raise Misconfigured(why, fingerprint="imap login") from error
        except ssl.SSLCertVerificationError as error:
            why = f"the server's certificate is not accepted: {error.verify_message}"
            raise Misconfigured(why, fingerprint="imap tls") from error
        except (IMAPClientError, OSError, ValueError) as error:
            why = f"the mailbox cannot be read: {type(error).__name__}"
            raise Retryable(why, fingerprint=f"imap {type(error).__name__}") from error
        finally:
            if client is not None:
                with contextlib.suppress(Exception):
                    client.shutdown()


def _read(checkpoint: bytes | None) -> Checkpoint:
    return (
        Checkpoint.model_validate(json.loads(checkpoint))
        if checkpoint
        else (Checkpoint())
    )


def _uids_after(client: IMAPClient, uid: int) -> list[int]:
    # `n:*` gives the last mail also when it is older than n.
    found: Sequence[Any] = client.search(["UID", f"{uid + 1}:*"])
    return sorted(int(each) for each in found if int(each) > uid)


def _mark_seen(client: IMAPClient, up_to: int) -> None:
    unseen = client.search(["UID", f"1:{up_to}", "UNSEEN"])
    if unseen:
        client.add_flags(unseen, [b"\\Seen"], silent=True)


def _unfetchable(place: str, why: str) -> RawMessage:
    """Stand for a mail that the server does not give; a person looks at it there."""
    return RawMessage(
        source="email",
        lane=LANE,
        source_key=f"unfetchable {place}",
        body=b"",
        content_type="message/rfc822",
        meta={UNFETCHABLE: why, "remote": place},
    )
