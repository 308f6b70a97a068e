"""The web channel: doors, normalising; citizens are told on the tracking page."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self

import phonenumbers
from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.channels.web.body import WebComplaint, WebReply, check
from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Item,
    Listener,
    New,
    Receiptful,
    Reply,
    Take,
    Target,
    Unreadable,
)
from connectors.protocols.problems import problem
from schemas.raw import JournalEntry, RawMessage

BODY_BYTES_MAX = 1_000_000
COMPLAINTS = "/api/v1/complaints"
REPLIES = "/api/v1/complaints/{code}/replies"
KEY_HOURS = 72.0
_KEY = re.compile(r"[\x21-\x7e]{8,255}")
_CODE = re.compile(r"^/api/v1/complaints/([^/]+)/replies$")
CLIENT = "public"
"""Anybody may complain: this API is public on purpose."""


class WebConfig(BaseModel):
    """`[channels.web]`: nothing to set yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WebChannel:
    """Implements `connectors.contract.Channel`."""

    name = "web"
    isolated = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the channel; raises ValidationError for unknown settings."""
        WebConfig.model_validate(dict(config))
        return cls()

    def doors(self) -> Sequence[HttpDoor]:
        """HTTP ways in."""
        return (
            HttpDoor(
                "POST", COMPLAINTS, _read_complaint, _answer, _away, BODY_BYTES_MAX
            ),
            HttpDoor(
                "POST", REPLIES, _read_reply, _answer_reply, _away, BODY_BYTES_MAX
            ),
        )

    def listeners(self) -> Sequence[Listener]:
        """No other ways in."""
        return ()

    def way_back(self) -> Target | None:
        """The tracking page tells; nothing is sent."""
        return None

    def normalise(self, entry: JournalEntry) -> Sequence[Item]:
        """Read one raw request; pure."""
        raw = entry.raw
        try:
            if raw.meta.get("route") == REPLIES:
                reply = WebReply.model_validate_json(raw.body)
                return (
                    Reply(
                        code=raw.meta.get("code", ""),
                        text=reply.text,
                        contact_kind="code",
                        contact="",
                        carrier="code",
                    ),
                )
            found = WebComplaint.model_validate_json(raw.body)
        except ValidationError:
            return (Unreadable(why="the request does not fit this version's fields"),)
        return (New(complaint=found.canonical(_e164(found.reporter.phone))),)


def _e164(phone: str) -> str:
    try:
        number = phonenumbers.parse(phone, "ID")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read_complaint(request: HttpRequest) -> Take | HttpResponse:
    return _read(request, WebComplaint, COMPLAINTS, "", expects_complaint=True)


def _read_reply(request: HttpRequest) -> Take | HttpResponse:
    match = _CODE.match(request.path)
    code = match.group(1) if match else ""
    return _read(request, WebReply, REPLIES, code, expects_complaint=False)


def _read(
    request: HttpRequest,
    model: type[BaseModel],
    route: str,
    code: str,
    *,
    expects_complaint: bool,
) -> Take | HttpResponse:
    declared = request.headers.get("content-type", "").partition(";")[0].strip()
    if declared != "application/json":
        return problem(415, "Unsupported media type", "send application/json")
    key = request.headers.get("idempotency-key", "").strip().strip('"')
    if not _KEY.fullmatch(key):
        detail = (
            "send an Idempotency-Key of 8 to 255 visible characters, new per message"
        )
        return problem(400, "Bad request", detail)
    found = check(model, request.body)
    if isinstance(found, HttpResponse):
        return found
    raw = RawMessage(
        source="web",
        lane="intake.web",
        source_key=f"{CLIENT}:{route}:{code}:{key}",
        body=request.body,
        content_type=declared,
        meta={"route": route, "code": code},
        spoolable=True,
        revisable=False,
        key_hours=KEY_HOURS,
        expects_complaint=expects_complaint,
    )
    return Take(raws=(raw,))


def _answer(request: HttpRequest, receipts: Sequence[Receiptful]) -> HttpResponse:
    del request
    receipt = receipts[0]
    if receipt.state == "revised":
        return _other_body()
    status_url = f"/t/{receipt.code}"
    body = {
        "code": receipt.code,
        "public_number": receipt.public_number,
        "status_url": status_url,
    }
    return HttpResponse(
        status=202,
        body=json.dumps(body).encode(),
        headers={"Location": f"{COMPLAINTS}/{receipt.code}"},
    )


def _answer_reply(request: HttpRequest, receipts: Sequence[Receiptful]) -> HttpResponse:
    del request
    if receipts[0].state == "revised":
        return _other_body()
    return HttpResponse(status=202, body=b'{"status": "accepted"}')


def _other_body() -> HttpResponse:
    detail = "this Idempotency-Key was used with another body; send a new key"
    return problem(422, "Unprocessable", detail)


def _away(request: HttpRequest) -> HttpResponse:
    del request
    detail = "nothing was stored; send the same request again"
    return problem(503, "Try again later", detail, headers={"Retry-After": "5"})
