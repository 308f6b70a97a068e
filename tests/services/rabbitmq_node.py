"""One RabbitMQ node of our own: its folder, its ports, its processes.

It shares nothing with other nodes of the machine, not even the name server of Erlang
(epmd) or the secret between nodes (cookie), and runs for any user.
"""

import contextlib
import os
import resource
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.services.guard import Guard
from tests.services.ports import free_ports
from tests.services.rabbitmq_programs import Programs
from tests.services.server import NotStarted
from tests.services.waiting import wait_until

START_SECONDS_MAX = 60.0
CONTROL_SECONDS_MAX = 60.0

# With a thousand open files a node of some hundred queues accepts connections and
# then leaves them hanging, without a word in its log.
OPEN_FILES_MIN = 20_000
OPEN_FILES_WANTED = 65_536

SETTINGS = {
    "log.file": "false",
    "log.console": "true",
    "log.console.level": "info",
    "disk_free_limit.absolute": "50MB",
    # Counts of the management interface become true after this long.
    "collect_statistics_interval": "1000",
}
# Two schedulers, neither of which burns a processor while it waits for work.
ERLANG_ARGUMENTS = (
    "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
    "-kernel inet_dist_use_interface {127,0,0,1}"
)

# Each program leads a process group and has written its number down ($1) before it
# can start anything that would have to be found again.
LAUNCH = 'echo $$ >"$1"; ulimit -S -n "$2"; shift 2; exec "$@"'
KILL_GROUPS = 'for file in "$1"/run/*; do kill -s KILL -- "-$(cat "$file")"; done'

AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
STARTED = b"Server startup complete"


class Node:
    """A node that is started on construction and may be killed and started again.

    Raises NotStarted when it does not come up.
    """

    host = "127.0.0.1"

    def __init__(self, programs: Programs, settings: Mapping[str, str]) -> None:
        self._programs = programs
        self._open_files = _open_files()
        self.port, self.management_port, *ports_inside = free_ports(4)
        self._name = f"simpul{secrets.token_hex(4)}@localhost"
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-rabbitmq-"))
        self._guard = Guard(self.folder, KILL_GROUPS)
        self._environment = _environment(self.folder, self._name, *ports_inside)
        self._name_server: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        try:
            self._write_files(settings)
            self._start_name_server(ports_inside[0])
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def is_running(self) -> bool:
        """Whether the node's process is there, suspended or not."""
        return self._node is not None and self._node.poll() is None

    def start(self) -> None:
        """Start with the files and ports of before; return when clients are served.

        Ends waiting at once when the node dies.
        """
        log = self.folder / "log"
        bytes_before = log.stat().st_size
        self._node = self._launch("node", self._programs.server)

        def serves() -> bool:
            said = log.read_bytes()[bytes_before:]
            return STARTED in said and answers_amqp(self.host, self.port)

        if not wait_until(
            serves, START_SECONDS_MAX, give_up=lambda: not self.is_running
        ):
            self.kill()
            raise self._not_started()

    def kill(self) -> None:
        """End all processes of the node at once; a second call does nothing."""
        if self._node is None:
            return
        self._signal(signal.SIGKILL)
        self._node.wait(CONTROL_SECONDS_MAX)
        self._node = None
        # The number may be another program's soon.
        (self.folder / "run" / "node").unlink()

    def suspend(self) -> None:
        """Stop all processes of the node where they are."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended node go on."""
        self._signal(signal.SIGCONT)

    def control(self, *arguments: str) -> None:
        """Have `rabbitmqctl` do something; takes half a second or more."""
        subprocess.run(
            [self._programs.control, "--node", self._name, *arguments],
            env=self._environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=CONTROL_SECONDS_MAX,
        )

    def remove(self) -> None:
        """End everything and remove the folder; a second call does nothing."""
        self._guard.dismiss()
        for process in (self._node, self._name_server):
            if process is not None:
                process.wait(CONTROL_SECONDS_MAX)
        self._guard.wait()

    def _write_files(self, settings: Mapping[str, str]) -> None:
        (self.folder / "run").mkdir()
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        lines = {
            "listeners.tcp.1": f"{self.host}:{self.port}",
            "management.tcp.ip": self.host,
            "management.tcp.port": str(self.management_port),
            **SETTINGS,
            **settings,
        }
        text = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (self.folder / "rabbitmq.conf").write_text(text)

    def _start_name_server(self, port: int) -> None:
        # The node would start one that leaves its process group and outlives it.
        options = ("-port", str(port), "-address", self.host)
        process = self._launch("epmd", self._programs.epmd, *options)
        self._name_server = process
        if not wait_until(
            lambda: _listens(self.host, port),
            START_SECONDS_MAX,
            give_up=lambda: process.poll() is not None,
        ):
            raise self._not_started()

    def _launch(
        self, name: str, program: Path, *options: str
    ) -> subprocess.Popen[bytes]:
        written_down = str(self.folder / "run" / name)
        launch = ["sh", "-c", LAUNCH, "sh", written_down, str(self._open_files)]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*launch, str(program), *options],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _signal(self, number: signal.Signals) -> None:
        # The group lives on while a member does, even when its leader has ended.
        if self._node is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._node.pid, number)

    def _not_started(self) -> NotStarted:
        return NotStarted((self.folder / "log").read_text(errors="replace"))


def answers_amqp(host: str, port: int) -> bool:
    """Say whether a broker serves clients there."""
    with contextlib.suppress(OSError), _connect(host, port) as client:
        client.sendall(AMQP_GREETING)
        return bool(client.recv(8))
    return False


def _listens(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), _connect(host, port):
        return True
    return False


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=5)


def _open_files() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return OPEN_FILES_WANTED
    if hard < OPEN_FILES_MIN:
        text = (
            f"RabbitMQ needs {OPEN_FILES_MIN} open files and the limit here is {hard};"
            f" type `sudo prlimit --nofile={OPEN_FILES_MIN} --pid $$` in your shell"
        )
        raise NotStarted(text)
    return min(hard, OPEN_FILES_WANTED)


def _environment(
    folder: Path, name: str, name_server_port: int, distribution_port: int
) -> dict[str, str]:
    inherited = ("RABBITMQ_", "ERL_")
    kept = {key: os.environ[key] for key in os.environ if not key.startswith(inherited)}
    return {
        **kept,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(name_server_port),
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
    }
