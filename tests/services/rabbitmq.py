"""RabbitMQ for the tests: named by the environment, a container, or a private node.

The private node belongs to this test process alone. It listens on free ports of the
loopback interface and keeps its files in a folder of its own; both end with `stop()`
or with this process, however it ends.
"""

import os
import sys
import uuid
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from tests.services.engine import docker_answers
from tests.services.rabbitmq_management import Management
from tests.services.rabbitmq_node import Node
from tests.services.rabbitmq_programs import (
    ENVIRONMENT_VARIABLE,
    RabbitmqMissing,
    find_programs,
)
from tests.services.server import Machine, Server

MANAGEMENT_VARIABLE = "SIMPUL_TEST_BROKER_MANAGEMENT_URL"
MANAGEMENT_PORTS = {"amqp": ("http", 15672), "amqps": ("https", 15671)}
USER = "guest:guest"

# RabbitMQ writes down twice a second which quorum queues it has. A queue that is
# younger when the server is killed comes back without a leader and hangs its clients.
QUEUE_SETTLES_SECONDS = 1.0

MEMORY = ("absolute", str(1024**3))
# Below this share of the memory, a node that does nothing is in alarm.
NO_MEMORY = ("0.0000001",)


class RabbitmqMachine(Machine, Protocol):
    """What RabbitMQ runs on."""

    def control(self, *arguments: str) -> None:
        """Have `rabbitmqctl` do something."""
        ...


class Rabbitmq(Server[RabbitmqMachine]):
    """A server on which tests make virtual hosts of their own."""

    def __init__(
        self,
        url: str,
        management_url: str | None = None,
        machine: RabbitmqMachine | None = None,
    ) -> None:
        """Take the address of a virtual host, with a user who may make others."""
        super().__init__(machine)
        self._url = urlsplit(url)
        self._management = Management(management_url or _usual_management_url(url))
        self._created: list[str] = []

    @property
    def url(self) -> str:
        """Address of the virtual host that is there without anybody's doing."""
        return self._address(unquote(self._url.path[1:]) or "/")

    @property
    def management_url(self) -> str:
        """Address of the management interface, with credentials, without `/api`."""
        return self._management.url

    def create_vhost(self) -> str:
        """Make an empty virtual host; return its address."""
        name = f"simpul_test_{uuid.uuid4().hex[:16]}"
        self._management.create_vhost(name)
        self._created.append(name)
        return self._address(name)

    def drop_vhost(self, url: str) -> None:
        """Remove a virtual host, whoever is still connected to it."""
        name = unquote(urlsplit(url).path[1:])
        self._created.remove(name)
        self._management.drop_vhost(name)

    def set_memory_alarm(self, *, on: bool) -> None:
        """Have the server stop reading from connections that publish, or go on.

        Returns when the alarm is in effect or cleared, after about a second.
        """
        machine = self._own_machine("set_memory_alarm")
        limit = NO_MEMORY if on else MEMORY
        machine.control("set_vm_memory_high_watermark", *limit)
        self._management.wait_for_alarm(on=on)

    def stop(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        if self._machine is None:
            for name in tuple(self._created):
                self.drop_vhost(self._address(name))
        self._management.close()
        super().stop()

    def _address(self, vhost: str) -> str:
        return self._url._replace(path=f"/{quote(vhost, safe='')}").geturl()


class PrivateRabbitmq(Rabbitmq):
    """A node that is started for this process and disappears with it.

    `settings` are lines of rabbitmq.conf. Several nodes may run side by side.
    Raises RabbitmqMissing without its programs, NotStarted when it does not come up.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        memory = {"vm_memory_high_watermark.absolute": MEMORY[1]}
        node = Node(find_programs(), {**memory, **(settings or {})})
        super().__init__(
            f"amqp://{USER}@{node.host}:{node.port}/",
            f"http://{USER}@{node.host}:{node.management_port}",
            node,
        )


def start_rabbitmq() -> Rabbitmq:
    """Return what the environment names, else a server of this process alone.

    Raises RabbitmqMissing when none is possible.
    """
    if url := os.environ.get(ENVIRONMENT_VARIABLE):
        return Rabbitmq(url, os.environ.get(MANAGEMENT_VARIABLE))
    return start_own_rabbitmq()


def start_own_rabbitmq() -> Rabbitmq:
    """Start a server that a test may break: a container, else a private node.

    Raises RabbitmqMissing when none is possible.
    """
    return _start_container() if docker_answers() else PrivateRabbitmq()


def find_server() -> str:
    """Say what `start_rabbitmq` would take, or raise RabbitmqMissing."""
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return f"the server named by {ENVIRONMENT_VARIABLE}"
    return "a container" if docker_answers() else str(find_programs().server)


def _start_container() -> Rabbitmq:
    # Its libraries take as long to import as all others of the tests together.
    from tests.services import rabbitmq_container as made_of  # noqa: PLC0415

    container = made_of.RabbitmqContainer()
    address = f"{USER}@{container.host}"
    return Rabbitmq(
        f"amqp://{address}:{container.port(made_of.PORT)}/",
        f"http://{address}:{container.port(made_of.MANAGEMENT_PORT)}",
        container,
    )


def _usual_management_url(url: str) -> str:
    address = urlsplit(url)
    scheme, port = MANAGEMENT_PORTS[address.scheme]
    credentials, _, place = address.netloc.rpartition("@")
    host = place.removesuffix(f":{address.port}")
    return f"{scheme}://{credentials or USER}@{host}:{port}"


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_server()}\n")
    except RabbitmqMissing:
        sys.exit(1)
