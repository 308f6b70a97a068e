"""What a system has to tell the hub, told again until the hub has taken it."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import httpx2

from hub.simulator.client import http_client
from hub.simulator.timers import Timers

TIMEOUT_SECONDS = 5
RETRY_SECONDS_FIRST = 0.1
RETRY_SECONDS_MAX = 2.0
AWAY = frozenset({429, 502, 503, 504})
"""Statuses by which the hub asks for time: everything waits, not one message."""


@dataclass
class Push:
    """One message for the hub."""

    path: str
    body: bytes = field(repr=False)
    headers: Callable[[], Mapping[str, str]] = field(repr=False)
    """Made anew for each attempt, since signatures name the time."""
    attempts: int = 0


@dataclass(frozen=True)
class OutboxCounts:
    """How the telling goes."""

    delivered: int
    waiting: int
    refused: int
    """Given up because the hub does not know us (401)."""
    attempts: int


class Outbox:
    """Posts messages to the hub in order, with back-off, until each is accepted.

    While the hub is away everything waits; a message that the hub refuses for its
    own sake is retried alone. At most one attempt is under way.
    """

    def __init__(self, timers: Timers, hub_url: Callable[[], str]) -> None:
        self._timers = timers
        self._hub_url = hub_url
        self._lock = threading.Lock()
        self._ready: deque[Push] = deque()
        self._apart = 0
        self._step_planned = False
        self._pause_seconds = 0.0
        self._delivered = self._refused = self._attempts = 0
        self._client: httpx2.Client | None = None

    @property
    def counts(self) -> OutboxCounts:
        """Count what was told and what is still to be told."""
        with self._lock:
            return OutboxCounts(
                delivered=self._delivered,
                waiting=len(self._ready) + self._apart,
                refused=self._refused,
                attempts=self._attempts,
            )

    def open(self) -> None:
        """Get ready to post."""
        self._client = http_client(TIMEOUT_SECONDS)

    def close(self) -> None:
        """Let go of the connections; the timers must have stopped before."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def put(self, push: Push) -> None:
        """Tell the hub as soon as it listens."""
        with self._lock:
            self._ready.append(push)
        self._plan_step()

    def _plan_step(self) -> None:
        with self._lock:
            if self._step_planned or not self._ready:
                return
            self._step_planned = True
            delay = self._pause_seconds
        self._timers.after(delay, self._step)

    def _step(self) -> None:
        with self._lock:
            self._step_planned = False
            push = self._ready.popleft()
        self._settle(push, self._post(push))
        self._plan_step()

    def _post(self, push: Push) -> int:
        """Return the hub's status, 503 when there is no hub to be heard."""
        hub = self._hub_url()
        if not hub or self._client is None:
            return 503
        push.attempts += 1
        try:
            headers = {"Content-Type": "application/json", **push.headers()}
            answer = self._client.post(
                hub.rstrip("/") + push.path, content=push.body, headers=headers
            )
        except httpx2.TransportError:
            return 503
        return answer.status_code

    def _settle(self, push: Push, status: int) -> None:
        with self._lock:
            self._attempts += 1
            if status in AWAY:
                self._ready.appendleft(push)
                self._pause_seconds = _longer(self._pause_seconds)
                return
            self._pause_seconds = 0.0
            if httpx2.codes.is_success(status):
                self._delivered += 1
            elif status == httpx2.codes.UNAUTHORIZED:
                self._refused += 1
            else:
                self._apart += 1
                delay = RETRY_SECONDS_FIRST * 2 ** min(push.attempts, 10)
                self._timers.after(
                    min(delay, RETRY_SECONDS_MAX), partial(self._rejoin, push)
                )

    def _rejoin(self, push: Push) -> None:
        with self._lock:
            self._apart -= 1
            self._ready.append(push)
        self._plan_step()


def _longer(pause_seconds: float) -> float:
    return min(max(pause_seconds * 2, RETRY_SECONDS_FIRST), RETRY_SECONDS_MAX)
