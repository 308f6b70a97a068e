"""Polling: an agency's system is asked for its updates, page by page."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import OpenCase, Page, PollAsk, System
from connectors.errors import ConnectorError, Misconfigured, Refused, Retryable
from hub import telemetry
from hub.domain.polling import next_turn_seconds
from hub.ports import Failure, Kept, Sources, Turn
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

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


class Poll:
    """One turn of one source. A source's failure never reaches another's.

    A page and its checkpoint are stored together, so that whatever ends a turn, the
    next one begins where the last stored page ended.
    """

    def __init__(
        self,
        sources: Sources,
        systems: Mapping[str, System],
        agencies: Mapping[str, AgencyManifest],
        chance: Callable[[], float],
        slack_seconds: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._sources = sources
        self._systems = systems
        self._agencies = agencies
        self._chance = chance
        self._slack_seconds = slack_seconds
        self._is_stopping = is_stopping

    def __call__(self, source_id: str, agency: str) -> Asked:
        """Ask for pages until there is no more, or the turn is over.

        Raises ConnectionError when the database is away; then nothing is lost.
        """
        manifest = self._agencies[agency]
        limits = manifest.limits
        ttl = LEASE_DEADLINES * limits.deadline_seconds + self._slack_seconds
        turn = self._sources.lease(source_id, ttl)
        messages = 0
        for number in range(1, manifest.poll.pages_max + 1):
            if turn is None:
                break
            page = self._page(turn, agency)
            if page is None:
                break
            is_last = self._is_stopping() or number == manifest.poll.pages_max
            wait = self._wait(turn, page, is_last=is_last)
            kept = self._keep(turn, page, wait, ttl)
            if kept is None or not kept.is_stored:
                break
            self._note(agency, page, kept)
            messages += kept.new
            if page.more and is_last:
                return Asked(messages, goes_on=not self._is_stopping())
            turn = kept.turn
        return Asked(messages)

    def _wait(self, turn: Turn, page: Page, *, is_last: bool) -> float | None:
        if not page.more:
            return next_turn_seconds(turn.every_seconds, 0, self._chance())
        return 0.0 if is_last else None

    def _page(self, turn: Turn, agency: str) -> Page | None:
        lost: list[ConnectionError] = []

        def cases(after: str, limit: int) -> Sequence[OpenCase]:
            try:
                return self._sources.open_cases(agency, after, limit)
            except ConnectionError as error:
                lost.append(error)
                raise

        ask = PollAsk(checkpoint=turn.checkpoint, now=turn.now, cases=cases)
        try:
            page = self._systems[agency].poll(ask)
        except ConnectorError as error:
            self._failed(turn, agency, error)
            return None
        except Exception as error:
            if lost:  # our database was away, not the agency
                raise lost[0] from error
            telemetry.log.error("poll_broke", agency=agency, error=error)
            why = CLOSED_ERRORS_SAY.format(type(error).__name__)
            self._failed(turn, agency, Retryable(why))
            return None
        raws = tuple(_of(agency, raw) for raw in page.raws)
        return page.model_copy(update={"raws": raws})

    def _keep(
        self, turn: Turn, page: Page, wait: float | None, ttl: float
    ) -> Kept | None:
        try:
            return self._sources.keep(turn, page, wait, ttl)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the checkpoint stays
            telemetry.log.error("page_not_stored", agency=turn.party, error=error)
            why = f"its page could not be stored ({type(error).__name__}); see the log"
            self._failed(turn, turn.party, Retryable(why))
            return None

    def _note(self, agency: str, page: Page, kept: Kept) -> None:
        telemetry.polled.labels(source=agency, outcome="page").inc()
        telemetry.received.labels(source=f"agency:{agency}").inc(kept.new)
        if kept.jumped_back:
            telemetry.log.warning(
                "clock_jumped_back", agency=agency, skew_s=page.skew_seconds
            )

    def _failed(self, turn: Turn, agency: str, error: ConnectorError) -> None:
        outcome = type(error).__name__.lower()
        telemetry.polled.labels(source=agency, outcome=outcome).inc()
        is_new = self._sources.fail(turn, self.failure(turn, agency, error))
        if not is_new:
            return
        if isinstance(error, Misconfigured):
            telemetry.log.error("source_misconfigured", agency=agency, why=error.why)
        else:
            telemetry.log.warning("poll_failed", agency=agency, why=error.why)

    def failure(self, turn: Turn, agency: str, error: ConnectorError) -> Failure:
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
            page = _unreadable(agency, error.response)
        return Failure(
            error.why,
            wait,
            is_misconfigured=isinstance(error, Misconfigured),
            throttled_seconds=throttled,
            unreadable=page,
        )


def _of(agency: str, raw: RawMessage) -> RawMessage:
    """A system speaks for its own agency, on its own lane."""
    own = {"source": f"agency:{agency}", "lane": f"updates.{agency}"}
    return raw.model_copy(update=own)


def _unreadable(agency: str, response: bytes) -> RawMessage:
    """Keep a page that was refused; the first of a row of failures only."""
    digest = hashlib.sha256(response).hexdigest()
    return RawMessage(
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        source_key=f"unreadable page {digest}",
        body=response,
        expects_complaint=False,
    )
