"""One message on its way, between the thread that waits and the line that carries."""

import threading
from dataclasses import dataclass, field
from enum import Enum, auto

import pika

from connectors.errors import ConnectorError, OutcomeUnknown, Retryable


@dataclass(frozen=True)
class Message:
    """What is published."""

    exchange: str
    routing_key: str
    properties: pika.BasicProperties
    body: bytes = field(repr=False)
    wants_answer: bool = False
    """The agency's program is to answer, to the message's correlation id."""


class Stage(Enum):
    """How far a message got."""

    WAITING = auto()
    """The broker saw nothing of it."""
    SENT = auto()
    """Nobody knows whether the broker has it."""
    CONFIRMED = auto()
    """The broker has it; an answer of the agency's program is waited for."""


class NoAnswer(Exception):
    """The broker has the message, and the agency's program did not answer in time."""


class Call:
    """Ends once: by the line, or by the thread that waited long enough."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._stage = Stage.WAITING
        self._error: ConnectorError | None = None
        self._answer = b""

    @property
    def is_over(self) -> bool:
        """Tell whether nobody waits for it any more."""
        return self._over.is_set()

    @property
    def is_confirmed(self) -> bool:
        """Tell whether the broker has it."""
        return self._stage is Stage.CONFIRMED

    @property
    def was_sent(self) -> bool:
        """Tell whether the broker may have it."""
        return self._stage is not Stage.WAITING

    def begin(self) -> bool:
        """Say that it is being written; False where it must not be any more."""
        with self._lock:
            if self._over.is_set():
                return False
            self._stage = Stage.SENT
            return True

    def confirm(self) -> None:
        """Say that the broker has it."""
        with self._lock:
            self._stage = Stage.CONFIRMED
            if not self.message.wants_answer:
                self._over.set()

    def answer(self, body: bytes) -> None:
        """Hand over what the agency's program answered."""
        with self._lock:
            if not self._over.is_set():
                self._answer = body
                self._over.set()

    def fail(self, error: ConnectorError) -> None:
        """Say that it did not go well."""
        with self._lock:
            if not self._over.is_set():
                self._error = error
                self._over.set()

    def wait(self, seconds: float) -> bytes:
        """Wait for the end; returns the answer, or nothing where none is wanted.

        Raises Retryable while nothing was sent, OutcomeUnknown before the broker's
        word, NoAnswer after it, and whatever the line found.
        """
        self._over.wait(seconds)
        with self._lock:
            if not self._over.is_set():
                self._over.set()
                raise self._too_late()
            if self._error is not None:
                raise self._error
            return self._answer

    def _too_late(self) -> Exception:
        if self._stage is Stage.CONFIRMED:
            return NoAnswer()
        if self._stage is Stage.SENT:
            why = "was sent, and the broker did not confirm it in time"
            return OutcomeUnknown(why, fingerprint="amqp no confirm")
        why = "could not be sent in time: the broker is slow or far"
        return Retryable(why, fingerprint="amqp not sent in time")
