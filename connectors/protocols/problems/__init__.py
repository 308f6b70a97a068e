"""Answers of doors that something is wrong: `application/problem+json` (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence

from connectors.contract import HttpResponse
from schemas.base import Model


class FieldError(Model):
    """What is wrong with one field; never repeats its value."""

    pointer: str
    """JSON pointer of the field (RFC 6901); empty for the whole document."""
    code: str
    detail: str


def problem(
    status: int,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Make a problem document; `errors` is left out where it is empty."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [error.model_dump() for error in errors]
    return HttpResponse(
        status=status,
        body=json.dumps(document).encode(),
        content_type="application/problem+json",
        headers=headers or {},
    )


def unavailable(retry_after_seconds: int) -> HttpResponse:
    """Say that nothing was stored and when to try again."""
    return problem(
        503,
        "Service unavailable",
        "The message could not be stored. Send it again later.",
        headers={"Retry-After": str(retry_after_seconds)},
    )
