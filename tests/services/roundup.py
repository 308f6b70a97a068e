"""A tracker of Roundup (https://www.roundup-tracker.org): a system nobody here wrote.

It is an agency's own system in the tests: issues by REST, ETags, dates without a zone.
"""

import configparser
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2

from tests.services.guard import Guard, Guarded
from tests.services.ports import free_ports
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

START_SECONDS_MAX = 60.0
CALL_SECONDS_MAX = 20.0
ADMIN = ("admin", "kata-sandi-admin")
HUB = ("simpul", "kata-sandi-simpul")
OFFICER = ("petugas", "kata-sandi-petugas")

# Its own server refuses to run as root; the application itself does not mind.
SERVE = """
import sys
from wsgiref.simple_server import make_server
from roundup.cgi.wsgi_handler import RequestDispatcher
application = RequestDispatcher(sys.argv[1])
make_server("127.0.0.1", int(sys.argv[2]), application).serve_forever()
"""

LAST_WORDS = 'kill -s KILL "$(cat "$1/pid")"'


class Roundup(Guarded):
    """A tracker of the classic template with two users: the hub, and an officer.

    Started on construction; raises NotStarted.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-roundup-"))
        self._home = self.folder / "tracker"
        (self._port,) = free_ports(1)
        self._guard = Guard(self.folder, LAST_WORDS)
        self._server: subprocess.Popen[bytes] | None = None
        try:
            self._install()
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """Where the tracker is, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Serve, with the port and the issues of before."""
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(self._home), str(self._port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(str(self._server.pid))
        if not wait_until(self._answers, START_SECONDS_MAX, give_up=self._is_gone):
            raise NotStarted((self.folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """End the server at once; the issues stay."""
        if self._server is not None:
            self._server.kill()
            self._server.wait(CALL_SECONDS_MAX)

    # what its people see and do

    def issues(self) -> list[dict[str, Any]]:
        """Every issue with title, status and messages, oldest first."""
        fields = "title,status,messages,activity,creator"
        found = self._get(f"/rest/data/issue?@fields={fields}&@verbose=2&@sort=id")
        return list(found["collection"])

    def message(self, number: str) -> str:
        """The text of one message."""
        return str(self._get(f"/rest/data/msg/{number}")["attributes"]["content"])

    def say(self, issue: str, status: str, text: str = "") -> None:
        """Let the officer set an issue's status, and write beside it."""
        path = f"/rest/data/issue/{issue}"
        change: dict[str, Any] = {"status": status}
        if text:
            body = {"content": text, "author": OFFICER[0]}
            number = self._call("POST", "/rest/data/msg", body)["id"]
            etag = self._get(path)["@etag"]
            note = {"messages": [number], "@op": "add"}
            self._call("PATCH", path, note, {"If-Match": etag})
        etag = self._get(path)["@etag"]
        self._call("PATCH", path, change, {"If-Match": etag})

    # making it

    def _install(self) -> None:
        self._admin("install", "classic", "anydbm")
        path = self._home / "config.ini"
        config = configparser.ConfigParser(interpolation=None)
        config.read(path, encoding="utf-8")
        config.set("tracker", "web", f"{self.url}/")
        config.set("mail", "domain", "tiket.example")
        config.set("mail", "host", "127.0.0.1")
        # What it would mail to its people is written to a file.
        config.set("mail", "debug", str(self.folder / "mail"))
        with path.open("w", encoding="utf-8") as file:
            config.write(file)
        self._admin("initialise", ADMIN[1])
        for name, password in (HUB, OFFICER):
            words = (f"username={name}", f"password={password}", "roles=User")
            address = f"address={name}@tiket.example"
            self._admin("create", "user", *words, address)

    def _admin(self, *words: str) -> None:
        program = [sys.executable, "-m", "roundup.scripts.roundup_admin"]
        answer = subprocess.run(
            [*program, "-i", str(self._home), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
        )
        if answer.returncode != 0:
            raise NotStarted(answer.stdout + answer.stderr)

    # speaking to it

    def _is_gone(self) -> bool:
        return self._server is None or self._server.poll() is not None

    def _answers(self) -> bool:
        try:
            self._get("/rest/data/status")
        except httpx2.TransportError:
            return False
        return True

    def _get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path)

    def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = httpx2.request(
            method,
            f"{self.url}{path}",
            json=body,
            auth=OFFICER,
            headers={
                "Origin": self.url,
                "X-Requested-With": "rest",
                **(headers or {}),
            },
            timeout=CALL_SECONDS_MAX,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["data"]
        return found
