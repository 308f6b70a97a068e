"""The servers that tests start: they serve, break and come back as promised."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pika
import psycopg
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ConnectionBlockedTimeout

from tests.services.engine import docker_answers
from tests.services.fault_proxy import (
    AMQP_PUBLISH,
    POSTGRES_COMMIT,
    Cut,
    Direction,
    FaultProxy,
)
from tests.services.postgres import Postgres, connect, start_own_postgres
from tests.services.rabbitmq import (
    MANAGEMENT_VARIABLE,
    QUEUE_SETTLES_SECONDS,
    Rabbitmq,
    start_own_rabbitmq,
    start_rabbitmq,
)
from tests.services.rabbitmq_node import OPEN_FILES_MIN
from tests.services.rabbitmq_programs import ENVIRONMENT_VARIABLE
from tests.services.waiting import wait_until

SECONDS_MAX = 60.0
# Long enough for something to happen that should not.
QUIET_SECONDS = 0.3
QUORUM = {"x-queue-type": "quorum"}
PERSISTENT = pika.BasicProperties(delivery_mode=2)

START_AND_WAIT = """
from tests.services.rabbitmq import start_own_rabbitmq
server = start_own_rabbitmq()
print(server.management_url, flush=True)
input()
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[Rabbitmq]:
    """A broker to be broken; every test leaves it running and at peace."""
    with start_own_rabbitmq() as server:
        yield server


@pytest.fixture
def vhost(broker: Rabbitmq) -> Iterator[str]:
    url = broker.create_vhost()
    yield url
    broker.drop_vhost(url)


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A database server to be broken; every test leaves it running and at peace."""
    with start_own_postgres(durable=True) as server:
        with connect(server.url) as connection:
            connection.execute("CREATE TABLE report (town text)")
        yield server


@pytest.fixture
def noted(database: Postgres) -> list[str]:
    """The table is empty."""
    with connect(database.url) as connection:
        connection.execute("TRUNCATE report")
    return []


@contextlib.contextmanager
def channel(url: str, queue: str = "reports") -> Iterator[BlockingChannel]:
    parameters = pika.URLParameters(url)
    parameters.blocked_connection_timeout = 1
    connection = pika.BlockingConnection(parameters)
    try:
        opened = connection.channel()
        opened.confirm_delivery()
        opened.queue_declare(queue, durable=True, arguments=QUORUM)
        yield opened
    finally:
        if connection.is_open:
            connection.close()


def publish(on: BlockingChannel, body: bytes) -> None:
    on.basic_publish("", "reports", body, PERSISTENT, mandatory=True)


def bodies(url: str) -> list[bytes]:
    with channel(url) as opened:
        got = iter(lambda: opened.basic_get("reports", auto_ack=True)[2], None)
        return list(got)


def note(url: str, town: str) -> None:
    """Commit with a message of its own, as transactions do."""
    address = url.replace("+psycopg", "")
    with psycopg.connect(address, connect_timeout=5) as connection:
        connection.execute("INSERT INTO report VALUES (%s)", (town,))


def towns(server: Postgres) -> list[str]:
    with connect(server.url) as connection:
        return [town for (town,) in connection.execute("SELECT town FROM report")]


# --- RabbitMQ -----------------------------------------------------------------


def test_a_message_is_confirmed_and_comes_back(rabbitmq_url: str) -> None:
    with channel(rabbitmq_url) as opened:
        publish(opened, b"Jalan berlubang")

    assert bodies(rabbitmq_url) == [b"Jalan berlubang"]


def test_every_test_gets_a_virtual_host_of_its_own(
    rabbitmq_server: Rabbitmq, rabbitmq_url: str
) -> None:
    other = rabbitmq_server.create_vhost()
    with channel(rabbitmq_url) as opened:
        publish(opened, b"Lampu mati")

    assert bodies(other) == []
    rabbitmq_server.drop_vhost(other)
    with pytest.raises(AMQPError), channel(other):
        pass


def test_a_broker_named_by_the_environment_is_used_and_left_clean(
    rabbitmq_server: Rabbitmq, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, rabbitmq_server.url)
    monkeypatch.setenv(MANAGEMENT_VARIABLE, rabbitmq_server.management_url)

    named = start_rabbitmq()
    url = named.create_vhost()

    assert named.url == rabbitmq_server.url
    assert bodies(url) == []
    named.stop()
    with pytest.raises(AMQPError), channel(url):
        pass


def test_a_confirmed_message_survives_a_killed_broker(
    broker: Rabbitmq, vhost: str
) -> None:
    with channel(vhost) as opened:
        publish(opened, b"Banjir")
        time.sleep(QUEUE_SETTLES_SECONDS)
        broker.kill()
        broker.kill()
        with pytest.raises(AMQPError):
            publish(opened, b"Pohon tumbang")

    broker.restart()

    assert bodies(vhost) == [b"Banjir"]


def test_a_suspended_broker_says_nothing_until_it_goes_on(
    broker: Rabbitmq, vhost: str
) -> None:
    with ThreadPoolExecutor(1) as others, channel(vhost) as opened:
        broker.suspend()
        published = others.submit(publish, opened, b"Sampah")

        time.sleep(QUIET_SECONDS)
        was_done_early = published.done()
        broker.resume()
        published.result(SECONDS_MAX)

    assert not was_done_early
    assert bodies(vhost) == [b"Sampah"]


def test_a_memory_alarm_blocks_those_who_publish_until_it_is_cleared(
    broker: Rabbitmq, vhost: str
) -> None:
    with channel(vhost) as opened:
        broker.set_memory_alarm(on=True)
        with pytest.raises(ConnectionBlockedTimeout):
            publish(opened, b"never confirmed")
    broker.set_memory_alarm(on=False)

    with channel(vhost) as opened:
        publish(opened, b"Air keruh")

    assert bodies(vhost)[-1:] == [b"Air keruh"]


def test_a_broker_may_open_files_for_hundreds_of_queues(broker: Rabbitmq) -> None:
    def files() -> int:
        # Unknown for the first seconds.
        (node,) = httpx2.get(f"{broker.management_url}/api/nodes", timeout=30).json()
        return int(node.get("fd_total", 0))

    assert wait_until(lambda: files() > 0, SECONDS_MAX)
    assert files() >= OPEN_FILES_MIN


@pytest.mark.skipif(
    docker_answers(), reason="a container is for Testcontainers to remove"
)
def test_a_killed_test_run_leaves_no_broker_and_no_files(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as run:
        assert run.stdout is not None
        management_url = run.stdout.readline().strip()
        processes = [int(file.read_text()) for file in tmp_path.glob("*/run/*")]
        os.kill(run.pid, signal.SIGKILL)

    assert management_url
    assert wait_until(lambda: not list(tmp_path.iterdir()), SECONDS_MAX)
    assert wait_until(lambda: not any(map(_is_alive, processes)), SECONDS_MAX)
    assert wait_until(lambda: _is_gone(management_url), SECONDS_MAX)


def _is_alive(process: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
    )
    return state.stdout.strip()[:1] not in {"", "Z"}


def _is_gone(url: str) -> bool:
    try:
        httpx2.get(url, timeout=5)
    except httpx2.ConnectError:
        return True
    return False


# --- PostgreSQL ---------------------------------------------------------------


def test_committed_rows_survive_a_killed_database(
    database: Postgres, noted: list[str]
) -> None:
    note(database.url, "Bogor")

    database.kill()
    database.kill()
    with pytest.raises(psycopg.OperationalError):
        note(database.url, "Depok")
    database.restart()

    assert towns(database) == ["Bogor"]


def test_committed_rows_survive_a_database_that_ends_without_tidying_up(
    database: Postgres, noted: list[str]
) -> None:
    with connect(database.url) as opened:
        note(database.url, "Bogor")
        database.stop_immediately()
        with pytest.raises(psycopg.OperationalError):
            opened.execute("SELECT 1")
    database.restart()

    assert towns(database) == ["Bogor"]


def test_a_suspended_database_says_nothing_until_it_goes_on(
    database: Postgres, noted: list[str]
) -> None:
    with ThreadPoolExecutor(1) as others, connect(database.url) as opened:
        database.suspend()
        asked = others.submit(opened.execute, "SELECT 1")

        time.sleep(QUIET_SECONDS)
        was_done_early = asked.done()
        database.resume()

        assert asked.result(SECONDS_MAX).fetchone() == (1,)
    assert not was_done_early


# --- the fault proxy before real servers ----------------------------------------


def test_a_cut_before_the_commit_undoes_the_transaction(
    database: Postgres, noted: list[str]
) -> None:
    with FaultProxy.before(database.url) as proxy:
        proxy.cut_at(POSTGRES_COMMIT, Cut.BEFORE)

        with pytest.raises(psycopg.OperationalError):
            note(proxy.instead_of(database.url), "Bogor")
        note(proxy.instead_of(database.url), "Depok")

        assert proxy.cuts == 1
    assert towns(database) == ["Depok"]


def test_a_cut_on_the_answer_of_the_commit_hides_that_it_happened(
    database: Postgres, noted: list[str]
) -> None:
    with FaultProxy.before(database.url) as proxy:
        proxy.cut_at(POSTGRES_COMMIT, Cut.ANSWER)

        with pytest.raises(psycopg.OperationalError):
            note(proxy.instead_of(database.url), "Bogor")

    assert towns(database) == ["Bogor"]


def test_a_cut_on_the_confirm_hides_that_the_message_is_safe(
    broker: Rabbitmq, vhost: str
) -> None:
    with (
        FaultProxy.before(vhost) as proxy,
        channel(proxy.instead_of(vhost)) as opened,
    ):
        proxy.cut_at(AMQP_PUBLISH, Cut.ANSWER)

        with pytest.raises(AMQPError):
            publish(opened, b"Macet")

    assert bodies(vhost) == [b"Macet"]


def test_a_message_gets_through_slices_and_latency(
    broker: Rabbitmq, vhost: str
) -> None:
    with FaultProxy.before(vhost) as proxy:
        proxy.slow(latency_seconds=0.02, slice_bytes=7)
        with channel(proxy.instead_of(vhost)) as opened:
            publish(opened, b"Trotoar rusak")

    assert bodies(vhost) == [b"Trotoar rusak"]


def test_a_blackholed_confirm_arrives_when_the_way_is_free_again(
    broker: Rabbitmq, vhost: str
) -> None:
    with (
        ThreadPoolExecutor(1) as others,
        FaultProxy.before(vhost) as proxy,
        channel(proxy.instead_of(vhost)) as opened,
    ):
        proxy.blackhole(Direction.DOWN)
        published = others.submit(publish, opened, b"Parkir liar")

        assert wait_until(lambda: bodies(vhost) == [b"Parkir liar"], SECONDS_MAX)
        was_done_early = published.done()
        proxy.heal()
        published.result(SECONDS_MAX)

    assert not was_done_early
