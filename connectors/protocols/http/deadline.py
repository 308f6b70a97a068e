"""A transport whose calls end by a total deadline, whatever the server does.

The timeouts of the HTTP library bound one read or one write each, so a server that
drips a byte at a time holds a call for ever. Here every single socket operation of a
call gets what is left of the call's own time: DNS, connecting, TLS, writing, headers
and body.
"""

import ipaddress
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx2

from connectors.protocols.http.egress import EgressGuard

CONNECTIONS_MAX = 64
IDLE_CONNECTIONS_MAX = 16
# Common servers drop idle connections after 5 s; a request that crosses with the drop
# would have an unknown outcome for no good reason.
IDLE_SECONDS_MAX = 2
ADDRESSES_MAX = 4
WRITE_BYTES = 8192

_Addresses = list[str] | OSError


def _nothing() -> None:
    """Do nothing."""


on_sent: Callable[[], None] = _nothing
"""Called between a whole request and its answer; the hub's fault tests set it."""


class CallState(threading.local):
    """The call that the current thread makes: its end, and how far it came."""

    ends_at: float = math.inf
    sent: bool = False
    answered: bool = False

    def begin(self, deadline_seconds: float) -> None:
        """Start the clock of one call."""
        self.ends_at = time.monotonic() + deadline_seconds
        self.sent = False
        self.answered = False

    def seconds_left(self, at_most: float | None = None) -> float:
        """Tell what is left; raises TimeoutError when nothing is."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            msg = "the total deadline has passed"
            raise TimeoutError(msg)
        return left if at_most is None else min(left, at_most)


class DeadlineTransport(httpx2.HTTPTransport):
    """An HTTP/1.1 connection pool that obeys the deadline of the calling thread."""

    def __init__(
        self, call: CallState, tls: ssl.SSLContext, guard: EgressGuard | None
    ) -> None:
        limits = httpx2.Limits(
            max_connections=CONNECTIONS_MAX,
            max_keepalive_connections=IDLE_CONNECTIONS_MAX,
            keepalive_expiry=IDLE_SECONDS_MAX,
        )
        super().__init__(verify=tls, limits=limits)
        # The pool takes a backend of one's own, the transport has no way to hand one
        # on. The tests with a dripping server fail if this ever stops to work.
        plain = self._pool._network_backend  # noqa: SLF001
        self._pool._network_backend = _Backend(plain, call, guard)  # type: ignore[assignment]  # noqa: SLF001


class _Backend:
    """Opens connections within what is left of the call's time."""

    def __init__(self, plain: Any, call: CallState, guard: EgressGuard | None) -> None:
        self._plain = plain
        self._call = call
        self._guard = guard

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> "_Stream":
        addresses = resolve(host, port, self._call.seconds_left(timeout))
        if self._guard is not None:
            # What was checked is what is connected to: the name is not asked again.
            addresses = self._guard.permitted(host, addresses)
        for rest in range(len(addresses), 0, -1):
            address = addresses[-rest]
            try:
                plain = self._plain.connect_tcp(
                    address,
                    port,
                    # An address that swallows packets leaves time for the others.
                    timeout=self._call.seconds_left(timeout) / rest,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except Exception:
                if rest == 1:
                    raise
            else:
                return _Stream(plain, self._call)
        msg = "the host has no address"
        raise socket.gaierror(msg)


class _Stream:
    """One connection; each operation gets what is left of the call's time."""

    def __init__(self, plain: Any, call: CallState) -> None:
        self._plain = plain
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._call.sent and not self._call.answered:
            self._call.answered = True
            on_sent()
        data: bytes = self._plain.read(max_bytes, self._call.seconds_left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In small pieces: one that is taken in part restarts the library's timeout.
        for start in range(0, len(buffer), WRITE_BYTES):
            left = self._call.seconds_left(timeout)
            self._call.sent = True
            self._plain.write(buffer[start : start + WRITE_BYTES], left)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "_Stream":
        left = self._call.seconds_left(timeout)
        plain = self._plain.start_tls(ssl_context, server_hostname, left)
        return _Stream(plain, self._call)

    def close(self) -> None:
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Find the addresses of a host; raises OSError, TimeoutError after `seconds`."""
    if _is_address(host):
        return [host]
    found: queue.SimpleQueue[_Addresses] = queue.SimpleQueue()
    # The C library offers no timeout; a thread that it holds up ends by itself.
    threading.Thread(target=_ask, args=(host, port, found), daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except queue.Empty:
        msg = "the name service did not answer in time"
        raise TimeoutError(msg) from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _ask(host: str, port: int, found: "queue.SimpleQueue[_Addresses]") -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        found.put(error)
    except UnicodeError:
        found.put(socket.gaierror("the host name is not valid"))
    else:
        addresses = dict.fromkeys(str(row[4][0]) for row in rows)
        found.put(list(addresses)[:ADDRESSES_MAX])


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
