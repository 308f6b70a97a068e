"""What is published on one connection, until it ends."""

import threading
from collections import deque
from functools import partial
from typing import Any

import pika
from pika.adapters.select_connection import SelectConnection

from connectors.systems.amqp import outcome
from connectors.systems.amqp.call import Call
from connectors.systems.amqp.carrier import Carrier
from connectors.systems.amqp.line import Line

IDLE_SECONDS = 60.0
"""Without a message for so long, the connection is given back to the agency."""


class Session:
    """Connects on construction; settles every call that it took."""

    def __init__(
        self, parameters: pika.ConnectionParameters, *, hears_answers: bool
    ) -> None:
        self._hears_answers = hears_answers
        self._lock = threading.Lock()
        self._calls: dict[Call, None] = {}
        self._waiting: deque[Call] = deque()
        self._carriers: list[Carrier] = []
        self._idle: list[Carrier] = []
        self._connection: SelectConnection | None = None
        self._blocked = False
        self._used = False
        self._retired = False
        """It is being given back: it takes nothing more."""
        self.reason: BaseException | None = None
        """Why the connection is over; None while it is not."""
        self._line = Line(parameters, opened=self._opened, ended=self._ended)
        self._line.start()

    def take(self, call: Call) -> bool:
        """Publish soon; False where the connection ends: then nothing was done."""
        with self._lock:
            if self._retired or not self._line.soon(partial(self._begin, call)):
                return False
            self._calls[call] = None
            return True

    def forget(self, call: Call) -> None:
        """Say that nobody waits for it any more."""
        with self._lock:
            self._calls.pop(call, None)
        self._line.soon(partial(self._let_go, call))

    def close(self) -> None:
        """End the connection; calls that are under way fail."""
        self._line.close()

    def join(self) -> None:
        """Return when the connection is over."""
        self._line.join()

    # --- in the thread of the line --------------------------------------------------

    def _opened(self, connection: SelectConnection) -> None:
        self._connection = connection
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        # Not at once: on a busy machine it opens before its first call is given to it.
        connection.ioloop.call_later(IDLE_SECONDS, self._look_whether_used)
        self._dispatch()

    def _look_whether_used(self) -> None:
        if self._connection is None:
            return
        self._connection.ioloop.call_later(IDLE_SECONDS, self._look_whether_used)
        with self._lock:
            self._retired = not self._used and not self._calls
        self._used = False
        if self._retired:
            self._line.close()

    def _on_blocked(self, *_: Any) -> None:
        self._blocked = True
        self._dispatch()

    def _on_unblocked(self, *_: Any) -> None:
        self._blocked = False

    def _begin(self, call: Call) -> None:
        self._used = True
        if self._blocked:
            call.fail(outcome.blocked())
            return
        if any(carrier.is_stuck for carrier in self._carriers):
            # What is sent now would be one more of which nobody knows.
            call.fail(outcome.silent())
            return
        self._waiting.append(call)
        self._dispatch()

    def _dispatch(self) -> None:
        if self._blocked:
            while self._waiting:
                self._waiting.popleft().fail(outcome.blocked())
        if self._connection is None or not self._connection.is_open:
            return  # what waits fails when the connection is over
        while self._waiting and self._idle:
            self._idle.pop().carry(self._waiting.popleft())
        opening = sum(not carrier.is_open for carrier in self._carriers)
        for _ in range(len(self._waiting) - opening):
            carrier = Carrier(
                self._connection,
                free=self._free,
                gone=self._gone,
                hears_answers=self._hears_answers,
            )
            self._carriers.append(carrier)

    def _free(self, carrier: Carrier) -> None:
        self._idle.append(carrier)
        self._dispatch()

    def _gone(self, carrier: Carrier) -> None:
        if carrier in self._idle:
            self._idle.remove(carrier)
        self._carriers.remove(carrier)
        self._dispatch()

    def _let_go(self, call: Call) -> None:
        for carrier in list(self._carriers):
            carrier.stop_listening(call)

    def _ended(self, reason: BaseException) -> None:
        self.reason = reason
        with self._lock:
            calls, self._calls = list(self._calls), {}
        for call in calls:
            sent = call.was_sent
            call.fail(outcome.lost(reason) if sent else outcome.not_connected(reason))
