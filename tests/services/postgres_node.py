"""One PostgreSQL server of our own: its folder, its port, its processes."""

import contextlib
import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypedDict

import psycopg

from tests.services.guard import Guard
from tests.services.ports import free_ports
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

SUPERUSER = "hub"
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "300",
    # Keeps in the folder what a killed server would leave in /dev/shm.
    "dynamic_shared_memory_type": "mmap",
}

# Written before the server can have started anything; gone with kill().
LAUNCH = 'echo $$ >"$1"; shift; exec "$@"'

# Wakes the server and its children, asks it to end, waits five seconds, insists. The
# small segment of shared memory that a killed server leaves is named in a file.
STOP = """
pid=$(cat "$1/run/server") && {
    kill -s CONT "$pid" $(ps -A -o pid=,ppid= | awk -v of="$pid" '$2 == of {print $1}')
    kill -s INT "$pid"
    turns=0
    while [ -e "$1/data/postmaster.pid" ] && [ "$turns" -lt 100 ]; do
        sleep 0.05
        turns=$((turns + 1))
    done
    [ ! -e "$1/data/postmaster.pid" ] || kill -s QUIT "$pid"
}
[ ! -e "$1/data/postmaster.pid" ] ||
    ipcrm -m "$(awk 'NR == 7 {print $2}' "$1/data/postmaster.pid")"
"""


class _RunAs(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class Node:
    """A server that is started on construction and may be killed and started again.

    Raises NotStarted when it does not come up.
    """

    host = "127.0.0.1"

    def __init__(self, programs: Path, settings: Mapping[str, str]) -> None:
        self._programs = programs
        (self.port,) = free_ports(1)
        self._settings = {"port": str(self.port), **SETTINGS, **settings}
        self._run_as = _run_as()
        self._server: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-postgres-"))
        self._guard = Guard(self.folder, STOP)
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the server's process is there, suspended or not."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Start with the files and port of before; return when clients are served.

        Ends waiting at once when the server dies.
        """
        self._server = self._launch()
        if not wait_until(
            lambda: answers_postgres(self.host, self.port),
            START_SECONDS_MAX,
            give_up=lambda: not self.is_running,
        ):
            self.kill()
            raise NotStarted((self.folder / "log").read_text(errors="replace"))

    def kill(self) -> None:
        """End the server and all its children at once; a second call does nothing."""
        self._wait_for_the_end_of(self._signal(signal.SIGKILL))

    def quit(self) -> None:
        """Have the server end without tidying up; a second call does nothing."""
        children = self._signal(signal.SIGCONT)
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
        self._wait_for_the_end_of(children)

    def suspend(self) -> None:
        """Stop the server and all its children where they are."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended server go on."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """End the server and remove its folder; a second call does nothing."""
        self._guard.dismiss()
        if self._server is not None:
            self._server.wait(STOP_SECONDS_MAX)
        self._guard.wait()

    def _initialise(self) -> None:
        (self.folder / "run").mkdir()
        if self._run_as:
            for folder in (self.folder, self.folder / "run"):
                os.chown(folder, self._run_as["user"], self._run_as["group"])
        options = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        answer = subprocess.run(
            [self._programs / "initdb", "-D", "data", "-U", SUPERUSER, *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=_environment(self.folder),
            **self._run_as,
        )
        if answer.returncode != 0:
            raise NotStarted(answer.stdout + answer.stderr)

    def _launch(self) -> subprocess.Popen[bytes]:
        options = [
            part for item in self._settings.items() for part in ("-c", "=".join(item))
        ]
        launch = ["sh", "-c", LAUNCH, "sh", str(self.folder / "run" / "server")]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*launch, str(self._programs / "postgres"), "-D", "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=_environment(self.folder),
                # Ctrl-C is for the tests; the server has to outlive their clean-up.
                start_new_session=True,
                **self._run_as,
            )

    def _wait_for_the_end_of(self, children: list[int]) -> None:
        if self._server is None:
            return
        self._server.wait(STOP_SECONDS_MAX)
        # A new server refuses to start while a child of the old one holds its memory.
        wait_until(lambda: not _living(children), STOP_SECONDS_MAX)
        self._server = None
        # The number may be another program's soon.
        (self.folder / "run" / "server").unlink()

    def _signal(self, number: signal.Signals) -> list[int]:
        """Send a signal to the server and its children; return the children.

        The server stands still meanwhile, so that no child is overlooked; a child leads
        a process group of its own.
        """
        if self._server is None or not self.is_running:
            return []
        server = self._server.pid
        os.kill(server, signal.SIGSTOP)
        children = _children(server)
        for process in (*children, server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        if number is not signal.SIGSTOP:
            os.kill(server, signal.SIGCONT)
        return children


def answers_postgres(host: str, port: int) -> bool:
    """Say whether a server lets our superuser in there."""
    with (
        contextlib.suppress(psycopg.OperationalError),
        psycopg.connect(
            host=host,
            port=port,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=5,
        ),
    ):
        return True
    return False


def _children(of: int) -> list[int]:
    return [process for process, parent, _ in _processes() if parent == of]


def _living(among: Iterable[int]) -> set[int]:
    # A zombie is still listed, but holds nothing any more.
    living = {pid for pid, _, state in _processes() if not state.startswith("Z")}
    return living.intersection(among)


def _processes() -> list[tuple[int, int, str]]:
    answer = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split() for line in answer.stdout.splitlines())
    return [(int(pid), int(parent), state) for pid, parent, state in rows]


def _run_as() -> _RunAs:
    """PostgreSQL refuses to run as root, so root lends it another user."""
    if os.getuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment(folder: Path) -> dict[str, str]:
    kept = {key: os.environ[key] for key in os.environ if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "HOME": str(folder)}
