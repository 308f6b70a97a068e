"""The door of attachments: an agency's officer fetches one by its signed link.

The link is the permission. Whatever is not a living link gets the same answer; what is
given is never shown by a browser as a page of ours, and kept by nobody on the way.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import quote

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hub import telemetry
from hub.ports import LinkedFile, LinkedFiles
from hub.web.problems import problem

AT_ONCE = 16
"""Downloads of one process at the same time; a slow one holds one part in memory."""
DOWNLOAD_SECONDS_MAX = 600.0
SHOWN_AS_IT_IS = frozenset(
    {
        *(f"image/{kind}" for kind in ("gif", "heic", "jpeg", "png", "webp")),
        *(f"audio/{kind}" for kind in ("aac", "amr", "mp4", "mpeg", "ogg", "wav")),
        *(f"video/{kind}" for kind in ("3gpp", "mp4", "mpeg", "quicktime", "webm")),
        "application/pdf",
    }
)
"""Media types that name no program; everything else is bytes. HTML, SVG and XML are
not among them: what a sender wrote must never run."""
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class FileDoor:
    """`GET /files/{token}`."""

    def __init__(self, files: LinkedFiles, may_have: Callable[[str], bool]) -> None:
        """`may_have` tells whether a party may see attachments by now."""
        self._files = files
        self._may_have = may_have
        self._running = 0

    def add_to(self, app: FastAPI) -> None:
        """Mount the door."""
        app.add_route("/files/{token}", self._give, methods=["GET"])

    async def _give(self, request: Request) -> Response:
        link = self._files.link(request.path_params["token"])
        if link is None:
            telemetry.file_fetches.labels(party="", outcome="no_link").inc()
            return problem(404, "there is no file at this address", headers=PRIVATE)
        if request.method != "GET":
            only = PRIVATE | {"Allow": "GET"}
            return problem(405, "a file is fetched by GET", headers=only)
        if self._running >= AT_ONCE:
            again = PRIVATE | {"Retry-After": "5"}
            return problem(503, "too many files are fetched just now", headers=again)
        file = None
        if self._may_have(link.party):
            file = await run_in_threadpool(self._files.open, link)
        outcome = "gone" if file is None else "given"
        telemetry.file_fetches.labels(party=link.party, outcome=outcome).inc()
        if file is None:
            why = "this link has ended; ask for the file by the complaint's number"
            return problem(410, why, headers=PRIVATE)
        return _Download(self._parts(file), file, self._run)

    @contextmanager
    def _run(self) -> Iterator[None]:
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _parts(self, file: LinkedFile) -> AsyncIterator[bytes]:
        for n in range(file.chunks):
            yield await run_in_threadpool(self._files.chunk, file, n)


class _Download(StreamingResponse):
    """Sends a file within a total time; a connection that is slower is cut."""

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        file: LinkedFile,
        running: Callable[[], AbstractContextManager[None]],
    ) -> None:
        super().__init__(parts, headers=_headers(file))
        self._running = running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._running():
                async with asyncio.timeout(DOWNLOAD_SECONDS_MAX):
                    await super().__call__(scope, receive, send)
        except TimeoutError:
            telemetry.log.warning("download_was_too_slow")


def _headers(file: LinkedFile) -> dict[str, str]:
    kind = file.media_type.partition(";")[0].strip().lower()
    return PRIVATE | {
        "Content-Type": kind if kind in SHOWN_AS_IT_IS else "application/octet-stream",
        "Content-Length": str(file.size_bytes),
        "Content-Disposition": disposition(file.name),
        "Accept-Ranges": "none",
    }


def disposition(name: str) -> str:
    """Name a download (RFC 6266): any name, without a way out of the header.

    Folders and control characters are left out of the name.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in last if c.isprintable()).strip(". ")[:150]
    clean = clean or "lampiran"
    plain = "".join(c if c.isascii() and c not in '"%;' else "_" for c in clean)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"
