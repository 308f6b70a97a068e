"""The hub as its operator runs it: several processes, started again when they die."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hub.cli.play import short_agencies
from hub.simulator.ports import free_port
from hub.simulator.region import SimulatedRegion

DOORS = "web,mail"
PRODUCTION = (
    DOORS,
    "intake,updates",
    "intake,updates",
    "deliver",
    "deliver",
    "poll",
    "schedule",
)
"""The roles of each process."""
EMBEDDED = ("",)
"""One process with every role."""
STOP_SECONDS_MAX = 40
READY_SECONDS_MAX = 30


def channels(region: SimulatedRegion, smtp_port: int) -> dict[str, object]:
    """The tables of all three channels, with short deadlines."""
    email = {
        "domain": "simpul.example",
        "relay": region.mail.address,
        "listen_port": smtp_port,
        "deadline_seconds": 5,
    }
    gateway = {
        "secret": "env:SIMPUL_SMS_SECRET",
        "send_url": "env:SIMPUL_SMS_SEND_URL",
        "send_secret": "env:SIMPUL_SMS_SEND_SECRET",
        "line": "1708",
        "deadline_seconds": 3,
    }
    return {"web": {}, "email": email, "sms": {"gateways": {"gateway": gateway}}}


class Worker:
    """One process that is started again whenever it ends."""

    def __init__(
        self, roles: str, environment: Mapping[str, str], log: Path, *, port: int
    ) -> None:
        self.roles = roles
        self._environment = dict(environment)
        self._log = log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        """Start it."""
        only = ["--only", self.roles] if self.roles else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hub", "run", *only],
                env={
                    **self._environment,
                    "SIMPUL_SERVER__METRICS_PORT": str(self._port),
                },
                stdout=log,
                stderr=log,
            )
        self.starts += 1

    @property
    def is_running(self) -> bool:
        """Tell whether it runs, or is stopped by SIGSTOP."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing when it is dead already."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    @property
    def is_ready(self) -> bool:
        """Tell whether its metrics page, which comes last, is there."""
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def end(self) -> int:
        """Ask it to stop and wait; returns the exit code, -9 if it had to be killed."""
        if self._process is None:
            return 0
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(10)


class Fleet:
    """All processes of one hub, and the supervisor that keeps them running."""

    def __init__(
        self,
        folder: Path,
        region: SimulatedRegion,
        processes: Sequence[str],
        settings: Mapping[str, str],
    ) -> None:
        http, smtp = free_port(), free_port()
        self.faults = folder / "faults"
        self.faults.mkdir()
        self.log = folder / "hub.log"
        self.settings = {
            "SIMPUL_DATA_DIR": str(folder / "data"),
            "SIMPUL_AGENCIES_DIR": str(short_agencies(folder / "agencies")),
            "SIMPUL_SERVER__PORT": str(http),
            "SIMPUL_LOG_LEVEL": "WARNING",
            # Updates of a held hand-over stay orphans: let them show soon.
            "SIMPUL_WORK__ORPHAN_WAITS_SECONDS": "[1, 2, 4]",
            # What a killed process could not hint is found soon, not in a minute.
            "SIMPUL_WORK__REHINT_SECONDS": "4",
            "SIMPUL_WORK__LEASE_SLACK_SECONDS": "1",
            "SIMPUL_BROKER__HEARTBEAT_SECONDS": "5",
            "SIMPUL_BROKER__CONFIRM_SECONDS": "5",
            # Whatever the hour: who waits for the morning would be a missing notice.
            "SIMPUL_NOTICES__EMAIL__BURST_SECONDS": "0",
            "SIMPUL_NOTICES__SMS__BURST_SECONDS": "0",
            "SIMPUL_NOTICES__SMS__QUIET_HOURS": "",
            "SIMPUL_CHANNELS": json.dumps(channels(region, smtp)),
            **settings,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SIMPUL_")}
        self.environment = {
            **inherited,
            **region.environment(),
            **self.settings,
            "SIMPUL_FAULTS": str(self.faults),
        }
        self.workers = [
            Worker(roles, self.environment, self.log, port=free_port())
            for roles in processes
        ]
        self._stop = threading.Event()
        self._restarting = threading.Lock()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        region.connect(f"http://127.0.0.1:{http}", f"127.0.0.1:{smtp}")

    def command(self, *arguments: str) -> None:
        """Run one `simpul` command with the fleet's settings; raises when it fails."""
        environment = {
            k: v for k, v in self.environment.items() if k != "SIMPUL_FAULTS"
        }
        subprocess.run(
            [sys.executable, "-m", "hub", *arguments],
            env=environment,
            check=True,
            capture_output=True,
            timeout=60,
        )

    def start(self) -> None:
        """Start every process and the supervisor."""
        for worker in self.workers:
            worker.start()
        self._supervisor.start()

    def stop(self) -> list[int]:
        """End every process; returns their exit codes."""
        self._stop.set()
        if self._supervisor.ident is not None:
            self._supervisor.join(10)
        return [worker.end() for worker in self.workers]

    def rolling_restart(self) -> list[int]:
        """Restart one process after the other; returns their exit codes.

        As an operator's tools do, it goes on when the last one is ready.
        """
        found = []
        for worker in self.workers:
            with self._restarting:
                found.append(worker.end())
                worker.start()
                wait_for(lambda: worker.is_ready, READY_SECONDS_MAX)  # noqa: B023 - called at once
        return found

    def kill(self, worker: Worker) -> None:
        """Kill a process; the supervisor starts it again."""
        worker.send(signal.SIGKILL)

    def _supervise(self) -> None:
        while not self._stop.wait(0.1):
            with self._restarting:
                for worker in self.workers:
                    if not worker.is_running and not self._stop.is_set():
                        worker.start()

    # fault points

    def arm(self, point: str, action: str = "kill", nth: int = 1) -> None:
        """Arm one fault point."""
        (self.faults / "fired").unlink(missing_ok=True)
        draft = self.faults / "draft"
        draft.write_text(f"{point}:{nth} {action}\n")
        draft.rename(self.faults / "armed")

    def disarm(self) -> bool:
        """Take the fault point back; tells whether it was hit before."""
        try:
            (self.faults / "armed").unlink()
        except FileNotFoundError:
            return True
        return False

    @property
    def fired(self) -> bool:
        """Tell whether the armed point was hit."""
        return (self.faults / "fired").exists()

    def hits(self) -> dict[str, int]:
        """Count how often every point was passed, in all processes that ever ran."""
        found: dict[str, int] = {}
        for file in self.faults.glob("hits-*"):
            for line in file.read_text().splitlines():
                name, _, count = line.rpartition(" ")
                found[name] = found.get(name, 0) + int(count)
        return found


def wait_for(test: Callable[[], bool], seconds: float, every: float = 0.2) -> bool:
    """Wait until something holds; tells whether it did in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if test():
            return True
        time.sleep(every)
    return test()
