"""The bench that a system stands on while it is tested."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from connectors.contract import Delivery, Done, Found, Pending, System
from connectors.errors import ConnectorError
from connectors.kit.mailroom import mailroom_of
from connectors.kit.masking import shown
from connectors.kit.proxy import FaultProxy
from connectors.kit.receiver import Receiver
from connectors.protocols.http.tap import listening
from schemas.agency import AgencyManifest

HURRIED_SECONDS = 1.0
"""Deadline of the calls that are broken on purpose: a real one would be waited for."""
STEP_SECONDS = 1.0
"""Between two steps where times order them: no officer takes two in one second."""
STEPS_MAX = 20
LOOPBACK = "127.0.0.0/8"
"""Where the proxy is."""

Build = Callable[[AgencyManifest], System]
"""Makes a system by a manifest whose secrets are resolved."""


class Officer(Protocol):
    """Somebody, or something, that works in the agency's own system."""

    def act(self, reference: str, word: str, note: str) -> None:
        """Give a case its next status, by the agency's own word."""

    def count(self, reference: str) -> int | None:
        """Say how many cases the system holds; None if nobody can tell."""

    def words(self) -> Sequence[str]:
        """Name the status words that the system has; none if nobody can tell."""

    def begin(self) -> bool:
        """Let a complaint begin in the agency's own system; False if nobody can."""


@dataclass
class Tried:
    """What became of one call."""

    ended: Any
    """What the system returned; None where it raised."""
    error: Exception | None
    seconds: float
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The agency's id of the case, if it was done, or found."""
        there = isinstance(self.ended, Done | Found)
        return self.ended.reference if there else ""

    @property
    def says(self) -> str:
        """Name the outcome in a line."""
        if self.error is not None:
            kind = type(self.error).__name__
            return f"{kind}: {getattr(self.error, 'why', kind)}"
        name = type(self.ended).__name__
        return f"{name} {self.reference}".strip()


class Bench:
    """A system with a proxy before its agency and a receiver for its updates.

    For an agency that is reached by mail they are a proxy before its relay and the
    door of the e-mail channel (`mail`).

    `build` makes the system; `manifest` has its secrets resolved, and `secrets` is
    what must be shown to nobody.
    """

    def __init__(
        self,
        manifest: AgencyManifest,
        build: Build,
        *,
        secrets: Collection[str] = (),
        officer: Officer | None = None,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        wait_seconds: float = 10,
        hurried_seconds: float = HURRIED_SECONDS,
        sample: Mapping[str, Any] | None = None,
    ) -> None:
        self.manifest = manifest
        self.officer = officer
        self.wait_seconds = wait_seconds
        self.hurried_seconds = hurried_seconds
        """Deadline of calls that are broken on purpose."""
        self.step_seconds = STEP_SECONDS
        """Between two steps of the officer; 0 where the agency's clock can be set."""
        self.sample = sample
        self.secrets = secrets
        self.notes: dict[str, Any] = {}
        """What rows leave for later rows."""
        self.base_url = str(manifest.settings.get("base_url", ""))
        """Empty where the system is not HTTP: then nothing can be broken on the way."""
        self._slept = 0.0
        """Time between the steps of a call: not the agency's."""
        self._open = ExitStack()
        self._build = build
        self._listen = listen

    def __enter__(self) -> Self:
        self.proxy: FaultProxy | None = None
        manifest = self.manifest
        slow = self.hurried_seconds / 3
        self.mail = mailroom_of(manifest, self._listen, slow)
        if self.mail is not None:
            self._open.enter_context(self.mail)
            manifest = manifest.model_copy(update={"settings": self.mail.settings()})
        if self.base_url.startswith("http"):
            made = FaultProxy(self.base_url, slow_seconds=slow, secrets=self.secrets)
            self.proxy = self._open.enter_context(made)
            settings = {**manifest.settings, "base_url": made.url}
            manifest = manifest.model_copy(update={"settings": settings})
            manifest = _reaching(manifest, LOOPBACK)
        limits = manifest.limits.model_copy(
            update={"deadline_seconds": self.hurried_seconds}
        )
        self.system = self._build(manifest)
        self.hurried = self._build(manifest.model_copy(update={"limits": limits}))
        host, port = self._listen
        # Where answers are mails, the door that was asked for is the one for mails.
        receiver = Receiver(self.system, host=host, port=0 if self.mail else port)
        self.receiver = self._open.enter_context(receiver)
        if self.mail is not None:
            self.mail.open_door(self.receiver.accept)
        return self

    @property
    def way_back(self) -> str:
        """Where updates are taken: a URL, or `host:port` where they are mails."""
        return self.receiver.url if self.mail is None else self.mail.door

    def __exit__(self, *_: object) -> None:
        self._open.close()
        for system in (self.system, self.hurried):
            close = getattr(system, "close", None)
            if close is not None:
                close()

    def call(
        self, act: Callable[[Delivery], Any], delivery: Delivery, *, most: int = 1
    ) -> Tried:
        """Call once, or on from each Pending; whatever is raised is an outcome."""
        began, self._slept = time.monotonic(), 0.0
        ended: Any = None
        raised: Exception | None = None
        with listening() as heard:
            try:
                ended = self._through(act, delivery, most)
            except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
                raised = error
        seconds = time.monotonic() - began - self._slept
        seen = [shown(one, self.secrets) for one in heard.exchanges]
        return Tried(ended, raised, seconds, seen)

    def submit(self, delivery: Delivery, *, hurried: bool = False) -> Tried:
        """Hand a complaint over, through every step of it."""
        system = self.hurried if hurried else self.system
        return self.call(system.submit, delivery, most=STEPS_MAX)

    def send(self, delivery: Delivery) -> Tried:
        """Tell of a later event."""
        return self.call(self.system.send, delivery, most=STEPS_MAX)

    def find(self, delivery: Delivery) -> Tried:
        """Look a hand-over up; where it is there, what follows it goes on."""

        def act(given: Delivery) -> Any:
            ended = self.system.find(given)
            if not isinstance(ended, Pending):
                return ended
            later = given.model_copy(update={"progress": ended.progress})
            return self._through(self.system.submit, later, STEPS_MAX)

        return self.call(act, delivery)

    def _through(
        self, act: Callable[[Delivery], Any], delivery: Delivery, most: int
    ) -> Any:
        ended = act(delivery)
        for _ in range(most - 1):
            if not isinstance(ended, Pending):
                break
            pause = min(ended.poll_after_seconds, self.hurried_seconds)
            time.sleep(pause)
            self._slept += pause
            ended = act(delivery.model_copy(update={"progress": ended.progress}))
        return ended

    def words(self) -> Sequence[tuple[str, str]]:
        """The agency's own words, and what each means; empty where its kind knows."""
        written = list(self.manifest.statuses.items())
        if written or self.officer is None:
            return written
        return [(word, "") for word in self.officer.words()]


def _reaching(manifest: AgencyManifest, network: str) -> AgencyManifest:
    """Let calls reach the proxy where the manifest bounds where they may go."""
    egress = getattr(manifest, "egress", None)
    if egress is None:
        return manifest
    networks = (*egress.networks, network)
    wider = egress.model_copy(update={"networks": networks})
    return manifest.model_copy(update={"egress": wider})


def error_of(tried: Tried) -> ConnectorError | None:
    """Return the error that the hub understands, if it was one."""
    return tried.error if isinstance(tried.error, ConnectorError) else None
