"""What errors of the broker mean for a message: one table for each layer."""

import ssl

from pika.exceptions import (
    AMQPChannelError,
    AuthenticationError,
    ChannelClosed,
    ChannelClosedByBroker,
    ConnectionClosed,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.systems.amqp.call import Message

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406
CONTENT_TOO_LARGE, NOT_ALLOWED = 311, 530
_BELOW_MAX = 8


class ConsumerLost(AMQPChannelError):  # type: ignore[misc]
    """The broker has our connection and brings us nothing."""


def not_connected(error: BaseException) -> ConnectorError:
    """Say what a line means that was lost before anything was sent on it."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        why = "the broker's certificate, or ours, was not accepted"
        return Misconfigured(why, fingerprint="amqp tls")
    if any(_says(cause, ACCESS_REFUSED) for cause in causes):
        why = "the broker refuses user and password"
        return Misconfigured(why, fingerprint="amqp credentials")
    if any(_says(cause, NOT_ALLOWED) for cause in causes):
        why = "the broker has no such virtual host, or this user may not enter it"
        return Misconfigured(why, fingerprint="amqp vhost")
    if any(isinstance(cause, IncompatibleProtocolError) for cause in causes):
        why = "the broker hung up at once: is it AMQP, does it accept our certificate?"
        return Retryable(why, fingerprint="amqp no greeting")
    kind = type(causes[-1]).__name__
    return Retryable(
        f"the broker cannot be reached ({kind})", fingerprint=f"amqp connect {kind}"
    )


def lost(error: BaseException) -> OutcomeUnknown:
    """Say what a line means that was lost after a message was sent on it."""
    kind = type(error).__name__
    why = f"was sent, and the connection was lost before the confirm ({kind})"
    return OutcomeUnknown(why, fingerprint=f"amqp lost {kind}")


def channel_closed(error: ChannelClosedByBroker, message: Message) -> ConnectorError:
    """Say what the end of the channel means for the only message on it."""
    code, place = error.reply_code, _place(message)
    if code == NOT_FOUND:
        why = f"the broker has no exchange {message.exchange!r}"
        return Misconfigured(why, fingerprint=f"amqp 404 {place}")
    if code == ACCESS_REFUSED:
        why = f"this user may not write to {place}"
        return Misconfigured(why, fingerprint=f"amqp 403 {place}")
    if code in {PRECONDITION_FAILED, CONTENT_TOO_LARGE}:
        why = f"the broker does not take this message ({code}): is it too large?"
        return Refused(why, fingerprint=f"amqp {code} {place}")
    why = f"was sent, and the broker closed the channel ({code})"
    return OutcomeUnknown(why, fingerprint=f"amqp channel {code}")


def unroutable(message: Message) -> Misconfigured:
    """Say that no queue wants the message: nobody would ever read it."""
    place = _place(message)
    why = f"no queue of the agency is bound: {place}"
    return Misconfigured(why, fingerprint=f"amqp unroutable {place}")


def refused_by_queue(message: Message) -> Retryable:
    """Say that a queue refused the message: it is full, or is moving."""
    place = _place(message)
    why = f"a queue behind {place} takes nothing at present (basic.nack): is it full?"
    return Retryable(why, fingerprint=f"amqp nack {place}")


def blocked() -> Retryable:
    """Say that the broker takes nothing from anybody."""
    why = "the broker takes nothing at present (memory or disk alarm)"
    return Retryable(why, fingerprint="amqp blocked")


def silent() -> Retryable:
    """Say that the broker owes its word on an earlier message."""
    why = "the broker did not confirm an earlier message yet"
    return Retryable(why, fingerprint="amqp silent")


def said(error: BaseException | None) -> str:
    """Say in one line for the log why a connection ended; no content of messages."""
    if isinstance(error, ConnectionClosed | ChannelClosed):
        return f"the broker closed it: {error.reply_code} {error.reply_text}"
    if isinstance(error, ConsumerLost):
        return str(error)
    if error is None:
        return "it ended"
    return not_connected(error).why


def _place(message: Message) -> str:
    exchange = repr(message.exchange) if message.exchange else "(default)"
    return f"exchange {exchange}, routing key {message.routing_key!r}"


def _causes(error: BaseException) -> list[BaseException]:
    """List an error and what lies below it; pika wraps in several ways."""
    found = [error]
    while len(found) < _BELOW_MAX:
        last = found[-1]
        inner = (
            getattr(last, "exception", None)
            or next(iter(reversed(getattr(last, "exceptions", ()) or ())), None)
            or next((a for a in last.args if isinstance(a, BaseException)), None)
        )
        if not isinstance(inner, BaseException):
            break
        found.append(inner)
    return found


def _says(error: BaseException, code: int) -> bool:
    """Tell whether the broker itself said this while we connected.

    pika calls every line that is lost at that moment a probable lack of rights; only
    its text has what the broker said.
    """
    if isinstance(error, ConnectionClosedByBroker):
        return bool(error.reply_code == code)
    if code == ACCESS_REFUSED and isinstance(error, AuthenticationError):
        return True
    guesses = (ProbableAuthenticationError, ProbableAccessDeniedError)
    return isinstance(error, guesses) and f"({code})" in str(error.args)
