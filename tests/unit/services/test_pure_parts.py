"""What the test services decide before they start anything."""

import resource
import tempfile
from pathlib import Path

import pytest

from tests.services import rabbitmq, rabbitmq_node, rabbitmq_programs
from tests.services.ports import PORTS, free_ports
from tests.services.rabbitmq import PrivateRabbitmq, Rabbitmq
from tests.services.rabbitmq_programs import Programs, RabbitmqMissing
from tests.services.server import NotPossible, NotStarted
from tests.services.waiting import wait_until

NAMED = "amqp://ani:s%40ecret@broker.example:5673/town"


def test_free_ports_are_different_and_outside_the_range_of_clients() -> None:
    ports = free_ports(50)

    assert len(set(ports)) == 50
    assert set(ports) <= set(PORTS)


def test_missing_rabbitmq_programs_are_an_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rabbitmq_programs, "_program_folders", list)

    with pytest.raises(RabbitmqMissing, match="make services"):
        PrivateRabbitmq()


def test_too_few_open_files_are_an_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))

    with pytest.raises(NotStarted, match=r"prlimit --nofile=20000"):
        rabbitmq_node._open_files()


def test_a_node_that_ends_at_once_says_why_and_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no luck today\nexit 1\n")
    program.chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    with pytest.raises(NotStarted, match="no luck today"):
        rabbitmq_node.Node(Programs(program, program, program), {})

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("hard", "taken"),
    [
        (20_000, 20_000),
        (1_000_000, 65_536),
        (resource.RLIM_INFINITY, 65_536),
    ],
)
def test_open_files_are_as_many_as_allowed_and_sensible(
    hard: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, hard))

    assert rabbitmq_node._open_files() == taken


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (NAMED, "http://ani:s%40ecret@broker.example:15672"),
        ("amqp://broker.example", "http://guest:guest@broker.example:15672"),
        ("amqps://a:b@[::1]:5671/", "https://a:b@[::1]:15671"),
    ],
)
def test_the_management_interface_is_where_it_usually_is(
    url: str, expected: str
) -> None:
    assert rabbitmq._usual_management_url(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (NAMED, NAMED),
        ("amqp://a:b@broker.example", "amqp://a:b@broker.example/%2F"),
        ("amqp://a:b@broker.example/", "amqp://a:b@broker.example/%2F"),
        ("amqp://a:b@broker.example/?x=1", "amqp://a:b@broker.example/%2F?x=1"),
    ],
)
def test_the_default_virtual_host_is_spelt_out(url: str, expected: str) -> None:
    with Rabbitmq(url) as server:
        assert server.url == expected


def test_a_server_named_by_the_environment_cannot_be_broken() -> None:
    with Rabbitmq(NAMED) as server:
        for operation in (
            server.kill,
            server.restart,
            server.suspend,
            server.resume,
            lambda: server.set_memory_alarm(on=True),
        ):
            with pytest.raises(NotPossible, match="named by the environment"):
                operation()


def test_waiting_ends_with_the_condition_the_time_or_the_hope() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0.05)
    assert not wait_until(lambda: False, 60, give_up=lambda: True)
