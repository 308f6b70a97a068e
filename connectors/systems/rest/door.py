"""The way in for an agency's updates, each with the proof that it declares."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus

from connectors.contract import (
    HttpDoor,
    HttpRequest,
    HttpResponse,
    Receiptful,
    Take,
)
from connectors.protocols.problems import problem, unavailable
from connectors.systems.rest.coming_in import StandardWebhook, WebhookSettings
from connectors.systems.rest.proofs import proof_of
from schemas.raw import RawMessage

RETRY_AFTER_SECONDS = 10
ID_CHARACTERS_MAX = 200
CONTENT_TYPE_CHARACTERS_MAX = 300
KEPT_HEADERS = ("webhook-id", "webhook-timestamp")


def update_door(agency: str, settings: WebhookSettings) -> HttpDoor:
    """Make the door that an agency's system calls with its updates."""
    is_its_own = proof_of(settings)
    standard = isinstance(settings, StandardWebhook)
    id_header = "webhook-id" if standard else _id_header(settings)

    def read(request: HttpRequest) -> Take | HttpResponse:
        if not is_its_own(request):
            what = "The signature" if standard else "The proof of who calls"
            return _problem(HTTPStatus.UNAUTHORIZED, f"{what} is not valid.")
        if not request.body.strip():
            return _problem(HTTPStatus.BAD_REQUEST, "The body is empty.")
        message_id = request.headers.get(id_header, "") if id_header else ""
        if len(message_id) > ID_CHARACTERS_MAX:
            return _problem(HTTPStatus.BAD_REQUEST, f"The {id_header} is too long.")
        if id_header and not message_id:
            return _problem(HTTPStatus.BAD_REQUEST, f"The {id_header} is missing.")
        # Without an id of its own, equal bodies are one message.
        digest = hashlib.sha256(request.body).hexdigest()
        key = message_id or f"body:{digest}"
        return Take(raws=(_raw(agency, request, key),))

    return HttpDoor(
        method="POST",
        path=f"/agencies/{agency}/updates",
        read=read,
        answer=_accepted,
        unavailable=_unavailable,
    )


def _id_header(settings: WebhookSettings) -> str:
    return "" if isinstance(settings, StandardWebhook) else settings.id_header.lower()


def _raw(agency: str, request: HttpRequest, key: str) -> RawMessage:
    declared = request.headers.get("content-type", "")[:CONTENT_TYPE_CHARACTERS_MAX]
    headers = request.headers
    return RawMessage(
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        source_key=key,
        body=request.body,
        content_type=declared or "application/json",
        meta={name: headers[name] for name in KEPT_HEADERS if name in headers},
        spoolable=False,
        expects_complaint=False,
    )


def _accepted(_: HttpRequest, __: Sequence[Receiptful]) -> HttpResponse:
    return HttpResponse(status=HTTPStatus.ACCEPTED, body=b'{"status": "accepted"}')


def _unavailable(_: HttpRequest) -> HttpResponse:
    return unavailable(RETRY_AFTER_SECONDS)


def _problem(status: HTTPStatus, detail: str) -> HttpResponse:
    return problem(status, status.phrase, detail)
