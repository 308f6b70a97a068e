"""One connection, owned by one thread, with every wait bounded."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kombu import Connection
from kombu.exceptions import KombuError
from kombu.transport import memory, pyamqp, virtual

from hub import telemetry

BROKER_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    KombuError,
    *pyamqp.Transport.connection_errors,
    *pyamqp.Transport.channel_errors,
)
"""What a lost or unwilling broker raises; time-outs are OSErrors."""
DELAY_SECONDS_MIN, DELAY_SECONDS_MAX = 1.0, 15.0
HEARTBEAT_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class BrokerConfig:
    """How to reach the broker; the times are seconds."""

    url: str
    connect: float = 5.0
    heartbeat: float = 10.0
    """A dead peer is noticed after two of them."""
    confirm: float = 30.0
    """An unconfirmed hint older than this makes the channel doubtful."""
    watchdog: float = 60.0
    """Hints wait and none came for so long: the consumer is taken as stuck."""
    polling: float = 0.01
    """Of the memory transport."""

    @property
    def on_rabbitmq(self) -> bool:
        """False for the memory transport of the embedded mode."""
        return not self.url.startswith("memory://")


# kombu inflates what a header calls compressed before anybody sees it: some kilobytes
# could become gigabytes. The hub compresses nothing, so what is compressed is no hint.


class _Message(pyamqp.Message):  # type: ignore[misc]
    def __init__(self, msg: Any, channel: Any = None, **options: Any) -> None:
        (msg.properties.get("application_headers") or {}).pop("compression", None)
        super().__init__(msg, channel, **options)


class _Channel(pyamqp.Channel):  # type: ignore[misc]
    Message = _Message


class _MemoryMessage(virtual.Message):  # type: ignore[misc]
    def __init__(self, payload: Any, channel: Any = None, **options: Any) -> None:
        (payload.get("headers") or {}).pop("compression", None)
        super().__init__(payload, channel, **options)


class _MemoryChannel(memory.Channel):  # type: ignore[misc]
    Message = _MemoryMessage


class _Memory(memory.Transport):  # type: ignore[misc]
    Channel = _MemoryChannel


class _Connection(pyamqp.Connection):  # type: ignore[misc]
    """py-amqp leaves the socket of a failed handshake open."""

    Channel = _Channel

    def connect(self, callback: Callable[[], Any] | None = None) -> Any:
        """Open it, or leave nothing behind."""
        try:
            return super().connect(callback)
        except BaseException:
            self.collect()
            raise


class _Plain(pyamqp.Transport):  # type: ignore[misc]
    Connection = _Connection


class _Encrypted(pyamqp.SSLTransport):  # type: ignore[misc]
    Connection = _Connection


_TRANSPORTS = {"amqp": _Plain, "amqps": _Encrypted, "memory": _Memory}


class Link:
    """An open connection. Not thread-safe: the thread that opens it owns it."""

    def __init__(self, config: BrokerConfig, name: str) -> None:
        self.config = config
        self.blocked = False
        """The broker takes nothing at present (memory or disk alarm)."""
        self._checked_at = time.monotonic()
        options: dict[str, Any] = {"polling_interval": config.polling}
        if config.on_rabbitmq:
            options = {
                "read_timeout": config.connect,
                "write_timeout": config.connect,
                "on_blocked": self._on_blocked,
                "on_unblocked": self._on_unblocked,
                "client_properties": {"connection_name": name},
            }
        self.connection = Connection(
            config.url,
            transport=_TRANSPORTS[config.url.partition(":")[0]],
            connect_timeout=config.connect,
            heartbeat=config.heartbeat if config.on_rabbitmq else 0,
            transport_options=options,
        )
        try:
            # One try: `connect` makes a second one after two seconds of its own.
            self.connection.ensure_connection(
                max_retries=0, reraise_as_library_errors=False
            )
        except BaseException:
            self.close()
            raise

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        telemetry.log.warning("broker_blocked", reason=reason)

    def _on_unblocked(self) -> None:
        self.blocked = False
        telemetry.log.info("broker_unblocked")

    def channel(self) -> Any:
        """Open a channel."""
        return self.connection.channel()

    def drain(self, seconds: float) -> bool:
        """Take what comes within a time, and keep the heartbeat; True if any came.

        Raises one of BROKER_ERRORS when the broker is gone.
        """
        came = True
        try:
            self.connection.drain_events(timeout=max(seconds, 0.0001))
        except TimeoutError:
            came = False
        now = time.monotonic()
        if now - self._checked_at >= HEARTBEAT_CHECK_SECONDS:
            self._checked_at = now
            self.connection.heartbeat_check()
        return came

    def close(self) -> None:
        """Let the connection go without waiting for the broker's word.

        A polite close waits without end for a broker that hangs; nothing that
        counts is under way here: confirms were awaited, hints may be repeated.
        """
        if self.config.on_rabbitmq:
            self.connection.collect()
        else:
            self.connection.release()


class Reconnect:
    """Runs one connection after another, with growing, jittered waits between."""

    def __init__(self, name: str, wait: Callable[[float], bool]) -> None:
        self._name = name
        self._wait = wait
        self._tries = 0

    def came_up(self) -> None:
        """Say that the connection works: the next wait is a short one again."""
        self._tries = 0

    def pause(self, error: BaseException) -> bool:
        """Wait before the next try, a second at least; True: stop instead."""
        telemetry.log.warning("broker_lost", link=self._name, error=error)
        telemetry.broker_reconnects.labels(link=self._name).inc()
        self._tries = min(self._tries + 1, 10)
        ceiling = min(DELAY_SECONDS_MAX, DELAY_SECONDS_MIN * 2**self._tries)
        jitter = random.uniform(0, ceiling - DELAY_SECONDS_MIN)  # noqa: S311 - spreads load, is no secret
        return self._wait(DELAY_SECONDS_MIN + jitter)
