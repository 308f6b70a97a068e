"""The topology as RabbitMQ 4.3 wants it, and as nothing vanishes in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.broker.topology import INTAKE, QueueSpec, Topology, stage_of

LANES = ("intake.web", "intake.email", "updates.dinkes", "deliver.dinkes")
HUB = Path(__file__).parents[3] / "hub"
FORBIDDEN_WORDS = (
    "x-message-ttl",
    "x-expires",
    "x-queue-mode",
    "x-max-length-bytes",
    "x-single-active-consumer",
)
"""TTL and dead-letter ladders lose messages before 4.0.1; queue modes are rejected."""
GLOBAL_QOS = ("a_global", "apply_global", "global_qos")
NEVER = 1_000_000
"""So many times nothing is delivered."""


@pytest.fixture(params=["", "hub-2."], ids=["no prefix", "prefix"])
def topology(request: pytest.FixtureRequest) -> Topology:
    return Topology(prefix=request.param)


def dead_letters(topology: Topology, queue: QueueSpec) -> list[QueueSpec]:
    """Name the queues that a queue's dead letters come to."""
    exchange = queue.arguments.get("x-dead-letter-exchange")
    return [one for one in topology.queues(LANES) if one.exchange == exchange]


def strings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def test_every_queue_is_a_durable_quorum_queue(topology: Topology) -> None:
    for queue in topology.queues(LANES):
        assert queue.durable
        assert queue.arguments["x-queue-type"] == "quorum"


def test_every_lane_has_one_queue_and_one_binding(topology: Topology) -> None:
    names = {queue.name: queue for queue in topology.queues(LANES)}

    assert len(names) == len(topology.queues(LANES)) == len(LANES) + 1
    for lane in LANES:
        queue = names[topology.queue_name(lane)]
        assert (queue.exchange, queue.routing_key) == (topology.work, lane)


def test_every_exchange_that_is_named_exists(topology: Topology) -> None:
    known = {exchange.name for exchange in topology.exchanges()}

    for queue in topology.queues(LANES):
        assert queue.exchange in known
        assert queue.arguments.get("x-dead-letter-exchange", queue.exchange) in known
    assert all(exchange.durable for exchange in topology.exchanges())


def test_dead_letters_of_lanes_are_kept_until_the_net_has_them(
    topology: Topology,
) -> None:
    """With one of these missing RabbitMQ falls back to at-most-once in silence."""
    for lane in LANES:
        (queue,) = (q for q in topology.queues(LANES) if q.routing_key == lane)
        arguments = queue.arguments
        assert arguments["x-dead-letter-strategy"] == "at-least-once"
        assert arguments["x-overflow"] == "reject-publish"
        assert arguments["x-max-length"] > 0
        assert [q.name for q in dead_letters(topology, queue)] == [topology.net]


def test_the_net_is_made_before_those_who_need_it(topology: Topology) -> None:
    assert topology.queues(LANES)[0].name == topology.net
    assert topology.net in {exchange.name for exchange in topology.exchanges()}


def test_no_dead_letter_comes_back(topology: Topology) -> None:
    for queue in topology.queues(LANES):
        seen: list[str] = []
        ahead = dead_letters(topology, queue)
        while ahead:
            one = ahead.pop()
            assert one.name != queue.name
            assert one.name not in seen
            seen.append(one.name)
            ahead += dead_letters(topology, one)


def test_no_queue_drops_what_is_delivered_again_and_again(topology: Topology) -> None:
    """A queue that names no limit has one of 20 since RabbitMQ 4.0, and then drops."""
    for queue in topology.queues(LANES):
        assert "x-delivery-limit" in queue.arguments, queue.name
        limit = queue.arguments["x-delivery-limit"]
        assert limit >= 50
        if not dead_letters(topology, queue):
            assert limit >= NEVER, queue.name


def test_no_source_names_what_rabbitmq_rejects_or_what_loses() -> None:
    forbidden = {*FORBIDDEN_WORDS, *GLOBAL_QOS}
    found = [
        f"{file.name}: {text}"
        for file in HUB.rglob("*.py")
        for text in strings(file)
        if text in forbidden
    ]
    assert found == []


def test_workers_only_look_their_queues_up(topology: Topology) -> None:
    on_rabbitmq = topology.kombu_queue("intake.web", on_rabbitmq=True)
    in_memory = topology.kombu_queue("intake.web", on_rabbitmq=False)

    assert on_rabbitmq.no_declare is True
    assert on_rabbitmq.name == in_memory.name == topology.queue_name("intake.web")
    assert (in_memory.exchange.name, in_memory.routing_key) == (
        topology.work,
        "intake.web",
    )


def test_a_lane_names_its_stage() -> None:
    assert stage_of("intake.web") == INTAKE
    assert stage_of("deliver.reporter:email") == "deliver"
