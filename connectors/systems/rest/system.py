"""An agency's JSON API as a system of the hub."""

import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlencode

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Found,
    HttpDoor,
    NotFound,
    Skipped,
    System,
)
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.outcome import read_json, require_success
from connectors.systems.rest.attached import files_events_way, files_way, shows_files
from connectors.systems.rest.body import send_body, submit_body
from connectors.systems.rest.door import update_door
from connectors.systems.rest.fit import require_fit
from connectors.systems.rest.paths import pick
from connectors.systems.rest.reference import as_reference
from connectors.systems.rest.settings import Find, RestSettings
from connectors.systems.rest.updates import UpdateReader
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt

LookUp = Found | NotFound | CannotTell


class RestSystem(System):
    """Speaks to one agency's API; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: RestSettings,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = manifest.name
        self._limits = manifest.limits
        self._settings = settings
        self._client = HttpClient(tls)
        update = settings.update
        self._reader = UpdateReader(manifest, update) if update else None

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = RestSettings.model_validate(manifest.settings)
        require_fit(manifest, settings)
        return cls(manifest, settings)

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the manifest says that the agency's API can do."""
        send = self._settings.send
        return Capabilities(
            honours_key=self._settings.honours_key,
            finds=self._settings.find is not None,
            finds_events=self._settings.find_event is not None,
            sends=send is not None,
            coalesces=send is not None and bool(send.items),
            files=files_way(self._settings),
            files_events=files_events_way(self._settings),
            shows_files=shows_files(self._settings),
            pushes=self._settings.webhook is not None,
        )

    def submit(self, delivery: Delivery) -> Done:
        """Hand a complaint over; raises the errors of `connectors.errors`."""
        shape = self._settings.submit
        ends_at = time.monotonic() + self._limits.deadline_seconds
        body = submit_body(shape, delivery)
        answer = self._post("submit", shape.path, delivery.key, body)
        if answer.status == HTTPStatus.CONFLICT:
            return self._already_there("submit", delivery, answer, ends_at)
        _require_success(answer, "POST", "submit")
        parsed = read_json(answer, method="POST", step="submit")
        reference = as_reference(pick(parsed, shape.reference))
        if not reference:
            why = f"answered {answer.status} without a reference at {shape.reference}"
            fingerprint = f"http {answer.status} no reference POST submit"
            raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)
        return Done(reference=reference, response=answer.body)

    def send(self, delivery: Delivery) -> Done | Skipped:
        """Tell of later events; raises the errors of `connectors.errors`."""
        shape = self._settings.send
        if shape is None:
            return Skipped(why="the agency's API takes no later events")
        if len(delivery.events) != 1 and not shape.items:
            why = "the API takes one event a call"
            raise Refused(why, fingerprint="rest many events")
        ends_at = time.monotonic() + self._limits.deadline_seconds
        path = shape.path.replace("{reference}", quote(delivery.reference, safe=""))
        body = send_body(shape, delivery)
        answer = self._post("send", path, delivery.key, body)
        if answer.status == HTTPStatus.CONFLICT:
            return self._already_there("send", delivery, answer, ends_at)
        _require_success(answer, "POST", "send")
        if answer.body.strip():
            read_json(answer, method="POST", step="send")
        return Done(reference=delivery.reference, response=answer.body)

    def find(self, delivery: Delivery) -> LookUp:
        """Look a delivery up: an event where the case has a reference, else the case.

        Raises Retryable or Misconfigured; anything else unclear is CannotTell.
        """
        step = "send" if delivery.reference else "submit"
        try:
            return self._look_up(step, delivery, self._limits.deadline_seconds)
        except (OutcomeUnknown, Refused) as error:
            return CannotTell(why=f"the look-up {error.why}")

    def doors(self) -> Sequence[HttpDoor]:
        """Ways in for pushed updates: none where no webhook is declared."""
        webhook = self._settings.webhook
        return () if webhook is None else (update_door(self._name, webhook),)

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one message into bodies of single records; pure."""
        return () if self._reader is None else self._reader.split(entry.raw.body)

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Map one raw message to updates; pure; never raises for bad content."""
        if self._reader is None:
            why = "agency.toml has no [settings.update]: say which field is where"
            return [Corrupt(code="malformed", why=why)]
        return self._reader.read(entry.raw.body)

    def _already_there(
        self, step: str, delivery: Delivery, answer: HttpAnswer, ends_at: float
    ) -> Done:
        """Read a conflict: done if the look-up has it under our key, else refused."""
        if self._look(step) is not None:
            left = ends_at - time.monotonic()
            try:
                found = self._look_up(step, delivery, left)
            except (Retryable, OutcomeUnknown, Refused) as error:
                found = CannotTell(why=error.why)
            if isinstance(found, Found):
                return Done(reference=found.reference, response=answer.body)
            if isinstance(found, CannotTell):
                why = f"answered 409, and then: {found.why}"
                fingerprint = f"http 409 unclear POST {step}"
                raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer.body)
        _require_success(answer, "POST", step)
        msg = "a conflict is no success"
        raise AssertionError(msg)

    def _look(self, step: str) -> Find | None:
        return self._settings.find_event if step == "send" else self._settings.find

    def _look_up(self, step: str, delivery: Delivery, seconds: float) -> LookUp:
        look = self._look(step)
        if look is None:
            return CannotTell(why="agency.toml declares no look-up for this")
        name = f"find {step}"
        target = f"{look.path}?{urlencode({look.parameter: delivery.key})}"
        answer = self._call(name, "GET", target, {}, None, seconds)
        _require_success(answer, "GET", name)
        parsed = read_json(answer, method="GET", step=name)
        return _judge(look, pick(parsed, look.items), delivery)

    def _post(self, step: str, path: str, key: str, body: bytes) -> HttpAnswer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        seconds = self._limits.deadline_seconds
        return self._call(step, "POST", path, headers, body, seconds)

    def _call(
        self,
        step: str,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None,
        seconds: float,
    ) -> HttpAnswer:
        ours = {"Accept": "application/json", **self._settings.auth.headers()}
        return self._client.call(
            method,
            f"{self._settings.base_url}{target}",
            {**ours, **headers},
            body,
            deadline_seconds=seconds,
            response_bytes_max=self._limits.response_bytes_max,
            step=step,
        )


def _require_success(answer: HttpAnswer, method: str, step: str) -> None:
    require_success(answer, method=method, step=step, now=datetime.now(UTC))


def _judge(look: Find, items: Any, delivery: Delivery) -> LookUp:
    """Say what a list of findings means; several cases for one key are unclear."""
    if not isinstance(items, list):
        return CannotTell(why=f"the look-up has no list at {look.items or 'its top'}")
    if not items:
        return NotFound()
    if look.key:
        items = [item for item in items if pick(item, look.key) == delivery.key]
    if not look.reference and items:
        return Found(reference=delivery.reference)
    references = {as_reference(pick(item, look.reference)) for item in items}
    if len(references) != 1:
        return CannotTell(why="the look-up does not name exactly one case for our key")
    (reference,) = references
    if not reference:
        return CannotTell(why=f"the look-up has no reference at {look.reference}")
    return Found(reference=reference)
