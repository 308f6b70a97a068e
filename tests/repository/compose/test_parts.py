"""The files that the composition hands to its services."""

import re
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from hub import telemetry
from hub.settings import Settings
from schemas.agency import Limits
from tests.repository.compose.files import (
    DOCUMENT,
    OURS,
    PARTS,
    ROOT,
    SERVICES,
    STAYING,
    configuration,
    seconds,
)
from tests.services.postgres import connect

BATCH_MAX = 500
OPEN_FILES_MIN = 20_000


def test_the_secrets_are_made_once_and_fit_each_other(secrets: Path) -> None:
    wanted = {Path(one["file"]).name for one in DOCUMENT["secrets"].values()}
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    database = make_url(before["database_url"].strip())
    broker = configuration(secrets / "broker_user.conf")

    subprocess.run([PARTS / "secrets.sh", secrets], check=True, capture_output=True)

    assert wanted <= set(before)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in secrets.iterdir()} == {0o444}
    assert database.password == before["database_password"].strip()
    assert len(str(database.password)) >= 40
    assert database.host in SERVICES
    assert database.database == SERVICES["database"]["environment"]["POSTGRES_DB"]
    for name, ending in (
        ("broker_url", ":5672/simpul"),
        ("broker_management_url", ":15672"),
    ):
        who = f"//{broker['default_user']}:{broker['default_pass']}@broker{ending}\n"
        assert before[name].endswith(who)


def test_made_secrets_stay_out_of_the_repository() -> None:
    made = [one["file"].removeprefix("./") for one in DOCUMENT["secrets"].values()]

    answer = subprocess.run(
        ["git", "check-ignore", *made, ".env"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout.split() == [*made, ".env"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
def test_the_health_check_believes_only_a_good_answer(
    status: int | None, code: int
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status or 500)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    check = SERVICES["web"]["healthcheck"]["test"]
    port = SERVICES["web"]["environment"]["SIMPUL_SERVER__METRICS_PORT"]
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        program = check[-1].replace(port, str(server.server_port))
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        if status is None:
            server.socket.close()
        else:
            thread.start()

        answer = subprocess.run(
            [sys.executable, *check[2:-1], program], check=False, capture_output=True
        )

        if status is not None:
            server.shutdown()
            thread.join()
    assert check[1] == "python"
    assert program != check[-1]
    assert answer.returncode == code


def test_a_process_has_time_to_finish_its_call() -> None:
    call = Limits().deadline_seconds + Settings().work.lease_slack_seconds

    assert all(
        seconds(service["stop_grace_period"]) > call
        for name, service in OURS.items()
        if name in STAYING
    )


def test_the_broker_may_open_enough_files_and_stops_before_its_memory_ends() -> None:
    broker = SERVICES["broker"]
    settings = configuration(PARTS / "rabbitmq.conf")
    memory = broker["deploy"]["resources"]["limits"]["memory"]
    alarm = settings["vm_memory_high_watermark.absolute"]

    assert broker["ulimits"]["nofile"]["soft"] >= OPEN_FILES_MIN
    assert broker["hostname"] == "broker"
    assert int(alarm.removesuffix("MiB")) < int(memory.removesuffix("g")) * 1024 * 0.7


def test_the_database_knows_its_settings(postgres_url: str) -> None:
    settings = configuration(PARTS / "postgresql.conf")

    with connect(postgres_url) as connection:
        known = {
            row[0].lower() for row in connection.execute("SELECT name FROM pg_settings")
        }

    assert settings.keys() - known == set()
    assert settings["synchronous_commit"] == settings["fsync"] == "on"


def test_the_lock_table_has_room_for_eighty_full_batches() -> None:
    settings = configuration(PARTS / "postgresql.conf")
    places = int(settings["max_connections"]) * int(
        settings["max_locks_per_transaction"]
    )

    assert places >= 80 * BATCH_MAX


def test_prometheus_asks_every_process_where_it_shows_its_metrics() -> None:
    jobs = yaml.safe_load((PARTS / "prometheus.yml").read_text())["scrape_configs"]

    asked = {
        name: str(place["port"])
        for job in jobs
        for place in job.get("dns_sd_configs", ())
        for name in place["names"]
    }

    assert asked == {
        name: service["environment"]["SIMPUL_SERVER__METRICS_PORT"]
        for name, service in OURS.items()
        if name in STAYING
    }
    assert all(job["job_name"] in SERVICES for job in jobs)


def test_alerts_rest_on_metrics_that_exist() -> None:
    text = (PARTS / "alerts.yml").read_text()
    shown = {
        name
        for metric in telemetry.REGISTRY.collect()
        for name in (metric.name, f"{metric.name}_total", f"{metric.name}_bucket")
    }

    named = set(re.findall(r"\bsimpul_\w+", text))
    jobs = set(re.findall(r'job="(\w+)"', text))

    assert named
    assert named - shown == set()
    assert jobs - set(SERVICES) == set()
