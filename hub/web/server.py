"""A web server in a thread of this process."""

import socket
import threading
import time
from typing import Any

import uvicorn


class WebServer:
    """Serves one app; the port is known once it has started."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._host = host
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._wanted = port
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=3
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self.port = port

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://{self._host}:{self.port}"

    def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        self._socket.bind((self._host, self._wanted))
        self.port = self._socket.getsockname()[1]
        self._thread.start()
        until = time.monotonic() + 15
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                msg = "the web server did not start"
                raise OSError(msg)
            time.sleep(0.01)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Answer what is in flight, then stop."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(timeout=10)
        self._socket.close()
