"""Asks the agency's API for updates: what is new, or case by case."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.contract import OpenCase, Page, PollAsk
from connectors.errors import ConnectorError, OutcomeUnknown, Refused, Retryable
from connectors.systems.rest.answers import NotReadable
from connectors.systems.rest.caller import Caller
from connectors.systems.rest.coming_in import Poll
from connectors.systems.rest.pages import (
    Fetched,
    Position,
    after,
    fetch,
    names_of,
    skew_seconds,
    unreadable,
)
from connectors.systems.rest.updates import REFERENCE, UpdateReader
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

VERSION = 1
POSITION_CHARACTERS_MAX = 100
FAILURES_IN_A_ROW_MAX = 3
GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class Checkpoint(BaseModel):
    """Where the next page begins; a feed's round goes over many pages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    since: datetime | None = None
    """What the round asks for; None: it has not begun."""
    began: datetime | None = None
    """When the round began, by the API's clock: the next one's `since`."""
    number: int = 0
    offset: int = 0
    cursor: str = ""
    previous: str = ""
    case: str = ""
    """Position of the last case that was asked for."""

    @classmethod
    def of(cls, written: bytes | None) -> Self:
        """Read it back; what cannot be read begins anew, which repeats updates only."""
        try:
            found = cls.model_validate(json.loads(written or b"{}"))
        except (ValueError, ValidationError):
            return cls()
        return found if found.version == VERSION else cls()

    def written(self) -> bytes:
        """Write it for the hub to keep."""
        return self.model_dump_json().encode()

    @property
    def position(self) -> Position:
        """Where the next page is."""
        return Position(self.number, self.offset, self.cursor, self.previous)


def since_of(poll: Poll, checkpoint: Checkpoint, now: datetime) -> datetime:
    """Return from when on a round asks: with a margin before the last one's begin."""
    if checkpoint.since is not None:
        return checkpoint.since
    if checkpoint.began is None:
        return now - timedelta(seconds=poll.start_seconds)
    return checkpoint.began - timedelta(seconds=poll.margin_seconds)


def written_since(moment: datetime, time_format: str, zone: tzinfo) -> str:
    """Write `{since}` in the API's format."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    if time_format == "epoch":
        return str(int(whole.timestamp()))
    if time_format == "epoch_ms":
        return str(int(whole.timestamp()) * 1000)
    if time_format:
        return whole.astimezone(zone).strftime(time_format)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Failures:
    """Cases that could not be asked for, while others could.

    Every round asks for every case again, so that one is only late, and one that
    always fails harms no other. Several in a row are no matter of the case.
    """

    def __init__(self) -> None:
        self._first: ConnectorError | None = None
        self._in_a_row = 0
        self._succeeded = False

    def count(self, error: ConnectorError) -> None:
        """Count a failure; raises the first where it is no matter of the case."""
        self._first = self._first or error
        self._in_a_row += 1
        throttled = isinstance(error, Retryable) and error.throttled
        if throttled or self._in_a_row >= FAILURES_IN_A_ROW_MAX:
            raise error if throttled else self._first

    def end(self) -> None:
        """Count a success."""
        self._in_a_row, self._succeeded = 0, True

    def require_one_success(self) -> None:
        """Raise the first failure where nothing succeeded."""
        if self._first is not None and not self._succeeded:
            raise self._first


class Poller:
    """Polls one agency's API."""

    def __init__(
        self,
        manifest: AgencyManifest,
        poll: Poll,
        caller: Caller,
        reader: UpdateReader,
        base_url: str,
    ) -> None:
        self._name = manifest.name
        self._zone = ZoneInfo(manifest.zone)
        self._seconds = manifest.limits.deadline_seconds
        self._poll = poll
        self._caller = caller
        self._reader = reader
        self._base_url = base_url

    def page(self, ask: PollAsk) -> Page:
        """Get one page; raises the errors of `connectors.errors`."""
        checkpoint = Checkpoint.of(ask.checkpoint)
        if self._poll.kind == "cases":
            return self._cases(ask, checkpoint)
        return self._feed(ask, checkpoint)

    # what is new

    def _feed(self, ask: PollAsk, checkpoint: Checkpoint) -> Page:
        since = since_of(self._poll, checkpoint, ask.now)
        at = checkpoint.position
        paging = self._poll.paging
        scope = {
            **self._caller.common(ask.now),
            **names_of(paging, at),
            "since": written_since(since, self._poll.since_format, self._zone),
        }
        fetched = fetch(
            self._caller, "poll", self._poll, paging, scope, at, self._seconds
        )
        skew = skew_seconds(fetched.answered.answer.headers, ask.now)
        # `{since}` is compared with the API's clock, so the API's clock it is.
        begins = ask.now + timedelta(seconds=skew or 0)
        began = begins if checkpoint.since is None else (checkpoint.began or begins)
        items = self._items(fetched)
        following = after(paging, at, fetched, items, self._base_url)
        raws = () if fetched.repeated else self._raws(fetched, ask, f"{at.number}")
        if following is None:
            ended = Checkpoint(began=began)
            return Page(raws=raws, checkpoint=ended.written(), skew_seconds=skew)
        goes_on = Checkpoint(
            since=since,
            began=began,
            number=following.number,
            offset=following.offset,
            cursor=following.cursor,
            previous=following.previous,
        )
        return Page(
            raws=raws,
            checkpoint=goes_on.written(),
            more=following.number % paging.pages_max != 0,
            skew_seconds=skew,
        )

    def _items(self, fetched: Fetched) -> int:
        """Count every item of a page, updates or not: they move the offset."""
        try:
            return self._reader.size(fetched.answered.tree)
        except NotReadable as error:
            raise unreadable(
                fetched.answered, self._poll, "poll", str(error)
            ) from error

    # case by case

    def _cases(self, ask: PollAsk, checkpoint: Checkpoint) -> Page:
        cases = ask.cases(checkpoint.case, self._poll.cases_a_page)
        raws: list[RawMessage] = []
        skew: float | None = None
        failures = _Failures()
        for case in cases:
            try:
                fetched = self._case(case, ask)
            except (OutcomeUnknown, Refused, Retryable) as error:
                failures.count(error)
                continue
            failures.end()
            if fetched is None:
                continue
            skew = skew_seconds(fetched.answered.answer.headers, ask.now)
            raws += self._raws(fetched, ask, "", case.reference)
        failures.require_one_success()
        more = len(cases) >= self._poll.cases_a_page
        last = cases[-1].position if more else ""
        return Page(
            raws=tuple(raws),
            checkpoint=Checkpoint(case=last).written(),
            more=more,
            skew_seconds=skew,
        )

    def _case(self, case: OpenCase, ask: PollAsk) -> Fetched | None:
        """Ask for one case; None where the API has none such."""
        scope: dict[str, Any] = {
            **self._caller.common(ask.now),
            "reference": case.reference,
        }
        poll = self._poll
        try:
            fetched = fetch(
                self._caller,
                "poll",
                poll,
                poll.paging,
                scope,
                Position(),
                self._seconds,
            )
        except Refused as error:
            if error.fingerprint.startswith(tuple(f"http {s.value} " for s in GONE)):
                return None
            raise
        self._items(fetched)
        return fetched

    def _raws(
        self, fetched: Fetched, ask: PollAsk, place: str, reference: str = ""
    ) -> tuple[RawMessage, ...]:
        if not self._reader.counts(fetched.answered.tree):
            return ()
        content_type = fetched.answered.answer.headers.get("content-type", "")
        key = self._key(fetched, ask, place, reference)
        return (
            RawMessage(
                source=f"agency:{self._name}",
                lane=f"updates.{self._name}",
                source_key=key,
                body=fetched.body,
                content_type=content_type[:300] or "application/json",
                meta={REFERENCE: reference} if reference else {},
                expects_complaint=False,
            ),
        )

    def _key(self, fetched: Fetched, ask: PollAsk, place: str, reference: str) -> str:
        """Name a page by its content, so that one that says the same is known.

        Not for ever: a case may come back to what it was.
        """
        period = int(ask.now.timestamp() / (self._poll.repeat_hours * 3600))
        case = hashlib.sha256(reference.encode()).hexdigest()[:16] if reference else ""
        return f"poll:{fetched.digest}:{place}{case}:{period}"
