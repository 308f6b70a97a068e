"""The HTTP ways in, replaced while the server runs when an agency is switched."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from connectors.contract import HttpDoor
from hub.web.problems import problem

CLOSED_METHODS = ("GET", "POST", "PUT", "PATCH")
CLOSED_RETRY_SECONDS = 60
_FOUND = "simpul.door"

Endpoint = Callable[[Request], Any]


class LiveDoors(BaseRoute):
    """One place in the app's routes that stands for all doors of the moment."""

    def __init__(self, endpoint: Callable[[HttpDoor], Endpoint]) -> None:
        self._endpoint = endpoint
        self._routes: Sequence[Route] = ()

    def replace(self, doors: Iterable[HttpDoor], closed: Iterable[str] = ()) -> None:
        """Open these doors and no others, in one moment.

        Agencies that are `closed` for a time are told to come back: their senders
        keep what they have.
        """
        routes = [
            Route(door.path, self._endpoint(door), methods=[door.method])
            for door in doors
        ]
        routes += [
            Route(f"/agencies/{name}/{{rest:path}}", _closed, methods=CLOSED_METHODS)
            for name in closed
        ]
        self._routes = routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the door; one with another method is a partial match, as everywhere."""
        best: tuple[Match, Scope] = (Match.NONE, {})
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, {**child, _FOUND: route}
            if match is Match.PARTIAL and best[0] is Match.NONE:
                best = (match, {**child, _FOUND: route})
        return best

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request through the door that was found."""
        await scope[_FOUND].handle(scope, receive, send)


async def _closed(request: Request) -> Response:
    del request
    why = "this agency cannot be reached just now; keep the update and send it again"
    return problem(503, why, headers={"Retry-After": str(CLOSED_RETRY_SECONDS)})
