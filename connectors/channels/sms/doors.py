"""The doors that gateways call: a message in, a receipt in."""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from functools import partial

from connectors.channels.sms.config import Gateway, SmsConfig
from connectors.channels.sms.payload import PayloadError, read_payload
from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Receiptful,
    Take,
)
from connectors.protocols.problems import problem, unavailable
from schemas.raw import RawMessage

LANE = "intake.sms"
KIND, MESSAGE, RECEIPT = "kind", "message", "receipt"
BODY_BYTES_MAX = 100_000
RETRY_AFTER_SECONDS = 5
UNNAMED_HOURS = 1.0
"""So long the same words without id and time are the gateway's repetition."""
_PLAIN_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_MINUTE_CHARS = len("2026-11-24T10:00")


def doors(config: SmsConfig) -> Sequence[HttpDoor]:
    """Make two doors for each gateway."""
    return [
        HttpDoor(
            method="POST",
            path=f"/channels/sms/{name}{below}",
            read=partial(_read, name, gateway, kind),
            answer=_answer,
            unavailable=_unavailable,
            body_bytes_max=BODY_BYTES_MAX,
        )
        for name, gateway in config.gateways.items()
        for kind, below in ((MESSAGE, ""), (RECEIPT, "/receipts"))
    ]


def _read(
    name: str, gateway: Gateway, kind: str, request: HttpRequest
) -> Take | HttpResponse:
    """Check the secret; take whatever comes with it, readable or not.

    A gateway that is refused sends the same again, some of them for a day.
    """
    if not _may_come_in(gateway, request):
        return problem(
            401,
            "Unauthorized",
            "The secret is missing or wrong.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    declared = request.headers.get("content-type", "")
    key, named = _source_key(kind, request.body, declared)
    raw = RawMessage(
        source=f"sms:{name}",
        lane=LANE,
        source_key=key,
        body=request.body,
        content_type=_printable(declared)[:300] or "application/octet-stream",
        meta={KIND: kind, "line": gateway.line},
        spoolable=kind == MESSAGE,
        key_hours=None if named else UNNAMED_HOURS,
        expects_complaint=kind == MESSAGE,
    )
    return Take(raws=(raw,))


def _may_come_in(gateway: Gateway, request: HttpRequest) -> bool:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    wanted = gateway.secret.get_secret_value().encode()
    given = shown.strip().encode("utf-8", "replace")
    return hmac.compare_digest(given, wanted) and scheme.lower() == "bearer"


def _source_key(kind: str, body: bytes, content_type: str) -> tuple[str, bool]:
    """Name a message by the gateway's id, else by sender, text and minute.

    Also tells whether the name is the message's for ever: without id and time, the
    gateway's repetition and the citizen's own look the same.
    """
    prefix = "" if kind == MESSAGE else f"{kind}:"
    try:
        fields = read_payload(body, content_type)
    except PayloadError:
        return f"{prefix}raw:{hashlib.sha256(body).hexdigest()}", True
    if kind == RECEIPT:
        names = ("client_reference", "id", "state", "time")
        return prefix + _digest(*(fields.get(name, "") for name in names)), True
    given = fields.get("id", "").strip()
    if _PLAIN_KEY.fullmatch(given):
        return f"id:{given}", True
    if given:
        return _digest("id", given), True
    minute = fields.get("time", "")[:_MINUTE_CHARS]
    key = _digest(fields.get("from", ""), fields.get("text", ""), minute)
    return key, bool(minute)


def _digest(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(joined).hexdigest()}"


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isprintable())


def _answer(request: HttpRequest, receipts: Sequence[Receiptful]) -> HttpResponse:
    del request, receipts
    return HttpResponse(status=200, body=json.dumps({"status": "accepted"}).encode())


def _unavailable(request: HttpRequest) -> HttpResponse:
    del request
    return unavailable(RETRY_AFTER_SECONDS)
