"""A mailbox that is asked for its mails; a `contract.Source`."""

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from connectors.channels.email.config import EmailConfig, MailboxConfig
from connectors.channels.email.idle import watch
from connectors.channels.email.raw import (
    INTERNAL_DATE,
    LANE,
    REMOTE,
    SIZE,
    SOURCE,
    UNFETCHABLE,
    headers_key,
    of_agency,
    raw_message,
    recipients_of,
    source_of,
)
from connectors.contract import Held, Page, PollAsk
from connectors.errors import Refused, Retryable
from connectors.protocols.mail.by_parts import compose
from connectors.protocols.mail.imap import ImapServer, Opened, opened
from schemas.base import Model
from schemas.raw import RawMessage

MAILS_PER_PAGE = 50
BYTES_PER_PAGE = 16_000_000
HEADERS_AT_ONCE = 200
RENUMBERED = "renumbered"
UNFETCHED = "unfetchable"
SHARE_OF_CONNECTION = 0.4
"""Of a page's time, for one connection: a mail that breaks it has two more."""
SHARE_OF_FETCHING = 0.2


class Checkpoint(Model):
    """How far a folder was read: everything up to `uid` is stored."""

    version: int = 1
    uidvalidity: int = 0
    uid: int = 0
    is_listing: bool = False
    """The folder has more than was read yet."""


class Mailbox:
    """One folder. Reads only, but for the mark "seen" on what is stored already."""

    def __init__(
        self, channel: EmailConfig, config: MailboxConfig, budget: threading.Semaphore
    ) -> None:
        self._channel = channel
        self._config = config
        self._budget = budget
        """Connections to its host at the same time."""

    @property
    def name(self) -> str:
        """How operators call it."""
        return self._config.name

    @property
    def every_seconds(self) -> float:
        """From one turn to the next, where nothing wakes it."""
        return self._config.every_seconds

    @property
    def deadline_seconds(self) -> float:
        """Longest time of one page."""
        return self._config.deadline_seconds

    @property
    def version(self) -> str:
        """A hash of its settings; of the password, too: a mended one is tried."""
        secret = self._config.server.password.get_secret_value()
        told = f"{self._config.model_dump_json()}\x1f{secret}"
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    def poll(self, ask: PollAsk) -> Page:
        """Fetch the mails after the checkpoint, oldest first.

        When the folder was numbered anew (UIDVALIDITY), all of it is read again: the
        journal knows what it has. Raises Retryable, Misconfigured.
        """
        before = read_checkpoint(ask.checkpoint)
        ends_at = time.monotonic() + self.deadline_seconds * SHARE_OF_FETCHING
        with self._open(writable=self._config.mark_seen) as folder:
            after = _resume(before, folder.uidvalidity)
            if self._config.mark_seen and after:
                _mark_seen(folder.client, after)
            uids = self._uids_after(folder.client, after)
            raws, last = self._fetch_some(folder, uids, ends_at)
        if uids and not last:  # the server broke over the first mail
            raws, last = self._alone(uids[0]), uids[0]
        more = bool(uids) and last != uids[-1]
        checkpoint = Checkpoint(
            uidvalidity=folder.uidvalidity, uid=last or after, is_listing=more
        )
        return Page(
            raws=tuple(raws),
            checkpoint=checkpoint.model_dump_json().encode(),
            more=more,
            notes=tuple(_notes(before, folder.uidvalidity, raws)),
        )

    def watch(self, wake: Callable[[], None], stopping: threading.Event) -> None:
        """Wait for news by IDLE (RFC 2177); returns at once where it is switched off.

        Polling goes on beside it: a connection may be dead without a sign.
        """
        if self._config.idle:
            watch(self._config.server, wake, stopping)

    def held(self, checkpoint: bytes | None) -> Iterator[Held]:
        """Give each mail of the folder that is not older than `since`.

        Raises Retryable, Misconfigured.
        """
        read_to = read_checkpoint(checkpoint)
        with self._open(deadline_seconds=3600) as folder:
            uids = self._uids_after(folder.client, 0)
            for start in range(0, len(uids), HEADERS_AT_ONCE):
                some = uids[start : start + HEADERS_AT_ONCE]
                yield from self._held(folder, some, read_to)

    def fetch(self, place: str) -> RawMessage:
        """Read the mail at `UIDVALIDITY:UID` again.

        Raises Refused where it is not there any more, Retryable, Misconfigured.
        """
        validity, _, uid = place.partition(":")
        with self._open() as folder:
            if validity != str(folder.uidvalidity):
                why = "the folder was numbered anew meanwhile"
                raise Refused(why, fingerprint="imap renumbered")
            raw = self._one(folder, int(uid))
        if raw is None:
            why = "the mail is not in the folder any more"
            raise Refused(why, fingerprint="imap gone")
        return raw

    # fetching

    def _open(
        self, *, writable: bool = False, deadline_seconds: float | None = None
    ) -> contextlib.AbstractContextManager[Opened]:
        seconds = deadline_seconds or self.deadline_seconds * SHARE_OF_CONNECTION
        return _budgeted(self._budget, self._config.server, seconds, writable=writable)

    def _uids_after(self, client: IMAPClient, uid: int) -> list[int]:
        # `n:*` gives the last mail also when it is older than n.
        criteria: list[Any] = ["UID", f"{uid + 1}:*"]
        if self._config.since is not None:
            # By the server's day, whose zone we do not know.
            criteria += ["SINCE", (self._config.since - timedelta(days=1)).date()]
        return sorted(int(each) for each in client.search(criteria) if int(each) > uid)

    def _fetch_some(
        self, folder: Opened, uids: Sequence[int], ends_at: float
    ) -> tuple[list[RawMessage], int]:
        """Fetch one by one, until the page is full or the connection broke.

        Gives the last UID that was looked at, 0 for none.
        """
        raws: list[RawMessage] = []
        size = last = 0
        for uid in uids[:MAILS_PER_PAGE]:
            if last and (size > BYTES_PER_PAGE or time.monotonic() > ends_at):
                break
            try:
                raw = self._one(folder, uid)
            except (IMAPClient.AbortError, OSError):
                break
            except (IMAPClientError, LookupError, ValueError) as error:
                raw = self._noted(folder.uidvalidity, uid, error)
            if raw is not None:
                raws.append(raw)
                size += len(raw.body)
            last = uid
        return raws, last

    def _alone(self, uid: int) -> list[RawMessage]:
        """Fetch a mail on a connection of its own; note what cannot be had.

        A person looks at it there. Raises Retryable where the server is away: then it
        was no mail's fault.
        """
        try:
            with self._open() as folder:
                raw = self._one(folder, uid)
        except (Retryable, LookupError) as error:
            with self._open() as folder:
                raw = self._noted(folder.uidvalidity, uid, error)
        return [raw] if raw is not None else []

    def _one(self, folder: Opened, uid: int) -> RawMessage | None:
        """Fetch one mail; None where it is gone, or older than `since`."""
        limit = self._channel.size_bytes_max
        wanted = ["RFC822.SIZE", "INTERNALDATE"]
        row = folder.client.fetch([uid], wanted).get(uid)
        if row is None:
            return None
        came = _utc(row[b"INTERNALDATE"])
        if self._config.since is not None and came < self._config.since:
            return None
        size = int(row[b"RFC822.SIZE"])
        try:
            body = (
                _section(folder.client, uid, "")
                if size <= limit
                else self._by_parts(folder.client, uid, limit)
            )
        except LookupError:
            if uid not in folder.client.fetch([uid], ["RFC822.SIZE"]):
                return None  # removed just now
            raise
        raw = raw_message(
            body,
            sender=None,
            recipients=recipients_of(body),
            remote=self._place(folder.uidvalidity, uid),
        )
        more = {INTERNAL_DATE: came.isoformat()}
        if size > limit:
            more[SIZE] = str(size)
        raw = raw.model_copy(update={"meta": {**raw.meta, **more}})
        return of_agency(self._channel, raw)

    def _by_parts(self, client: IMAPClient, uid: int, limit: int) -> bytes:
        structure = client.fetch([uid], ["BODYSTRUCTURE"])[uid][b"BODYSTRUCTURE"]

        def fetch(section: str, bytes_max: int) -> bytes:
            return _section(client, uid, section, bytes_max)

        return compose(structure, fetch, limit)

    def _held(
        self, folder: Opened, uids: Sequence[int], read_to: Checkpoint
    ) -> Iterator[Held]:
        found = folder.client.fetch(uids, ["BODY.PEEK[HEADER]", "INTERNALDATE"])
        for uid, row in sorted(found.items()):
            since = self._config.since
            if since is not None and _utc(row[b"INTERNALDATE"]) < since:
                continue
            head = row[b"BODY[HEADER]"]
            key = headers_key(head) or self._key_of_content(folder, uid)
            source = source_of(self._channel, recipients_of(head))
            known = read_to.uidvalidity == folder.uidvalidity and uid <= read_to.uid
            yield Held(
                place=f"{folder.uidvalidity}:{uid}",
                source=source,
                source_key=key,
                noted_key=_noted_key(self._place(folder.uidvalidity, uid)),
                is_read=known,
            )

    def _key_of_content(self, folder: Opened, uid: int) -> str:
        """Name a mail without Message-ID; empty for one that cannot be had."""
        try:
            raw = self._one(folder, uid)
        except IMAPClient.AbortError:
            raise
        except (IMAPClientError, LookupError, ValueError):
            return ""
        return raw.source_key if raw is not None else ""

    def _place(self, uidvalidity: int, uid: int) -> str:
        return f"{self.name}:{uidvalidity}:{uid}"

    def _noted(self, uidvalidity: int, uid: int, error: Exception) -> RawMessage:
        """Stand for a mail that the server does not give."""
        place = self._place(uidvalidity, uid)
        return RawMessage(
            source=SOURCE,
            lane=LANE,
            source_key=_noted_key(place),
            body=b"",
            content_type="message/rfc822",
            meta={UNFETCHABLE: type(error).__name__, REMOTE: place},
            expects_complaint=False,
        )


def read_checkpoint(checkpoint: bytes | None) -> Checkpoint:
    """Read how far a folder was read; its beginning where nothing was."""
    return Checkpoint.model_validate_json(checkpoint) if checkpoint else Checkpoint()


@contextlib.contextmanager
def _budgeted(
    budget: threading.Semaphore, server: ImapServer, seconds: float, *, writable: bool
) -> Iterator[Opened]:
    if not budget.acquire(timeout=seconds):
        why = "too many connections to its host are open"
        raise Retryable(why, fingerprint="imap budget")
    try:
        with opened(server, seconds, writable=writable) as folder:
            yield folder
    finally:
        budget.release()


def _resume(before: Checkpoint, uidvalidity: int) -> int:
    """Say after which UID to go on.

    A folder without UIDVALIDITY is read whole each time: its UIDs may mean others.
    """
    if before.uidvalidity != uidvalidity or not (uidvalidity or before.is_listing):
        return 0
    return before.uid


def _notes(
    before: Checkpoint, uidvalidity: int, raws: Sequence[RawMessage]
) -> Iterator[str]:
    if before.uidvalidity and before.uidvalidity != uidvalidity:
        yield RENUMBERED
    if any(UNFETCHABLE in raw.meta for raw in raws):
        yield UNFETCHED


def _section(client: IMAPClient, uid: int, section: str, most: int = 0) -> bytes:
    """Read a section of a mail without marking it; at most so many bytes, if told.

    Raises LookupError where the server gives none.
    """
    part = f"<0.{most}>" if most else ""
    found = client.fetch([uid], [f"BODY.PEEK[{section}]{part}"])[uid]
    for key, value in found.items():
        if key.startswith(b"BODY[") and isinstance(value, bytes):
            return value
    msg = f"the server gave no {section or 'mail'}"
    raise LookupError(msg)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _noted_key(place: str) -> str:
    return f"unfetchable {place}"


def _mark_seen(client: IMAPClient, up_to: int) -> None:
    unseen = client.search(["UID", f"1:{up_to}", "UNSEEN"])
    if unseen:
        client.add_flags(unseen, [b"\\Seen"], silent=True)
