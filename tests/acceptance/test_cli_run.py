"""`simpul run`: a process that serves until it is told to stop."""

import signal
import socket
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.command import FAILED, INTERRUPTED, Run, first_document, started


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, INTERRUPTED)]
)
def test_run_serves_until_it_is_told_to_stop(
    run: Run, tmp_path: Path, number: int, code: int
) -> None:
    place = str(tmp_path / "data")
    command = ["run", "--port=0", "--json", "--data-dir", place]
    with started(*command) as process:
        where = first_document(process)
        answer = httpx2.post(
            f"{where['http']}/api/v1/complaints",
            json={"title": "Jalan berlubang", "body": "Mohon ditambal."},
            headers={"Idempotency-Key": "key-0001"},
            timeout=10,
        )
        assert answer.status_code == 202
        assert run("stats", "--json").document["accepted"] == 1
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert where["http"] in err
    assert "Traceback" not in err


def test_run_tells_when_its_port_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("run", f"--port={port}") as process:
            _, err = process.communicate(timeout=60)
    assert process.returncode == FAILED
    assert f"127.0.0.1:{port}" in err
    assert "Traceback" not in err
