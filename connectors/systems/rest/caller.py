"""Makes one call of the API: writes it, proves who we are, judges the answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.signing import Outgoing, Signer
from connectors.protocols.records.paths import MISSING
from connectors.systems.rest import scope as scopes
from connectors.systems.rest.answers import (
    AlreadyThere,
    Answered,
    NotReadable,
    judge,
    parse,
)
from connectors.systems.rest.body import Body, plain_body
from connectors.systems.rest.calls import Call
from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.templates import fill, fill_header, fill_path
from schemas.agency import AgencyManifest

REFUSED = 401
_KINDS = {"json": "application/json", "xml": "application/xml, text/xml"}


class Caller:
    """Calls one agency's API; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: RestSettings,
        client: HttpClient,
        signer: Signer,
        base_url: str,
    ) -> None:
        self._limits = manifest.limits
        self._zone = ZoneInfo(manifest.zone)
        self._settings = settings
        self._client = client
        self._signer = signer
        self._base_url = base_url

    def common(self, now: datetime | None = None) -> dict[str, Any]:
        """Return what every call may speak of."""
        at = now or datetime.now(UTC)
        return scopes.common(self._zone, self._settings.tables, at)

    def read(
        self, step: str, call: Call, scope: Mapping[str, Any], seconds: float
    ) -> Answered:
        """Make a call that only reads or may be repeated: unknown is tried again."""
        try:
            return self.make(step, call, scope, plain_body(call, scope), seconds)
        except OutcomeUnknown as error:
            raise again(error) from error
        except AlreadyThere as error:
            why = f"{step} answered {error.answer.status}, which is no answer to it"
            fingerprint = f"http {error.answer.status} {call.method} {step}"
            raise Refused(why, fingerprint=fingerprint) from error

    def make(
        self,
        step: str,
        call: Call,
        scope: Mapping[str, Any],
        body: Body,
        seconds: float,
        *,
        key: str = "",
    ) -> Answered:
        """Make a call and judge its answer.

        Raises AlreadyThere and the errors of `connectors.errors`.
        """
        answer = self.send(step, call, scope, body, seconds, key=key)
        settings = self._settings
        try:
            return judge(call, settings.errors, answer, settings.answers, step)
        except OutcomeUnknown as error:
            if call.repeatable:
                raise again(error) from error
            raise

    def send(
        self,
        step: str,
        call: Call,
        scope: Mapping[str, Any],
        body: Body,
        seconds: float,
        *,
        key: str = "",
    ) -> HttpAnswer:
        """Send a call and return any answer; on 401 once again with another proof."""
        request = self._write(call, scope, body, key)
        answer = self._send(step, self._signer.sign(request), call, seconds)
        if answer.status == REFUSED and self._signer.refused():
            answer = self._send(step, self._signer.sign(request), call, seconds)
        return answer

    def follow(self, step: str, url: str, call: Call, seconds: float) -> HttpAnswer:
        """Get the address that a page's link names."""
        if not url.startswith((f"{self._base_url}/", f"{self._base_url}?")):
            why = f"a page of {step} links to an address that is not below base_url"
            raise Misconfigured(why, fingerprint=f"rest link elsewhere {step}")
        request = Outgoing(call.method, url, self._headers(call, {}, Body(), ""), None)
        answer = self._send(step, self._signer.sign(request), call, seconds)
        if answer.status == REFUSED and self._signer.refused():
            answer = self._send(step, self._signer.sign(request), call, seconds)
        return answer

    def judged(self, step: str, call: Call, answer: HttpAnswer) -> Answered:
        """Judge an answer by the rules of its call."""
        settings = self._settings
        return judge(call, settings.errors, answer, settings.answers, step)

    def tree(self, answer: HttpAnswer) -> Any:
        """Parse an answer; None for one that cannot be."""
        try:
            return parse(answer.body, self._settings.answers)
        except NotReadable:
            return None

    def _write(
        self, call: Call, scope: Mapping[str, Any], body: Body, key: str
    ) -> Outgoing:
        path = fill_path(call.path, scope)
        filled = {name: fill(text, scope) for name, text in call.query.items()}
        pairs = [(name, value) for name, value in filled.items() if value]
        query = urlencode([*pairs, *body.parameters])
        url = f"{self._base_url}{path}{'?' if query else ''}{query}"
        headers = self._headers(call, scope, body, key)
        return Outgoing(call.method, url, headers, body.content)

    def _headers(
        self, call: Call, scope: Mapping[str, Any], body: Body, key: str
    ) -> dict[str, str]:
        settings = self._settings
        headers = {"Accept": _KINDS[settings.answers]}
        if body.content is not None:
            headers["Content-Type"] = body.content_type
        if key and settings.key_header and call.method != "GET":
            headers[settings.key_header] = key
        headers |= settings.headers
        filled = {name: fill_header(t, scope) for name, t in call.headers.items()}
        return headers | {name: value for name, value in filled.items() if value}

    def _send(
        self, step: str, request: Outgoing, call: Call, seconds: float
    ) -> HttpAnswer:
        try:
            return self._client.call(
                request.method,
                request.url,
                request.headers,
                request.body,
                deadline_seconds=seconds,
                response_bytes_max=self._limits.response_bytes_max,
                step=step,
            )
        except OutcomeUnknown as error:
            if call.repeatable:
                raise again(error) from error
            raise


def kept(call: Call, answered: Answered) -> dict[str, Any]:
    """Return the variables that a call keeps of its answer.

    Raises OutcomeUnknown where one is not there.
    """
    found: dict[str, Any] = {}
    for name, place in call.keep.items():
        value = place.take(answered.tree, answered.answer.headers)
        if value is MISSING or value is None:
            why = f"answered without {place}, which is to be kept as {name}"
            fingerprint = f"rest nothing to keep as {name}"
            response = answered.answer.body
            raise OutcomeUnknown(why, fingerprint=fingerprint, response=response)
        found[name] = value
    return found


def again(error: OutcomeUnknown) -> Retryable:
    """Try again what only reads, or what may be done twice."""
    return Retryable(error.why, fingerprint=error.fingerprint, response=error.response)
