"""Publishes to the agency's broker: safe for many threads, every wait bounded."""

import threading
import time

import pika

from connectors.errors import Retryable
from connectors.systems.amqp import outcome
from connectors.systems.amqp.call import Call, Message
from connectors.systems.amqp.session import Session

CONNECT_SECONDS_MIN = 1.0
"""Between two tries to connect."""


class Publisher:
    """Holds at most one connection, made when it is needed."""

    def __init__(
        self, parameters: pika.ConnectionParameters, *, hears_answers: bool
    ) -> None:
        self._parameters = parameters
        self._hears_answers = hears_answers
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._connected_at = float("-inf")

    def publish(self, message: Message, seconds: float) -> bytes:
        """Return once the broker has it; the agency's answer where one is wanted.

        Raises Retryable, OutcomeUnknown, Refused, Misconfigured, or NoAnswer, after
        so many seconds at the latest.
        """
        call = Call(message)
        session = self._given(call)
        try:
            return call.wait(seconds)
        finally:
            session.forget(call)

    def close(self) -> None:
        """Hang up; a later message connects anew."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()
            session.join()

    def _given(self, call: Call) -> Session:
        """Give the call to the connection, or to a new one."""
        with self._lock:
            if self._session is not None and self._session.take(call):
                return self._session
            now = time.monotonic()
            if now - self._connected_at < CONNECT_SECONDS_MIN:
                raise self._too_soon()
            self._connected_at = now
            self._session = Session(self._parameters, hears_answers=self._hears_answers)
            if not self._session.take(call):
                raise self._too_soon()
            return self._session

    def _too_soon(self) -> Exception:
        reason = self._session.reason if self._session is not None else None
        if reason is not None:
            return outcome.not_connected(reason)
        why = "the connection has just ended"
        return Retryable(why, fingerprint="amqp just ended")
