"""The two doors of the API: a complaint in, a reply in."""

import json
import re
from collections.abc import Sequence
from urllib.parse import unquote

from connectors.channels.web.body import WebComplaint, WebReply
from connectors.channels.web.checking import check
from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Receiptful,
    Take,
)
from connectors.protocols.problems import problem, unavailable
from schemas.base import Model
from schemas.raw import RawMessage

COMPLAINTS = "/api/v1/complaints"
REPLIES = "/api/v1/complaints/{code}/replies"
ROUTE, CODE = "route", "code"
CLIENT = "public"
"""Anybody may complain: this API is public on purpose."""
BODY_BYTES_MAX = 1_000_000
KEY_HOURS = 72.0
RETRY_AFTER_SECONDS = 5

_KEY = re.compile(r"[\x21-\x7e]{8,255}")
_CODE_SEGMENT = re.compile(r"/api/v1/complaints/([^/]+)/replies/?")
_BARE_CODE = re.compile(r"[0-9A-Z]{9}")


def doors() -> Sequence[HttpDoor]:
    """Make the doors."""
    return (
        HttpDoor(
            "POST",
            COMPLAINTS,
            _read_complaint,
            _answer_complaint,
            _unavailable,
            BODY_BYTES_MAX,
        ),
        HttpDoor(
            "POST", REPLIES, _read_reply, _answer_reply, _unavailable, BODY_BYTES_MAX
        ),
    )


def _read_complaint(request: HttpRequest) -> Take | HttpResponse:
    return _read(request, WebComplaint, COMPLAINTS, "")


def _read_reply(request: HttpRequest) -> Take | HttpResponse:
    code = _code_of(request)
    if not _BARE_CODE.fullmatch(_bare(code)):
        return problem(404, "Not found", "There is no complaint with this code.")
    return _read(request, WebReply, REPLIES, code)


def _read(
    request: HttpRequest, model: type[Model], route: str, code: str
) -> Take | HttpResponse:
    declared = request.headers.get("content-type", "")
    media_type = declared.partition(";")[0].strip().lower()
    if media_type != "application/json":
        return problem(415, "Unsupported media type", "Send application/json.")
    key = _idempotency_key(request)
    if not _KEY.fullmatch(key):
        detail = (
            "Send an Idempotency-Key of 8 to 255 visible characters: a new one for "
            "each message, the same for its repetitions."
        )
        return problem(400, "Bad request", detail)
    found = check(model, request.body)
    if isinstance(found, HttpResponse):
        return found
    raw = RawMessage(
        source="web",
        lane="intake.web",
        source_key=f"{CLIENT}:{route}:{_bare(code)}:{key}",
        body=request.body,
        content_type=media_type,
        meta={ROUTE: route, CODE: code},
        spoolable=True,
        revisable=False,
        key_hours=KEY_HOURS,
        expects_complaint=route == COMPLAINTS,
    )
    return Take(raws=(raw,))


def _idempotency_key(request: HttpRequest) -> str:
    """Read the key, bare or as a structured string with quotes (RFC 8941)."""
    key = request.headers.get("idempotency-key", "").strip()
    quoted = len(key) > 1 and key[0] == key[-1] == '"'
    return key[1:-1] if quoted else key


def _code_of(request: HttpRequest) -> str:
    """Take the code out of the path, as the citizen typed it."""
    match = _CODE_SEGMENT.fullmatch(request.path)
    return unquote(match[1]).strip()[:60] if match else ""


def _bare(code: str) -> str:
    return re.sub(r"[\s_-]", "", code).upper()


def _answer_complaint(
    request: HttpRequest, receipts: Sequence[Receiptful]
) -> HttpResponse:
    del request
    receipt = receipts[0]
    if receipt.state == "revised":
        return _other_body()
    body = {
        "code": receipt.code,
        "public_number": receipt.public_number,
        "status_url": f"/t/{receipt.code}",
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
    detail = "This Idempotency-Key was used with another body; send a new key."
    return problem(422, "Unprocessable", detail)


def _unavailable(request: HttpRequest) -> HttpResponse:
    del request
    return unavailable(RETRY_AFTER_SECONDS)
