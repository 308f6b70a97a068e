"""`simpul demo` leaves nothing behind, however it is ended."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.cli.ending import Ending, TerminatedError
from tests.acceptance.command import FAILED, INTERRUPTED, TERMINATED, started

SECONDS_MAX = 120.0
STARTED, STORED, SERVING = "", "simpul.db", "edge/*.edge"
"""What the demo's folder holds when it begins, makes its tables, has taken a letter."""


def wait_for(process: "subprocess.Popen[str]", see: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not see():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize("point", [STARTED, STORED, SERVING])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, INTERRUPTED)]
)
def test_a_demo_that_is_ended_leaves_nothing_behind(
    tmp_path: Path, number: int, code: int, point: str
) -> None:
    pattern = f"simpul-demo-*/{point}".rstrip("/")
    with started("demo", "--json", TMPDIR=str(tmp_path)) as process:
        wait_for(process, lambda: any(tmp_path.glob(pattern)))
        assert any(tmp_path.glob("simpul-demo-*"))
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, out) == (code, "")
    assert err.endswith("Stopped.\n")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_demo_is_ended_once(tmp_path: Path) -> None:
    with started("demo", "--json", TMPDIR=str(tmp_path)) as process:
        wait_for(process, lambda: any(tmp_path.glob(f"simpul-demo-*/{SERVING}")))
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode in {TERMINATED, INTERRUPTED}
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_demo_whose_port_is_taken_ends_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = f"--port={taken.getsockname()[1]}"
        with started("demo", "--json", port, TMPDIR=str(tmp_path)) as process:
            out, err = process.communicate(timeout=SECONDS_MAX)
    assert (process.returncode, out) == (FAILED, "")
    assert "choose another --port" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


# the block that may be broken off


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGTERM, TerminatedError), (signal.SIGINT, KeyboardInterrupt)],
)
def test_a_signal_waits_until_it_may_break_off(
    number: int, error: type[BaseException]
) -> None:
    with Ending() as ending:
        signal.raise_signal(number)
        with pytest.raises(error), ending.breakable():
            pytest.fail("it was not broken off")
        signal.raise_signal(number)


def test_what_ends_is_not_interrupted_and_the_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Ending() as ending:
        with pytest.raises(TerminatedError), ending.breakable():
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
