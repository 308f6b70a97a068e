"""Asking for updates by id: our open cases, some at a time, round after round."""

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from connectors.contract import OpenCase, Page, PollAsk
from connectors.errors import Refused
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.open311.records import ServiceRequest
from connectors.systems.open311.asking import (
    ask_for,
    may_be_an_id,
    page_message,
    require_known,
    skew_seconds,
)
from connectors.systems.open311.calls import Calls, read_tree, reading, require
from connectors.systems.open311.checkpoint import CasesCheckpoint, dump, load
from connectors.systems.open311.reading import CASES, Reader, stamp
from connectors.systems.open311.settings import Open311Settings

TOO_MANY = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
    }
)
"""What a server may answer to more ids than it takes."""


class CasePoller:
    """Goes through the open cases, some at a time, round after round."""

    def __init__(
        self, name: str, settings: Open311Settings, calls: Calls, reader: Reader
    ) -> None:
        self._name = name
        self._settings = settings
        self._calls = calls
        self._reader = reader

    def page(self, ask: PollAsk) -> Page:
        """Ask how the next cases stand.

        Where an answer leaves cases out, or fails as a whole, fewer are asked for, down
        to one: a page that is cut, or an id that the server stumbles over, must not
        hide the others.
        """
        at = load(ask.checkpoint, CasesCheckpoint, CASES) or CasesCheckpoint()
        size = min(at.size or self._settings.batch, self._settings.batch)
        cases = list(ask.cases(at.after, size))
        if not cases:
            return Page(raws=(), checkpoint=dump(_next_round(at)))
        began, ends_at = time.monotonic(), self._calls.ends_at()
        asked = ask_for(self._calls, self._settings, cases, ends_at)
        skew = skew_seconds(asked, ask.now, time.monotonic() - began)
        found = self._found(asked, cases, ends_at)
        missing = len(cases) - len({case.id for case in found})
        if missing and len(cases) > 1:
            smaller = at.model_copy(update={"size": max(1, len(cases) // 2)})
            return Page(raws=(), checkpoint=dump(smaller), more=True, skew_seconds=skew)
        noticed, gathered = _notice(at, found, ask.now)
        last = len(cases) < size
        after = at.model_copy(
            update={
                "after": cases[-1].position,
                "size": min(size * 2, self._settings.batch),
                "gathered": {**at.gathered, **gathered},
            }
        )
        raws = (page_message(self._name, CASES, asked, noticed),) if found else ()
        return Page(
            raws=raws,
            checkpoint=dump(_next_round(after) if last else after),
            more=not last,
            skew_seconds=skew,
        )

    def _found(
        self, answer: HttpAnswer, cases: Sequence[OpenCase], ends_at: float
    ) -> list[ServiceRequest]:
        """Read those cases of ours that the answer tells of.

        Raises Retryable where the server fails, and not for one of the ids; Refused
        where it does not mind which ids it is asked for.
        """
        if answer.status != HTTPStatus.OK:
            if len(cases) == 1:
                require_known(self._calls, self._settings, answer, ends_at)
            elif answer.status not in TOO_MANY and not may_be_an_id(answer):
                reading(lambda: require(answer, "GET", "cases"))
            return []
        tree = reading(lambda: read_tree(answer, "GET", "cases"))
        told = self._reader.cases(tree)
        ours = {case.reference for case in cases}
        found = [case for case in told if case.id in ours]
        if len(cases) == 1 and not found and len(told) > 1:
            why = "it answers other cases than the one that it is asked for by id"
            raise Refused(why, fingerprint="open311 ids ignored")
        return found


def _next_round(at: CasesCheckpoint) -> CasesCheckpoint:
    """Begin anew; cases that are no longer open are forgotten."""
    return CasesCheckpoint(seen=at.gathered)


def _notice(
    at: CasesCheckpoint, found: Sequence[ServiceRequest], now: datetime
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Note since when cases without a time of their own have stood as they do."""
    noticed: dict[str, str] = {}
    gathered: dict[str, tuple[str, str]] = {}
    for case in found:
        if case.updated_at is not None:
            continue
        name = _digest(case.id)[:16]
        stands = _digest(f"{case.status}\x1f{case.status_code}\x1f{case.notes}")[:16]
        before = at.gathered.get(name) or at.seen.get(name) or ("", "")
        since = before[1] if before[0] == stands else stamp(now)
        noticed[case.id] = since
        gathered[name] = (stands, since)
    return noticed, gathered


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
