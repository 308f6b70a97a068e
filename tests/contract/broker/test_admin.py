"""The topology on a real broker: applied, checked, and what policies do to it."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx2
import pytest

from hub.broker import admin
from hub.broker.admin import BrokerUnreachableError, Finding
from hub.broker.management import Management
from hub.broker.topology import DELIVERY_LIMIT, LENGTH_MAX, NET, WORK, Topology
from tests.contract.broker.parts import (
    LANE,
    LANES,
    SECOND_LANE,
    Inbox,
    RabbitmqTransport,
    consuming,
    crew,
    seen,
)
from tests.services.rabbitmq import Rabbitmq

EVERYTHING = [WORK, NET, NET, *LANES]
"""Two exchanges, and as many queues as lanes and one for what is given up."""
MEND = "simpul topology apply"


class Api:
    """The management interface of the virtual host of this test."""

    def __init__(self, url: str, broker_url: str) -> None:
        self.url = url
        self.vhost = quote(unquote(urlsplit(broker_url).path[1:]), safe="")
        self._client = httpx2.Client(base_url=f"{url}/api/", timeout=30)

    def put(self, path: str, document: object) -> None:
        """Set something."""
        self._client.put(path, json=document).raise_for_status()

    def delete(self, path: str) -> None:
        """Take something away."""
        self._client.delete(path).raise_for_status()

    def set_policy(self, name: str, queue: str, definition: object) -> None:
        """Let a policy hold for one queue."""
        document = {
            "pattern": f"^{re.escape(queue)}$",
            "apply-to": "queues",
            "definition": definition,
        }
        self.put(f"policies/{self.vhost}/{name}", document)

    def policies(self) -> set[str]:
        """Name the queues that are shown under a policy; asks some times a second."""
        threading.Event().wait(0.3)
        queues = self._client.get(f"queues/{self.vhost}").json()
        return {queue["name"] for queue in queues if queue.get("policy")}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


@pytest.fixture
def api(rabbitmq_server: Rabbitmq, rabbitmq_url: str) -> Iterator[Api]:
    made = Api(rabbitmq_server.management_url, rabbitmq_url)
    yield made
    made.close()


@pytest.fixture
def topology() -> Topology:
    return Topology()


def problems(found: list[Finding]) -> dict[str, str]:
    assert {one.mend for one in found} <= {MEND}
    return {one.name: one.problem for one in found}


# --- apply and check --------------------------------------------------------------


def test_apply_makes_everything_once(rabbitmq_url: str, topology: Topology) -> None:
    assert admin.apply(rabbitmq_url, topology, LANES) == EVERYTHING

    assert admin.apply(rabbitmq_url, topology, LANES) == []
    assert admin.check(rabbitmq_url, topology, LANES) == []


def test_two_hubs_live_side_by_side_on_one_broker(rabbitmq_url: str) -> None:
    for prefix in ("", "other."):
        topology = Topology(prefix=prefix)
        assert len(admin.apply(rabbitmq_url, topology, LANES)) == len(EVERYTHING)
        assert admin.check(rabbitmq_url, topology, LANES) == []


def test_check_finds_everything_missing_and_makes_nothing(
    rabbitmq_url: str, topology: Topology
) -> None:
    for _ in range(2):
        found = admin.check(rabbitmq_url, topology, LANES)
        assert [one.name for one in found] == EVERYTHING
        assert [one.kind for one in found] == ["exchange"] * 2 + ["queue"] * 3
        assert set(problems(found).values()) == {"it is missing"}


def test_a_new_lane_is_missing_until_it_is_applied(
    rabbitmq: RabbitmqTransport, topology: Topology
) -> None:
    lanes = [*LANES, "deliver.damkar"]

    found = admin.check(rabbitmq.url, topology, lanes)

    assert problems(found) == {"deliver.damkar": "it is missing"}
    assert admin.apply(rabbitmq.url, topology, lanes) == ["deliver.damkar"]
    assert admin.check(rabbitmq.url, topology, lanes) == []


def test_a_queue_that_differs_is_found_and_made_anew(
    rabbitmq: RabbitmqTransport, topology: Topology
) -> None:
    with rabbitmq.channel() as channel:
        channel.queue_delete(LANE)
        channel.queue_declare(LANE, durable=True)
    rabbitmq.put(SECOND_LANE, b"[]")

    found = problems(admin.check(rabbitmq.url, topology, LANES))

    assert list(found) == [LANE]
    assert "it differs" in found[LANE]
    assert admin.apply(rabbitmq.url, topology, LANES) == [LANE]
    assert admin.check(rabbitmq.url, topology, LANES) == []
    assert rabbitmq.waiting(SECOND_LANE) >= 1, "only what differs is made anew"


@pytest.mark.parametrize("name", [WORK, NET])
def test_an_exchange_that_differs_is_found_and_made_anew_with_its_bindings(
    rabbitmq: RabbitmqTransport, topology: Topology, name: str
) -> None:
    with rabbitmq.channel() as channel:
        channel.exchange_delete(name)
        channel.exchange_declare(name, "topic", durable=True)

    found = problems(admin.check(rabbitmq.url, topology, LANES))

    assert "it differs" in found[name]
    assert admin.apply(rabbitmq.url, topology, LANES) == [name]
    assert admin.check(rabbitmq.url, topology, LANES) == []


@pytest.mark.parametrize(
    ("queue", "exchange", "key"), [(LANE, WORK, LANE), (NET, NET, "")]
)
def test_a_queue_that_is_not_bound_is_found_and_bound(
    rabbitmq: RabbitmqTransport,
    topology: Topology,
    queue: str,
    exchange: str,
    key: str,
) -> None:
    with rabbitmq.channel() as channel:
        channel.queue_unbind(queue, exchange, key)

    found = problems(admin.check(rabbitmq.url, topology, LANES))

    assert list(found) == [queue]
    assert "no binding" in found[queue]
    assert admin.apply(rabbitmq.url, topology, LANES) == []
    assert admin.check(rabbitmq.url, topology, LANES) == []


def test_a_check_asks_nobody_to_work(
    rabbitmq: RabbitmqTransport, topology: Topology
) -> None:
    inbox = Inbox()
    with consuming(rabbitmq, crew(inbox, *LANES)):
        assert admin.check(rabbitmq.url, topology, LANES) == []
        assert seen(lambda: not any(map(rabbitmq.waiting, LANES)))

    assert inbox.batches == []


def test_depths_are_counted_and_what_is_missing_is_empty(
    rabbitmq: RabbitmqTransport, topology: Topology
) -> None:
    rabbitmq.put(LANE, b"[]")
    rabbitmq.put(LANE, b"[]")

    with consuming(rabbitmq, crew(Inbox(), SECOND_LANE)):
        lanes = [LANE, SECOND_LANE, "deliver.nobody", NET]
        found = admin.depths(rabbitmq.url, topology, lanes)

    assert [(one.lane, one.hints, one.consumers) for one in found] == [
        (LANE, 2, 0),
        (SECOND_LANE, 0, 1),
        ("deliver.nobody", 0, 0),
        (NET, 0, 0),
    ]


# --- when it cannot be done ---------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        lambda url: admin.check(url, Topology(), LANES),
        lambda url: admin.apply(url, Topology(), LANES),
        lambda url: admin.depths(url, Topology(), LANES),
    ],
    ids=["check", "apply", "depths"],
)
@pytest.mark.parametrize(
    "address", ["amqp://guest:guest@127.0.0.1:1/", "amqp://guest:guest@no.invalid/"]
)
def test_a_broker_that_is_away_is_told_without_its_password(
    step: object, address: str
) -> None:
    assert callable(step)
    with pytest.raises(BrokerUnreachableError) as told:
        step(address)

    assert str(urlsplit(address).hostname) in str(told.value)
    assert "guest" not in str(told.value)


def test_a_virtual_host_that_is_not_there_is_told(rabbitmq_url: str) -> None:
    with pytest.raises(BrokerUnreachableError):
        admin.check(f"{rabbitmq_url}-nowhere", Topology(), LANES)


def test_a_user_who_may_not_declare_is_told_of_it(
    rabbitmq: RabbitmqTransport, topology: Topology, api: Api
) -> None:
    name = f"worker-{api.vhost}"
    api.put(f"users/{name}", {"password": "geheim", "tags": ""})
    may = {"configure": "^$", "write": ".*", "read": ".*"}
    api.put(f"permissions/{api.vhost}/{name}", may)
    try:
        url = rabbitmq.url.replace("guest:guest", f"{name}:geheim")
        found = admin.check(url, topology, LANES)
    finally:
        api.delete(f"users/{name}")

    assert found
    assert all("ACCESS_REFUSED" in one.problem for one in found)


def test_an_answer_that_never_comes_is_not_waited_for_without_end(
    rabbitmq_url: str,
) -> None:
    """pika waits for answers as long as heartbeats come, those of the broker's 60 s."""
    with admin.connected(rabbitmq_url) as connection:
        assert 0 < connection._impl.params.heartbeat <= admin.SECONDS_MAX


# --- policies -------------------------------------------------------------------------


SOMEBODY_ELSES = "somebody-elses"
BREAKING = {
    "message-ttl": 60_000,
    "expires": 600_000,
    "max-length-bytes": 1_000_000,
    "delivery-limit": 5,
    "max-length": 100,
}
HARMLESS = {"delivery-limit": DELIVERY_LIMIT, "max-length": 2 * LENGTH_MAX}


def test_policies_that_break_a_promise_are_found_and_no_others(
    rabbitmq: RabbitmqTransport, api: Api, topology: Topology
) -> None:
    """One wait for all: RabbitMQ shows a new policy after some ten seconds."""
    management = Management.of(api.url, rabbitmq.url)
    assert management.policy_findings(topology, LANES) == []
    with rabbitmq.channel() as channel:
        channel.queue_declare(SOMEBODY_ELSES, durable=True)
    api.set_policy("breaks", LANE, BREAKING)
    api.set_policy("breaks-others", SOMEBODY_ELSES, {"message-ttl": 60_000})
    api.set_policy("helps", SECOND_LANE, HARMLESS)

    assert seen(lambda: api.policies() == {LANE, SECOND_LANE, SOMEBODY_ELSES})
    found = management.policy_findings(topology, LANES)

    assert {(one.kind, one.name) for one in found} == {("queue", LANE)}
    assert {one.mend for one in found} == {"change the policy breaks"}
    told = sorted(one.problem for one in found)
    assert len(told) == len(BREAKING)
    for name in BREAKING:
        assert sum(f" {name}" in problem for problem in told) >= 1
    assert any(f"delivery-limit to 5, {DELIVERY_LIMIT}" in one for one in told)
    assert any(f"max-length to 100, {LENGTH_MAX}" in one for one in told)


def test_queues_whose_nodes_are_away_are_found(
    rabbitmq: RabbitmqTransport,
    api: Api,
    topology: Topology,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One node cannot lose its majority and answer: only what it tells is changed."""
    management = Management.of(api.url, rabbitmq.url)
    assert seen(lambda: _members(management, topology) == {1})
    assert management.member_findings(topology, LANES) == []
    told = Management._get

    def halved(self: Management, path: str) -> Any:
        return [
            queue | {"members": ["rabbit@a", "rabbit@b"], "online": ["rabbit@a"]}
            for queue in told(self, path)
        ]

    monkeypatch.setattr(Management, "_get", halved)
    found = management.member_findings(topology, LANES)

    assert {one.name for one in found} >= set(LANES)
    assert {one.problem for one in found} == {"1 of its 2 members are online"}
    assert {one.mend for one in found} == {"bring back rabbit@b"}


def _members(management: Management, topology: Topology) -> set[int]:
    queues = management._queues(topology, LANES)
    return {len(queue.get("members", ())) for queue in queues}


def test_the_node_tells_how_many_files_it_may_open(
    rabbitmq: RabbitmqTransport, api: Api
) -> None:
    found = Management.of(api.url, rabbitmq.url).files_max()

    assert found is not None
    assert found > 1_000


@pytest.mark.parametrize(
    ("address", "vhost"),
    [
        ("amqp://broker.example", "/"),
        ("amqp://broker.example/", "/"),
        ("amqp://broker.example/%2F", "/"),
        ("amqp://broker.example/%2f", "/"),
        ("amqp://broker.example/simpul", "simpul"),
        ("amqp://broker.example/kota%20kita", "kota kita"),
        ("amqps://u:p@broker.example:5671/a%2Fb", "a/b"),
    ],
)
def test_the_virtual_host_is_that_of_the_address(address: str, vhost: str) -> None:
    assert Management.of("http://broker.example:15672", address).vhost == vhost


def test_a_management_interface_that_is_away_is_told(
    rabbitmq: RabbitmqTransport, api: Api
) -> None:
    known = Management.of(api.url, rabbitmq.url)
    away = replace(known, url="http://guest:secret@127.0.0.1:1")
    elsewhere = replace(known, vhost="nowhere")

    for one in (away, elsewhere):
        with pytest.raises(BrokerUnreachableError) as told:
            one.policy_findings(Topology(), LANES)
        assert "secret" not in str(told.value)
