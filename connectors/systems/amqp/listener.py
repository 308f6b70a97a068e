"""Takes the agency's updates from its queue, one connection after another."""

import logging
import random
import threading

import pika

from connectors.contract import Accept
from connectors.systems.amqp.consumer import Consumer
from connectors.systems.amqp.outcome import said
from connectors.systems.amqp.settings import Updates

SECONDS_MIN, SECONDS_MAX = 1.0, 30.0
"""Between two tries to connect."""
TRIES_MAX = 10

_log = logging.getLogger(__name__)


class UpdateListener:
    """Comes back by itself; several processes may listen at once."""

    def __init__(
        self,
        agency: str,
        parameters: pika.ConnectionParameters,
        settings: Updates,
        *,
        one_by_one: bool,
    ) -> None:
        """`one_by_one` stores messages in the order in which they come."""
        self._agency = agency
        self._parameters = parameters
        self._settings = settings
        self._one_by_one = one_by_one
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._consumer: Consumer | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """The agency's broker, `host:port`."""
        return f"{self._parameters.host}:{self._parameters.port}"

    def start(self, accept: Accept) -> None:
        """Begin to listen; a broker that is away is waited for."""
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._run, args=(accept,), name=f"amqp-updates:{self._agency}"
        )
        self._thread.start()

    def stop(self) -> None:
        """End listening; what is being stored is acknowledged first.

        What was taken and not stored goes back to the queue. A second call does
        nothing.
        """
        self._stopping.set()
        with self._lock:
            if self._consumer is not None:
                self._consumer.leave()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, accept: Accept) -> None:
        tries = 0
        while (consumer := self._come(accept)) is not None:
            consumer.stay()
            if self._stopping.is_set():
                return
            tries = 0 if consumer.came_in else min(tries + 1, TRIES_MAX)
            _log.warning("%s: updates: %s", self._agency, said(consumer.why))
            ceiling = min(SECONDS_MAX, SECONDS_MIN * 2**tries)
            jitter = random.uniform(0, ceiling - SECONDS_MIN)  # noqa: S311 - spreads load, is no secret
            self._stopping.wait(SECONDS_MIN + jitter)

    def _come(self, accept: Accept) -> Consumer | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._consumer = Consumer(
                self._agency,
                self._parameters,
                self._settings,
                accept,
                one_by_one=self._one_by_one,
            )
            return self._consumer
