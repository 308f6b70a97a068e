"""An Open311 server as a system of the hub."""

import json
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Self
from urllib.parse import quote

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Found,
    NotFound,
    Page,
    Pending,
    PollAsk,
    Skipped,
    System,
)
from connectors.errors import (
    ConnectorError,
    OutcomeUnknown,
    Refused,
)
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.open311.tree import NotOpen311Error, parse
from connectors.systems.open311.calls import (
    AlreadyThere,
    Calls,
    Unexplained,
    read_tree,
    reading,
    require,
)
from connectors.systems.open311.case_polling import CasePoller
from connectors.systems.open311.feed_polling import FeedPoller
from connectors.systems.open311.form import credentials, submit_pairs, update_pairs
from connectors.systems.open311.look_up import WindowLookUp
from connectors.systems.open311.reading import FEED, Reader
from connectors.systems.open311.settings import Open311Settings
from connectors.systems.open311.snapshot import Snapshot
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, AgencyView, Corrupt

TOKEN_WAITS_SECONDS = (2.0, 2.0, 2.0, 2.0, 2.0, 60.0, 600.0, 3600.0)
"""Wait before each question for a token's id; the last one stays."""
TOKEN_ASKS_MAX = 7 + 7 * 24
"""After a week a token is no promise any more."""


class Open311System(System):
    """Speaks to one server; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: Open311Settings,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = manifest.name
        self._settings = settings
        self._calls = Calls(manifest, settings, tls)
        self._reader = Reader(manifest, settings.updates)

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = Open311Settings.model_validate(manifest.settings)
        for name, source in settings.attributes.items():
            _require_allowed(name, source, manifest.allow)
        return cls(manifest, settings)

    def close(self) -> None:
        """Close idle connections."""
        self._calls.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the manifest says that the server can do."""
        return Capabilities(
            honours_key=self._settings.honours_key,
            finds=bool(self._settings.find),
            finds_events=False,
            sends=self._settings.sends,
            files=self._settings.files,
            shows_files=True,
            polls=self._settings.updates,
            snapshots="cases",
        )

    def submit(self, delivery: Delivery) -> Done | Pending:
        """Hand a complaint over; raises the errors of `connectors.errors`.

        A server that gives a token in place of an id is asked for the id later.
        """
        if delivery.progress:
            return self._ask_token(delivery)
        files = delivery.files if self._settings.files == "upload" else ()
        pairs = submit_pairs(self._settings, delivery)
        ends_at = self._calls.ends_at()
        try:
            answer = self._calls.post("submit", "requests", pairs, files, ends_at)
        except AlreadyThere as known:
            return self._already_there(delivery, known.answer, ends_at)
        return self._accepted(answer, "POST", "submit", asks=0)

    def send(self, delivery: Delivery) -> Done | Skipped:
        """Tell of one later event; raises the errors of `connectors.errors`."""
        if not self._settings.sends:
            return Skipped(why="the server takes no updates of ours")
        if len(delivery.events) != 1:
            why = "Open311 takes one update a call"
            raise Refused(why, fingerprint="open311 many events")
        files = delivery.files if self._settings.files == "upload" else ()
        pairs = update_pairs(self._settings, delivery)
        ends_at, place = self._calls.ends_at(), "servicerequestupdates"
        try:
            answer = self._calls.post("send", place, pairs, files, ends_at)
        except AlreadyThere as known:
            answer = known.answer
        except Unexplained as bare:
            self._refuse_if_gone(delivery.reference, bare, ends_at)
            raise
        else:
            # Some say nothing at all; what is said must be Open311, and no page.
            if answer.body.strip():
                read_tree(answer, "POST", "send")
        return Done(reference=delivery.reference, response=answer.body)

    def find(self, delivery: Delivery) -> Found | NotFound | CannotTell:
        """Look a hand-over up in the window of its days.

        Raises Retryable or Misconfigured; anything else unclear is CannotTell.
        """
        if not self._settings.find or delivery.reference:
            return CannotTell(why="agency.toml declares no look-up for this")
        return self._look_up(delivery, self._calls.ends_at())

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one page into bodies of single records; pure."""
        return self._reader.split(entry)

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Map one page to updates; pure; never raises for bad content."""
        return self._reader.read(entry)

    def poll(self, ask: PollAsk) -> Page:
        """Ask for updates; raises the errors of `connectors.errors`."""
        kind = FeedPoller if self._settings.updates == FEED else CasePoller
        poller = kind(self._name, self._settings, self._calls, self._reader)
        return poller.page(ask)

    def snapshot(self, references: Sequence[str]) -> Iterable[AgencyView]:
        """Say how these cases stand; raises the errors of `connectors.errors`."""
        return Snapshot(self._settings, self._calls, self._reader)(references)

    def _accepted(
        self, answer: HttpAnswer, method: str, step: str, *, asks: int
    ) -> Done | Pending:
        """Read an id out of a success, or the token that stands for it."""
        cases = self._reader.cases(read_tree(answer, method, step))
        if reference := next((case.id for case in cases if case.id), ""):
            return Done(reference=reference, response=answer.body)
        if token := next((case.token for case in cases if case.token), ""):
            return _pending(token, asks, answer)
        why = f"answered {answer.status} without an id (or with 0) and without a token"
        fingerprint = f"open311 {answer.status} no id {method} {step}"
        raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)

    def _ask_token(self, delivery: Delivery) -> Done | Pending:
        token, asks = _progress(delivery.progress)
        pairs = credentials(self._settings, key=False)
        place = f"tokens/{quote(token, safe='')}"
        answer = reading(lambda: self._calls.get("token", place, pairs))
        if answer.status == HTTPStatus.NOT_FOUND and asks < len(TOKEN_WAITS_SECONDS):
            return _pending(token, asks, answer)
        if asks > TOKEN_ASKS_MAX or answer.status == HTTPStatus.NOT_FOUND:
            why = "the token never became an id"
            fingerprint = "open311 token without id"
            raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)
        reading(lambda: require(answer, "GET", "token"))
        cases = self._reader.cases(reading(lambda: read_tree(answer, "GET", "token")))
        if reference := next((case.id for case in cases if case.id), ""):
            return Done(reference=reference, response=answer.body)
        return _pending(token, asks, answer)

    def _already_there(
        self, delivery: Delivery, answer: HttpAnswer, ends_at: float
    ) -> Done:
        """Read or ask under which id the server has it; else nobody knows."""
        with suppress(NotOpen311Error):
            for case in self._reader.cases(parse(answer.body)):
                if case.id:
                    return Done(reference=case.id, response=answer.body)
        why = "answered that it exists already, without its id"
        if self._settings.find:
            found = self._look_up(delivery, ends_at)
            if isinstance(found, Found):
                return Done(reference=found.reference, response=answer.body)
            why += "; and the look-up did not find it"
        fingerprint = "open311 exists already POST submit"
        raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)

    def _refuse_if_gone(
        self, reference: str, unknown: OutcomeUnknown, ends_at: float
    ) -> None:
        """Refuse what a 500 means for a case that the server does not know."""
        snapshot = Snapshot(self._settings, self._calls, self._reader)
        try:
            gone = snapshot.denies(reference, ends_at)
        except ConnectorError:
            return
        if gone:
            why = "answered 500, and does not know the case"
            fingerprint = "open311 500 unknown case POST send"
            raise Refused(why, fingerprint=fingerprint, response=unknown.response)

    def _look_up(
        self, delivery: Delivery, ends_at: float
    ) -> Found | NotFound | CannotTell:
        look_up = WindowLookUp(self._settings, self._calls, self._reader)
        try:
            return look_up(delivery, datetime.now(UTC), ends_at)
        except (OutcomeUnknown, Refused) as error:
            return CannotTell(why=f"the look-up {error.why}")


def _pending(token: str, asks: int, answer: HttpAnswer) -> Pending:
    wait = TOKEN_WAITS_SECONDS[min(asks, len(TOKEN_WAITS_SECONDS) - 1)]
    progress = json.dumps({"v": 1, "token": token, "asks": asks + 1}).encode()
    return Pending(progress=progress, poll_after_seconds=wait, response=answer.body)


def _progress(progress: bytes) -> tuple[str, int]:
    document = json.loads(progress)
    return str(document["token"]), int(document["asks"])


def _require_allowed(name: str, source: str, allow: tuple[str, ...]) -> None:
    steps = source.split(".")
    above = [".".join(steps[:n]) for n in range(1, len(steps) + 1)]
    if not source.startswith("=") and not any(one in allow for one in above):
        msg = (
            f"settings.attributes.{name}: {source!r} is not in `allow`, so it would "
            "never be sent"
        )
        raise ValueError(msg)
