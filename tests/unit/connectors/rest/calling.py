"""Calls with a short deadline, and servers for one connection."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.errors import OutcomeUnknown
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.client import HttpClient

DEADLINE_SECONDS = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


def post(client: HttpClient, url: str, **options: Any) -> HttpAnswer:
    chosen: dict[str, Any] = {
        "body": b"{}",
        "deadline_seconds": DEADLINE_SECONDS,
        "response_bytes_max": 1000,
        "step": "submit",
    } | options
    return client.call("POST", url, {}, **chosen)


def assert_cut(client: HttpClient, url: str, **options: Any) -> OutcomeUnknown:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown) as caught:
        post(client, url, **options)
    took = time.monotonic() - began

    assert took < DEADLINE_SECONDS + 1
    return caught.value


@contextmanager
def one_connection(act: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept one connection, do something with it, close it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)

    def run() -> None:
        connection, _ = listener.accept()
        connection.settimeout(5)
        with connection:
            act(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join()
        listener.close()
