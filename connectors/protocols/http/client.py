"""One bounded HTTP call: total deadline, capped answer, no redirects, no retries."""

import functools
import socket
import ssl
import weakref
from collections.abc import Iterator, Mapping

import httpx2

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Retryable,
)
from connectors.protocols.http import tap
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.deadline import CallState, DeadlineTransport

_UNSENDABLE = (
    httpx2.InvalidURL,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    UnicodeError,
)
_SUCCESS = range(200, 300)
_HEADERS = {"User-Agent": "Simpul", "Accept-Encoding": "identity"}

# Reasons by the errors below an HTTP error, the most telling first.
_WHY_NOT_SENT: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "host name not found"),
    (ConnectionRefusedError, "connection refused"),
    (TimeoutError, "no connection in time"),
    (httpx2.PoolTimeout, "all connections were busy"),
)
_WHY_CUT: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "deadline passed"),
    (ConnectionError, "connection reset"),
    (httpx2.RemoteProtocolError, "connection closed or not HTTP"),
)


class HttpClient:
    """Connections to one foreign system; safe for many threads.

    Cookies, redirects, proxies and credentials of the environment are not used, and
    nothing of a call is logged.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._call = CallState()
        self._transport = DeadlineTransport(self._call, tls or _default_tls())
        self.close = weakref.finalize(self, self._transport.close)
        """Close idle connections; done at the latest when the client is dropped."""

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        deadline_seconds: float,
        response_bytes_max: int,
        step: str = "call",
    ) -> HttpAnswer:
        """Send one request and read the whole answer within the total deadline.

        Any status is an answer; an answer that breaks off counts only if its status
        is no success. `step` names the call in fingerprints.

        Raises Retryable when nothing was sent, OutcomeUnknown when something was,
        Misconfigured for bad TLS and for a request that cannot be written.
        """
        if (stand_in := tap.asked(method, url, headers, body, step)) is not None:
            return stand_in
        self._call.begin(deadline_seconds)
        what = f"{method} {step}"
        try:
            request = httpx2.Request(
                method,
                url,
                headers={**_HEADERS, **headers},
                content=body,
                extensions={"timeout": httpx2.Timeout(deadline_seconds).as_dict()},
            )
            response = self._transport.handle_request(request)
        except _UNSENDABLE as error:
            msg = "the address, a header or the secret cannot be sent as it is"
            raise Misconfigured(msg, fingerprint=f"http unsendable {what}") from error
        except (httpx2.TransportError, OSError) as error:
            raise _named(error, what, sent=self._call.sent) from error
        return tap.answered(_read(response, response_bytes_max, what))


@functools.cache
def _default_tls() -> ssl.SSLContext:
    """Share the trusted certificates: loading them takes longer than a call."""
    return httpx2.create_ssl_context()


def _read(response: httpx2.Response, bytes_max: int, what: str) -> HttpAnswer:
    status = response.status_code
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = bytearray()
    broken: ConnectorError | None = None
    try:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > bytes_max:
                broken = _too_large(bytes_max, what)
                break
    except (httpx2.TransportError, OSError) as error:
        broken = _named(error, what, sent=True)
        broken.__cause__ = error
    finally:
        response.close()
    if broken is not None and status in _SUCCESS:
        broken.response = bytes(body[:bytes_max])
        raise broken
    return HttpAnswer(status, headers, bytes(body[:bytes_max]))


def _too_large(bytes_max: int, what: str) -> ConnectorError:
    why = f"the answer is larger than {bytes_max} bytes"
    return OutcomeUnknown(why, fingerprint=f"http answer too large {what}")


def _named(error: Exception, what: str, *, sent: bool) -> ConnectorError:
    """Name a failure by what the hub does next."""
    causes = list(_causes(error))
    if sent:
        why = _reason(causes, _WHY_CUT, "connection broke")
        return OutcomeUnknown(why, fingerprint=f"http {why} {what}")
    if (tls := _tls_fault(causes)) is not None:
        return Misconfigured(tls, fingerprint=f"http tls {what}")
    why = _reason(causes, _WHY_NOT_SENT, "no connection")
    return Retryable(why, fingerprint=f"http {why} {what}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _reason(
    causes: list[BaseException],
    table: tuple[tuple[type[BaseException], str], ...],
    otherwise: str,
) -> str:
    for kind, why in table:
        if any(isinstance(cause, kind) for cause in causes):
            return why
    return otherwise


def _tls_fault(causes: list[BaseException]) -> str | None:
    """Say what is wrong with the server's TLS; None where the connection just broke."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the server's certificate is not accepted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and not isinstance(
            cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
        ):
            return "the server does not speak TLS as expected"
    return None
