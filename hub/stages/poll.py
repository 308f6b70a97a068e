"""Polling: agencies' systems and mailboxes are asked for what is new, page by page."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import OpenCase, Page, PollAsk, Source, System
from connectors.errors import ConnectorError, Misconfigured, Refused, Retryable
from hub import telemetry
from hub.domain.polling import next_turn_seconds
from hub.ports import Failure, Kept, Sources, Turn
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

PAGES_MAX = 20
"""Pages of one turn of a channel's source."""
LEASE_DEADLINES = 2
"""A lease holds for so many total deadlines of one call."""
CLOSED_ERRORS_SAY = "its reader failed with {}; see the log"


@dataclass(frozen=True, slots=True)
class Asked:
    """How a turn ended."""

    messages: int = 0
    """New ones."""
    goes_on: bool = False
    """More is there: the source is due again at once."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is asked: how, how long, and for whom its messages speak."""

    name: str
    poll: Callable[[PollAsk], Page]
    deadline_seconds: float
    """Total time of one page."""
    pages_max: int
    """Of one turn."""
    source: str
    """Of a page that nobody can read, and what is counted."""
    lane: str
    is_agency: bool
    """An agency's system speaks for its own agency, on its own lane."""

    def own(self, raw: RawMessage) -> RawMessage:
        """Let an agency speak for itself only."""
        if not self.is_agency:
            return raw
        return raw.model_copy(update={"source": self.source, "lane": self.lane})


def asking_agency(name: str, system: System, manifest: AgencyManifest) -> Asking:
    """Ask an agency's system for its updates."""
    return Asking(
        name,
        system.poll,
        manifest.limits.deadline_seconds,
        manifest.poll.pages_max,
        f"agency:{name}",
        f"updates.{name}",
        is_agency=True,
    )


def asking_channel(channel: str, source: Source) -> Asking:
    """Ask a source of a channel for messages."""
    name = f"{channel}:{source.name}"
    lane = f"intake.{channel}"
    seconds = source.deadline_seconds
    return Asking(name, source.poll, seconds, PAGES_MAX, channel, lane, is_agency=False)


class Poll:
    """One turn of one source. A source's failure never reaches another's.

    A page and its checkpoint are stored together, so that whatever ends a turn, the
    next one begins where the last stored page ended.
    """

    def __init__(
        self,
        sources: Sources,
        asked: Mapping[str, Asking],
        chance: Callable[[], float],
        slack_seconds: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._sources = sources
        self._asked = asked
        self._chance = chance
        self._slack_seconds = slack_seconds
        self._is_stopping = is_stopping

    def __call__(self, source_id: str, party: str) -> Asked:
        """Ask for pages until there is no more, or the turn is over.

        Raises ConnectionError when the database is away; then nothing is lost.
        """
        asking = self._asked[party]
        ttl = LEASE_DEADLINES * asking.deadline_seconds + self._slack_seconds
        turn = self._sources.lease(source_id, ttl)
        messages = 0
        for number in range(1, asking.pages_max + 1):
            if turn is None:
                break
            page = self._page(turn, asking)
            if page is None:
                break
            is_last = self._is_stopping() or number == asking.pages_max
            wait = self._wait(turn, page, is_last=is_last)
            kept = self._keep(turn, asking, page, wait, ttl)
            if kept is None or not kept.is_stored:
                break
            self._note(asking, page, kept)
            messages += kept.new
            if page.more and is_last:
                return Asked(messages, goes_on=not self._is_stopping())
            turn = kept.turn
        return Asked(messages)

    def _wait(self, turn: Turn, page: Page, *, is_last: bool) -> float | None:
        if not page.more:
            return next_turn_seconds(turn.every_seconds, 0, self._chance())
        return 0.0 if is_last else None

    def _page(self, turn: Turn, asking: Asking) -> Page | None:
        lost: list[ConnectionError] = []

        def cases(after: str, limit: int) -> Sequence[OpenCase]:
            try:
                return self._sources.open_cases(asking.name, after, limit)
            except ConnectionError as error:
                lost.append(error)
                raise

        ask = PollAsk(checkpoint=turn.checkpoint, now=turn.now, cases=cases)
        try:
            page = asking.poll(ask)
        except ConnectorError as error:
            self._failed(turn, asking, error)
            return None
        except Exception as error:
            if lost:  # our database was away, not the agency
                raise lost[0] from error
            telemetry.log.error("poll_broke", source=asking.name, error=error)
            why = CLOSED_ERRORS_SAY.format(type(error).__name__)
            self._failed(turn, asking, Retryable(why))
            return None
        telemetry.point("poll.asked")
        raws = tuple(map(asking.own, page.raws))
        return page.model_copy(update={"raws": raws})

    def _keep(
        self,
        turn: Turn,
        asking: Asking,
        page: Page,
        wait: float | None,
        ttl: float,
    ) -> Kept | None:
        try:
            return self._sources.keep(turn, page, wait, ttl)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the checkpoint stays
            telemetry.log.error("page_not_stored", source=asking.name, error=error)
            why = f"its page could not be stored ({type(error).__name__}); see the log"
            self._failed(turn, asking, Retryable(why))
            return None

    def _note(self, asking: Asking, page: Page, kept: Kept) -> None:
        polled = telemetry.polled.labels
        polled(source=asking.name, outcome="page").inc()
        telemetry.received.labels(source=asking.source).inc(kept.new)
        for note in page.notes:
            polled(source=asking.name, outcome=note).inc()
            telemetry.log.warning("source_noted", source=asking.name, what=note)
        if kept.jumped_back:
            telemetry.log.warning(
                "clock_jumped_back", agency=asking.name, skew_s=page.skew_seconds
            )

    def _failed(self, turn: Turn, asking: Asking, error: ConnectorError) -> None:
        outcome = type(error).__name__.lower()
        telemetry.polled.labels(source=asking.name, outcome=outcome).inc()
        is_new = self._sources.fail(turn, self._failure(turn, asking, error))
        if not is_new:
            return
        if isinstance(error, Misconfigured):
            telemetry.log.error(
                "source_misconfigured", source=asking.name, why=error.why
            )
        else:
            telemetry.log.warning("poll_failed", source=asking.name, why=error.why)

    def _failure(self, turn: Turn, asking: Asking, error: ConnectorError) -> Failure:
        """Say what follows of an error: when to ask again, and who else must wait."""
        after = throttled = None
        if isinstance(error, Retryable):
            after = error.after_seconds
        wait = next_turn_seconds(
            turn.every_seconds, turn.failures + 1, self._chance(), after
        )
        if isinstance(error, Retryable) and error.throttled:
            throttled = wait if after is None else after
        page = None
        if isinstance(error, Refused) and error.response and not turn.failures:
            page = _unreadable(asking, error.response)
        return Failure(
            error.why,
            wait,
            is_misconfigured=isinstance(error, Misconfigured),
            throttled_seconds=throttled,
            unreadable=page,
        )


def _unreadable(asking: Asking, response: bytes) -> RawMessage:
    """Keep a page that was refused; the first of a row of failures only."""
    digest = hashlib.sha256(response).hexdigest()
    return RawMessage(
        source=asking.source,
        lane=asking.lane,
        source_key=f"unreadable page {digest}",
        body=response,
        expects_complaint=False,
    )
