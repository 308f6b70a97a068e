"""Calls to one Open311 server, and what its answers mean."""

import re
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from connectors.contract import File
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import client_for
from connectors.protocols.http.outcome import require_success
from connectors.protocols.open311.records import error_records
from connectors.protocols.open311.tree import NotOpen311Error, Tree, parse
from connectors.systems.open311.form import Pairs, encode
from connectors.systems.open311.settings import Open311Settings
from schemas.agency import AgencyManifest

NOT_THERE_YET_SECONDS = 3600.0
_ALREADY = "already exists"
_NOWHERE = (
    "not found",
    "no such",
    "unknown request",
    "unknown service request",
    "does not exist",
    "tidak ditemukan",
)
_CLIENT_ERROR = re.compile(r"4\d\d")

T = TypeVar("T")


class AlreadyThere(Exception):
    """The server says that it has this already: to us a success."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__("already exists")
        self.answer = answer


class Unexplained(OutcomeUnknown):
    """A bare 500: it may be an outage, or an id that the server does not know."""


class Calls:
    """One server; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: Open311Settings,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._limits = manifest.limits
        self._client = client_for(manifest, settings.base_url, tls=tls)

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def ends_at(self) -> float:
        """Tell when a call that begins now must have ended, by the monotonic clock."""
        return time.monotonic() + self._limits.deadline_seconds

    def get(
        self, step: str, place: str, pairs: Pairs, ends_at: float | None = None
    ) -> HttpAnswer:
        """Ask; returns whatever status comes.

        Raises what a call raises; Retryable where no time is left to ask.
        """
        query = f"?{urlencode(pairs)}" if pairs else ""
        target = f"{place}.{self._format}{query}"
        return self._call(step, "GET", target, {}, ends_at or self.ends_at())

    def post(
        self,
        step: str,
        place: str,
        pairs: Pairs,
        files: tuple[File, ...],
        ends_at: float,
    ) -> HttpAnswer:
        """Post a form; returns a success.

        Raises AlreadyThere, Unexplained for a bare 500, and the errors of
        `connectors.errors`.
        """
        content_type, body = encode(pairs, files)
        headers = {"Content-Type": content_type}
        target = f"{place}.{self._format}"
        answer = self._call(step, "POST", target, headers, ends_at, body)
        if answer.status // 100 != 2:  # noqa: PLR2004 - the hundred of successes
            _explain(answer, step)
            require(answer, "POST", step)
        return answer

    @property
    def _format(self) -> str:
        return self._settings.format

    def _call(
        self,
        step: str,
        method: str,
        target: str,
        headers: dict[str, str],
        ends_at: float,
        body: bytes | None = None,
    ) -> HttpAnswer:
        left = ends_at - time.monotonic()
        if left <= 0:
            why = "no time was left for another question"
            raise Retryable(why, fingerprint=f"open311 no time {step}")
        accept = "application/json" if self._format == "json" else "text/xml"
        return self._client.call(
            method,
            f"{self._settings.base_url}{target}",
            {"Accept": f"{accept}, */*;q=0.1", **headers},
            body,
            deadline_seconds=left,
            response_bytes_max=self._limits.response_bytes_max,
            step=step,
        )


def require(answer: HttpAnswer, method: str, step: str) -> None:
    """Return for 2xx; raises the errors of `connectors.errors` for anything else."""
    require_success(answer, method=method, step=step, now=datetime.now(UTC))


def read_tree(answer: HttpAnswer, method: str, step: str) -> Tree:
    """Read the body of a success; raises OutcomeUnknown when it is no Open311."""
    try:
        return parse(answer.body)
    except NotOpen311Error as error:
        why = f"answered {answer.status}, but {error}"
        fingerprint = f"open311 {answer.status} unreadable {method} {step}"
        raise OutcomeUnknown(
            why, fingerprint=fingerprint, response=answer.body
        ) from error


def reading(ask: Callable[[], T]) -> T:
    """Ask something that changes nothing: an unclear end is a reason to ask again."""
    try:
        return ask()
    except OutcomeUnknown as error:
        raise Retryable(
            error.why, fingerprint=error.fingerprint, response=error.response
        ) from error


def is_unknown_case(answer: HttpAnswer) -> bool:
    """Tell whether an error says that there is no such case, whatever its status.

    Of a server that answers 500 for an unknown id only its words tell.
    """
    if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return True
    codes, words = _errors(answer)
    return "404" in codes or any(nowhere in words for nowhere in _NOWHERE)


def _explain(answer: HttpAnswer, step: str) -> None:
    """Raise what an error's own words say where its status says too little."""
    codes, words = _errors(answer)
    if _ALREADY in words:
        raise AlreadyThere(answer)
    bad = answer.status == HTTPStatus.BAD_REQUEST
    if step == "send" and bad and "not found" in words:
        why = "answered 400: not found; it may not have the case yet"
        raise Retryable(
            why,
            after_seconds=NOT_THERE_YET_SECONDS,
            fingerprint=f"open311 400 not found POST {step}",
            response=answer.body,
        )
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        refused = any(_CLIENT_ERROR.fullmatch(code) for code in codes)
        # Words of a page count for nothing: it need not be the server's own.
        if refused or (codes and any(nowhere in words for nowhere in _NOWHERE)):
            why = "answered 500, with an error that is the request's"
            fingerprint = f"open311 500 of the request POST {step}"
            raise Refused(why, fingerprint=fingerprint, response=answer.body)
        why, fingerprint = "answered 500", f"http 500 POST {step}"
        raise Unexplained(why, fingerprint=fingerprint, response=answer.body)


def _errors(answer: HttpAnswer) -> tuple[list[str], str]:
    """Read an error's codes and its words; of a plain page the page."""
    try:
        errors = error_records(parse(answer.body))
    except NotOpen311Error:
        return [], answer.body[:2000].decode("utf-8", "replace").casefold()
    words = "\n".join(error.description for error in errors)
    return [error.code for error in errors], words.casefold()
