"""Health and metrics of one process; public on purpose, holds no personal data."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub import telemetry

BUSY_SECONDS_MAX = 300.0
"""A batch that runs longer hangs."""


class _Publishing(Protocol):
    connected: bool


class _Consuming(Protocol):
    connected: bool

    def busy_seconds(self) -> float: ...


@dataclass(frozen=True)
class Health:
    """Asks the parts of a process whether they are in contact."""

    ping: Callable[[], None]
    publisher: _Publishing
    consumer: _Consuming

    def troubles(self) -> list[str]:
        """Name what is wrong now; empty when all is well."""
        found = []
        try:
            self.ping()
        except ConnectionError:
            found.append("the database cannot be reached")
        if not (self.publisher.connected and self.consumer.connected):
            found.append("the broker cannot be reached")
        if self.consumer.busy_seconds() > BUSY_SECONDS_MAX:
            found.append(f"a batch runs for more than {BUSY_SECONDS_MAX:g} s")
        return found


def add_health(app: FastAPI, health: Health) -> None:
    """Add /livez, /readyz, /healthz and /metrics.

    `livez` says that the process answers; `readyz` that it may be sent requests:
    accepting needs the database only; `healthz` that all of it is in contact.
    """

    async def live(request: Request) -> Response:
        del request
        return _answer("live", [])

    async def ready(request: Request) -> Response:
        del request
        found = await run_in_threadpool(health.troubles)
        return _answer("ready", [one for one in found if "database" in one])

    async def healthy(request: Request) -> Response:
        del request
        return _answer("healthy", await run_in_threadpool(health.troubles))

    async def metrics(request: Request) -> Response:
        del request
        content = generate_latest(telemetry.REGISTRY)
        return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    for path, handler in (
        ("/livez", live),
        ("/readyz", ready),
        ("/healthz", healthy),
        ("/metrics", metrics),
    ):
        app.add_route(path, handler, methods=["GET"])


def build_health_app(health: Health) -> FastAPI:
    """Build the app of a process without other doors."""
    app = FastAPI(title="Simpul", docs_url=None, redoc_url=None, openapi_url=None)
    add_health(app, health)
    return app


def _answer(status: str, troubles: list[str]) -> Response:
    if troubles:
        body = {"status": f"not {status}", "detail": "; ".join(troubles)}
        return Response(
            json.dumps(body),
            status_code=503,
            media_type="application/json",
            headers={"Retry-After": "5"},
        )
    return Response(json.dumps({"status": status}), media_type="application/json")
