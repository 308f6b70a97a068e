"""The way in for an agency's signed updates (Standard Webhooks)."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus

from standardwebhooks import Webhook, WebhookVerificationError

from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Receiptful,
    Take,
)
from connectors.protocols.problems import problem, unavailable
from connectors.systems.rest.settings import WebhookSettings
from schemas.raw import RawMessage

RETRY_AFTER_SECONDS = 10
ID_CHARACTERS_MAX = 200
CONTENT_TYPE_CHARACTERS_MAX = 300
KEPT_HEADERS = ("webhook-id", "webhook-timestamp")
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
"""HMAC-SHA256 in base64; the library stumbles over anything else."""


def update_door(agency: str, settings: WebhookSettings) -> HttpDoor:
    """Make the door that an agency's system calls with its updates."""
    secrets = [settings.secret, *filter(None, [settings.previous_secret])]
    webhooks = [Webhook(secret.get_secret_value()) for secret in secrets]

    def read(request: HttpRequest) -> Take | HttpResponse:
        if not is_signed(webhooks, request.body, request.headers):
            return _problem(HTTPStatus.UNAUTHORIZED, "The signature is not valid.")
        if not request.body.strip():
            return _problem(HTTPStatus.BAD_REQUEST, "The body is empty.")
        if len(request.headers["webhook-id"]) > ID_CHARACTERS_MAX:
            return _problem(HTTPStatus.BAD_REQUEST, "The webhook-id is too long.")
        return Take(raws=(_raw(agency, request),))

    return HttpDoor(
        method="POST",
        path=f"/agencies/{agency}/updates",
        read=read,
        answer=_accepted,
        unavailable=_unavailable,
    )


def is_signed(
    webhooks: Sequence[Webhook], body: bytes, headers: Mapping[str, str]
) -> bool:
    """Tell whether one signature fits one secret and is at most five minutes old."""
    signatures = _SIGNATURE.findall(headers.get("webhook-signature", ""))
    signed = {**headers, "webhook-signature": " ".join(signatures)}
    for webhook in webhooks:
        with suppress(WebhookVerificationError, ValueError):
            webhook.verify(body, signed, json_parse=False)
            return True
    return False


def _raw(agency: str, request: HttpRequest) -> RawMessage:
    declared = request.headers.get("content-type", "")[:CONTENT_TYPE_CHARACTERS_MAX]
    return RawMessage(
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        source_key=request.headers["webhook-id"],
        body=request.body,
        content_type=declared or "application/json",
        meta={name: request.headers[name] for name in KEPT_HEADERS},
        spoolable=False,
        expects_complaint=False,
    )


def _accepted(_: HttpRequest, __: Sequence[Receiptful]) -> HttpResponse:
    return HttpResponse(status=HTTPStatus.ACCEPTED, body=b'{"status": "accepted"}')


def _unavailable(_: HttpRequest) -> HttpResponse:
    return unavailable(RETRY_AFTER_SECONDS)


def _problem(status: HTTPStatus, detail: str) -> HttpResponse:
    return problem(status, status.phrase, detail)
