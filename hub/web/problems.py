"""problem+json (RFC 9457) for everything that this edge itself refuses."""

import json

from starlette.requests import Request
from starlette.responses import Response

RETRY_AFTER_SECONDS = 5
TITLES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    410: "Gone",
    413: "Too large",
    422: "Unprocessable",
    500: "Internal error",
    503: "Try again later",
}


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None
) -> Response:
    """Make a problem response; `detail` says what to do and holds no personal data."""
    body = {
        "type": f"/problems/{status}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    return Response(
        json.dumps(body),
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


async def on_http_error(request: Request, error: Exception) -> Response:
    """Turn the framework's errors into problems."""
    del request
    status = int(getattr(error, "status_code", 500))
    detail = str(getattr(error, "detail", "")) or TITLES.get(status, "Error")
    return problem(status, detail)


async def on_outage(request: Request, error: Exception) -> Response:
    """Answer while the database is away."""
    del request, error
    again = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(503, "the records cannot be read just now", headers=again)


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer an unexpected error without showing it."""
    del request, error
    return problem(500, "the hub failed on this request; it was logged")
