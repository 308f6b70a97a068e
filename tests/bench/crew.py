"""Worker processes of one contender: started, held, let go, ended with this one."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.bench.machine import tree
from tests.services.guard import Guard
from tests.services.waiting import wait_until

STOP_SECONDS_MAX = 10.0
KILL_GROUPS = 'for file in "$1"/run/*; do kill -s KILL -- "-$(cat "$file")"; done'
LOG_CHARACTERS = 3000


class WorkerEnded(Exception):
    """A worker ended in the middle of a run; the text is the end of its log."""


class TooSlow(Exception):
    """What was waited for did not come in time."""


class Crew:
    """Some processes that lead process groups; none outlives this process."""

    def __init__(
        self,
        commands: Sequence[Sequence[str]],
        environments: Sequence[Mapping[str, str]],
    ) -> None:
        """Start them; each command is what follows `python -m`."""
        self.folder = Path(tempfile.mkdtemp(prefix="simpul-bench-"))
        (self.folder / "run").mkdir()
        self._guard = Guard(self.folder, KILL_GROUPS)
        self._processes = [
            self._launch(command, environment)
            for command, environment in zip(commands, environments, strict=True)
        ]

    @property
    def pids(self) -> list[int]:
        """The roots of the trees."""
        return [process.pid for process in self._processes]

    def hold(self) -> None:
        """Stop all of them where they are."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Let all of them go on."""
        self._signal(signal.SIGCONT)

    def check(self) -> None:
        """Raise WorkerEnded when one is gone."""
        if self._has_ended():
            raise WorkerEnded(self._log())

    def wait(
        self, what: str, condition: Callable[[], bool], seconds_max: float
    ) -> None:
        """Wait for something; raises WorkerEnded, or TooSlow with the workers' log."""
        came = wait_until(condition, seconds_max, give_up=self._has_ended)
        self.check()
        if not came:
            text = f"{what}: not within {seconds_max:g} s\n{self._log()}"
            raise TooSlow(text)

    def _has_ended(self) -> bool:
        return any(process.poll() is not None for process in self._processes)

    def _log(self) -> str:
        text = (self.folder / "log").read_text(errors="replace")
        return text[-LOG_CHARACTERS:]

    def stop(self) -> None:
        """End them, politely first; a second call does nothing."""
        self.let_go()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS_MAX)
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS_MAX)
            # The number may be another program's soon.
            (self.folder / "run" / str(process.pid)).unlink(missing_ok=True)
        self._processes = []
        self._guard.dismiss()
        self._guard.wait()

    def _launch(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.folder / "run" / str(process.pid)).write_text(str(process.pid))
        return process

    def _signal(self, number: signal.Signals) -> None:
        for process in tree(self.pids):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
