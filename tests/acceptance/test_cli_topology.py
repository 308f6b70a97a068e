"""`simpul topology`, and the processes that will not start without it."""

import signal
from pathlib import Path

import httpx2
import pytest

from hub.broker import admin
from tests.acceptance.command import (
    FAILED,
    UNHEALTHY,
    Result,
    Run,
    first_document,
    started,
)
from tests.services.rabbitmq import Rabbitmq
from tests.services.waiting import wait_until

SECONDS_MAX = 60.0
MEND = "simpul topology apply"
EXCHANGES, NETS = 2, 1


@pytest.fixture
def on_rabbitmq(run: Run, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SIMPUL_BROKER_URL", rabbitmq_url)
    return run


@pytest.fixture
def in_production(
    on_rabbitmq: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """RabbitMQ, PostgreSQL and a key ring; nothing on the broker yet."""
    monkeypatch.setenv("SIMPUL_DATABASE_URL", postgres_url)
    assert on_rabbitmq("keys", "init").code == 0
    return on_rabbitmq


def _healthz(url: str) -> int:
    return httpx2.get(f"{url}/healthz", timeout=10).status_code


def names(found: Result) -> list[str]:
    return [one["name"] for one in found.document]


# --- apply and check --------------------------------------------------------------


def test_apply_makes_what_check_misses_and_once_only(on_rabbitmq: Run) -> None:
    missing = on_rabbitmq("topology", "check", "--json")
    made = on_rabbitmq("topology", "apply", "--json")
    again = on_rabbitmq("topology", "apply", "--json")
    checked = on_rabbitmq("topology", "check", "--json")

    assert missing.code == UNHEALTHY
    assert {one["mend"] for one in missing.document} == {MEND}
    assert (made.code, made.document["changed"]) == (0, names(missing))
    assert len(names(missing)) == made.document["lanes"] + EXCHANGES + NETS
    assert (again.code, again.document["changed"]) == (0, [])
    assert (checked.code, checked.document) == (0, [])


def test_people_are_told_in_sentences(on_rabbitmq: Run) -> None:
    missing = on_rabbitmq("topology", "check")
    made = on_rabbitmq("topology", "apply")
    checked = on_rabbitmq("topology", "check")

    assert "intake.web" in missing.out
    assert (made.out, checked.out) == ("", "")
    assert "simpul topology check" in made.err
    assert "Everything is as it must be." in checked.err
    assert "SIMPUL_BROKER_MANAGEMENT_URL is not set" in checked.err


def test_with_the_management_interface_policies_are_looked_at(
    on_rabbitmq: Run, rabbitmq_server: Rabbitmq, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = rabbitmq_server.management_url
    monkeypatch.setenv("SIMPUL_BROKER_MANAGEMENT_URL", url)
    assert on_rabbitmq("topology", "apply").code == 0

    checked = on_rabbitmq("topology", "check")

    assert checked.code == 0
    assert "Policies were not looked at" not in checked.err


def test_a_queue_that_was_deleted_is_found_and_made(
    on_rabbitmq: Run, rabbitmq_url: str
) -> None:
    on_rabbitmq("topology", "apply")
    with admin.connected(rabbitmq_url) as connection:
        connection.channel().queue_delete("intake.web")

    found = on_rabbitmq("topology", "check", "--json")

    assert (found.code, names(found)) == (UNHEALTHY, ["intake.web"])
    made = on_rabbitmq("topology", "apply", "--json")
    assert made.document["changed"] == ["intake.web"]


@pytest.mark.parametrize("command", ["apply", "check"])
def test_the_embedded_mode_has_no_topology(run: Run, command: str) -> None:
    found = run("topology", command)

    assert (found.code, found.out) == (FAILED, "")
    assert found.err.count("\n") == 1
    assert "SIMPUL_BROKER_URL" in found.err


@pytest.mark.parametrize("command", ["apply", "check"])
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("amqp://guest:hidden@127.0.0.1:1/", "127.0.0.1:1"),
        ("http://guest:hidden@127.0.0.1:1/", "amqp://"),
        ("amqp://guest:hidden@127.0.0.1:port/", "port"),
    ],
    ids=["away", "no broker", "no port"],
)
def test_an_address_that_leads_nowhere_is_told_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, address: str, words: str
) -> None:
    monkeypatch.setenv("SIMPUL_BROKER_URL", address)

    found = run("topology", command)

    assert (found.code, found.out) == (FAILED, "")
    assert found.err.count("\n") == 1
    assert words in found.err
    assert "hidden" not in found.err


# --- processes that need it ---------------------------------------------------------


def test_roles_apart_need_rabbitmq_and_postgresql(
    run: Run, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = run("run", "--only", "intake")
    monkeypatch.setenv("SIMPUL_BROKER_URL", rabbitmq_url)
    without_database = run("run", "--only", "intake")

    for found in (without, without_database):
        assert (found.code, found.out) == (FAILED, "")
        assert found.err.count("\n") == 1
        assert "SIMPUL_BROKER_URL and SIMPUL_DATABASE_URL" in found.err


@pytest.mark.parametrize("only", ["intakes", "web,intakes", "WEB", ",", " "])
def test_a_role_that_there_is_not_is_told_with_those_that_there_are(
    on_rabbitmq: Run, monkeypatch: pytest.MonkeyPatch, only: str
) -> None:
    monkeypatch.setenv("SIMPUL_DATABASE_URL", "postgresql+psycopg://127.0.0.1:1/none")

    found = on_rabbitmq("run", "--only", only)

    assert (found.code, found.out) == (FAILED, "")
    assert found.err.count("\n") == 1
    assert "web, mail, intake, updates, deliver, poll, schedule" in found.err


def test_without_the_topology_no_process_starts(in_production: Run) -> None:
    with started("run", "--only", "intake") as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (FAILED, "")
    assert err.count("\n") == 1
    assert "simpul.work" in err
    assert MEND in err


def test_a_process_that_has_all_it_needs_is_healthy_until_it_is_told_to_stop(
    in_production: Run, tmp_path: Path
) -> None:
    assert in_production("topology", "apply").code == 0
    with started("run", "--only", "web,intake", "--port=0", "--json") as process:
        where = first_document(process)
        assert wait_until(lambda: _healthz(where["http"]) == 200, SECONDS_MAX)
        accepted = httpx2.post(
            f"{where['http']}/api/v1/complaints",
            json={"title": "Jalan berlubang", "body": "Mohon ditambal."},
            headers={"Idempotency-Key": "key-0001"},
            timeout=10,
        )
        rows = in_production("queues", "--json").document
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert where["roles"] == ["intake", "web"]
    assert accepted.status_code == 202
    assert {"intake.web": 1}.items() <= {
        row["lane"]: row["consumers"] for row in rows
    }.items()
    assert process.returncode == 0
