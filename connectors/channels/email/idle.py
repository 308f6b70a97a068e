"""Being told by a mailbox that something came: IDLE (RFC 2177), with a watchdog."""

import contextlib
import random
import threading
import time
from collections.abc import Callable

from connectors.errors import ConnectorError, Retryable
from connectors.protocols.mail.imap import ImapServer, Opened, opened

RENEW_SECONDS = 540.0
"""Servers end an IDLE of 30 minutes; a dead line is found at the latest then."""
LOOK_SECONDS = 1.0
"""How often we look whether to stop; and at most once a second news is told."""
WORD_SECONDS_MAX = 20.0
"""Longest wait for the server's word when an IDLE begins or ends."""
BACK_OFF_SECONDS_MAX = 300.0

_NEWS = frozenset({b"EXISTS", b"RECENT"})


def watch(
    server: ImapServer, wake: Callable[[], None], stopping: threading.Event
) -> None:
    """Call `wake` whenever the folder has more mails, until `stopping` is set.

    Also each time that a connection was made: what came before it is not told. A
    server that cannot do it is left to polling; what fails is tried again, later
    each time.
    """
    failures = 0
    while not stopping.is_set():
        began = time.monotonic()
        try:
            with opened(server, RENEW_SECONDS + 3 * WORD_SECONDS_MAX) as folder:
                if not folder.client.has_capability("IDLE"):
                    return
                wake()
                _idle(folder, wake, stopping)
            failures = 0
        except ConnectorError:
            failures = failures + 1 if time.monotonic() - began < RENEW_SECONDS else 1
            longest = min(BACK_OFF_SECONDS_MAX, 2.0**failures)
            stopping.wait(longest * random.uniform(0.5, 1))  # noqa: S311 - spreads only


def _idle(folder: Opened, wake: Callable[[], None], stopping: threading.Event) -> None:
    """One IDLE; returns when it is to be renewed."""
    client = folder.client
    client.idle()
    until = time.monotonic() + RENEW_SECONDS
    try:
        while not stopping.is_set() and time.monotonic() < until:
            began = time.monotonic()
            said = client.idle_check(timeout=LOOK_SECONDS)
            if any(_NEWS.intersection(map(_word, line)) for line in said):
                wake()
            if not said and time.monotonic() - began < LOOK_SECONDS / 2:
                # The library keeps the end of a connection to itself.
                why = "the connection ended"
                raise Retryable(why, fingerprint="imap idle ended")
    finally:
        with contextlib.suppress(Exception):
            client.idle_done()


def _word(value: object) -> object:
    return value.upper() if isinstance(value, bytes) else value
