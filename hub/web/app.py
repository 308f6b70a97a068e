"""The app: mounted doors, tracking, health and metrics."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from connectors.contract import (
    AgencyConnector,
    Channel,
    HttpDoor,
    HttpRequest,
    HttpResponse,
)
from hub import telemetry
from hub.domain.identity import read_code
from hub.domain.notices import STANDARD, Wording
from hub.ports import CaseReader
from hub.stages.accept import Accept
from hub.web.doors import LiveDoors
from hub.web.files import FileDoor
from hub.web.health import Health, add_health
from hub.web.problems import on_crash, on_http_error, on_outage, problem
from hub.web.tracking import tracking_json
from schemas.raw import RawMessage

READ_AT_ONCE_BYTES = 65_536
"""A larger body is read by a thread, so that nobody waits for its sender."""
ACCEPT_SECONDS_MAX = 60.0
BODY_SECONDS_MAX = 60.0
"""Who is slower holds a connection for nothing."""


@dataclass(frozen=True)
class WebDoors:
    """Every HTTP way in."""

    doors: Sequence[HttpDoor]
    closed: Sequence[str] = ()
    """Agencies that cannot be used: their senders are told to come back."""

    @classmethod
    def of(
        cls,
        channels: Mapping[str, Channel],
        agencies: Mapping[str, AgencyConnector],
        closed: Sequence[str] = (),
    ) -> "WebDoors":
        """Collect the doors of channels and agencies."""
        found = [door for channel in channels.values() for door in channel.doors()]
        found += [door for a in agencies.values() for door in a.system.doors()]
        return cls(found, closed)


def build_app(
    doors: WebDoors,
    accept: Accept,
    queries: CaseReader,
    health: Health,
    wording: Wording = STANDARD,
    files: FileDoor | None = None,
) -> FastAPI:
    """Build the app. Doors authenticate themselves; the rest is public on purpose."""
    app = FastAPI(title="Simpul", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(ConnectionError, on_outage)
    app.add_exception_handler(Exception, on_crash)
    live = LiveDoors(lambda door: _endpoint(door, accept))
    live.replace(doors.doors, doors.closed)
    app.router.routes.append(live)
    app.state.doors = live
    _add_tracking(app, queries, wording)
    _add_version(app)
    if files is not None:
        files.add_to(app)
    add_health(app, health)
    return app


def _endpoint(
    door: HttpDoor, accept: Accept
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                body = await _read_body(request, door.body_bytes_max)
        except TimeoutError:
            return problem(408, f"a body must be here in {BODY_SECONDS_MAX:g} seconds")
        if body is None:
            return problem(413, f"at most {door.body_bytes_max} bytes are taken here")
        seen = HttpRequest(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers={k.lower(): v for k, v in request.headers.items()},
            body=body,
            remote=request.client.host if request.client else "",
        )
        if len(body) <= READ_AT_ONCE_BYTES:
            found = door.read(seen)
        else:
            found = await run_in_threadpool(door.read, seen)
        if isinstance(found, HttpResponse):
            return _response(found)
        return _response(await _pass(door, accept, seen, found.raws))

    return endpoint


async def _pass(
    door: HttpDoor, accept: Accept, seen: HttpRequest, raws: Sequence[RawMessage]
) -> HttpResponse:
    try:
        waiting = [asyncio.wrap_future(accept.soon(raw)) for raw in raws]
        async with asyncio.timeout(ACCEPT_SECONDS_MAX):
            receipts = await asyncio.gather(*waiting)
    except (ConnectionError, TimeoutError) as error:
        telemetry.log.warning("not_accepted", path=door.path, error=error)
        return door.unavailable(seen)
    for raw, receipt in zip(raws, receipts, strict=True):
        accept.note(raw, receipt)
    return door.answer(seen, receipts)


async def _read_body(request: Request, bytes_max: int) -> bytes | None:
    """Read a body piece by piece; None as soon as it is too large."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > bytes_max:
        return None
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > bytes_max:
                return None
            parts.append(part)
    except ClientDisconnect:
        return None
    return b"".join(parts)


def _response(answer: HttpResponse) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.content_type,
        headers=dict(answer.headers),
    )


def _add_tracking(app: FastAPI, queries: CaseReader, wording: Wording) -> None:
    async def track(request: Request) -> Response:
        code = read_code(request.path_params["code"])
        found = await run_in_threadpool(queries.case_by_code, code) if code else None
        if found is None:
            return problem(404, "no complaint has this code; check it and try again")
        shown = json.dumps(tracking_json(found, wording))
        return Response(shown, media_type="application/json")

    app.add_route("/api/v1/complaints/{code}", track, methods=["GET"])
    app.add_route("/t/{code}", track, methods=["GET"])


def _add_version(app: FastAPI) -> None:
    async def show_version(request: Request) -> Response:
        del request
        found = json.dumps({"name": "simpul", "version": version("simpul")})
        return Response(found, media_type="application/json")

    app.add_route("/version", show_version, methods=["GET"])
