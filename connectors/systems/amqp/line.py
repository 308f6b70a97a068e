"""One connection to the agency's broker, run by a thread of its own."""

import logging
import threading
from collections.abc import Callable
from functools import partial

import pika
from pika.adapters.select_connection import IOLoop, SelectConnection
from pika.exceptions import AMQPConnectionError

logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it says is raised as well

CLOSE_SECONDS = 2.0
"""How long a broker may take to say goodbye; then the line is cut."""


class LineClosed(AMQPConnectionError):  # type: ignore[misc]
    """We closed the line ourselves."""


class Line:
    """Is open once `opened` was called, and over once `ended` was.

    Both are called by the line's thread, and so is everything given to `soon`. Never
    opens twice: whoever wants to go on makes another line.
    """

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        *,
        opened: Callable[[SelectConnection], None],
        ended: Callable[[BaseException], None],
    ) -> None:
        self._parameters = parameters
        self._opened = opened
        self._ended = ended
        self._lock = threading.Lock()
        self._over = False
        self._closing = False
        self._reason: BaseException = LineClosed("closed")
        self._loop = IOLoop()
        self._connection: SelectConnection | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"amqp:{parameters.host}", daemon=True
        )

    def start(self) -> None:
        """Connect; whatever comes of it is told by `opened` or `ended`."""
        self._thread.start()

    def soon(self, action: Callable[[], object]) -> bool:
        """Have the line's thread do it; False where the line is over already."""
        with self._lock:
            if self._over:
                return False
            self._loop.add_callback_threadsafe(action)
            return True

    def close(self, reason: BaseException | None = None) -> None:
        """Say goodbye, and cut the line if the broker does not; returns at once."""
        self.soon(partial(self._close, reason or LineClosed("closed")))

    def join(self) -> None:
        """Return when the line is over; `CLOSE_SECONDS` after `close` at the latest."""
        self._thread.join()

    # --- in the thread of the line --------------------------------------------------

    def _run(self) -> None:
        reason: BaseException
        try:
            self._connection = SelectConnection(
                self._parameters,
                on_open_callback=self._on_open,
                on_open_error_callback=self._on_end,
                on_close_callback=self._on_end,
                custom_ioloop=self._loop,
            )
            self._loop.start()
            reason = self._reason
        except Exception as error:  # noqa: BLE001 - nobody else would hear of it
            reason = error
            self._closing = True
            if self._cut():
                self._loop.start()
        with self._lock:
            self._over = True
            self._loop.close()
        self._ended(reason)

    def _on_open(self, connection: SelectConnection) -> None:
        if self._closing:
            connection.close()
        else:
            self._opened(connection)

    def _on_end(self, _: object, error: BaseException) -> None:
        if not self._closing:
            self._reason = error
        self._loop.stop()

    def _close(self, reason: BaseException) -> None:
        if self._closing or self._connection is None:
            return
        self._closing, self._reason = True, reason
        self._loop.call_later(CLOSE_SECONDS, self._cut)
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _cut(self) -> bool:
        """Hang up without a word; True if the end is still to be told to us."""
        # pika has no word for this; without it the socket would stay open.
        transport = self._connection and self._connection._transport  # noqa: SLF001
        if transport is None:
            self._loop.stop()
            return False
        transport.abort()
        return True
