"""RabbitMQ in a container of our own."""

from tests.services.container import Container
from tests.services.rabbitmq_node import answers_amqp
from tests.services.waiting import wait_until

IMAGE = "rabbitmq:4.1-management"
PORT = 5672
MANAGEMENT_PORT = 15672
START_SECONDS_MAX = 120.0


class RabbitmqContainer(Container):
    """A container that is started on construction; raises NotStarted."""

    def __init__(self) -> None:
        super().__init__(IMAGE, (PORT, MANAGEMENT_PORT), {})
        self.start_or_remove()

    def start(self) -> None:
        """Run it, with the files and ports of before; return when clients are served.

        The management interface is there before the broker serves clients.
        """
        super().start()
        if not wait_until(
            lambda: answers_amqp(self.host, self.port(PORT)),
            START_SECONDS_MAX,
            give_up=lambda: not self.is_running,
        ):
            raise self.not_started()

    def control(self, *arguments: str) -> None:
        """Have `rabbitmqctl` do something."""
        self.execute("rabbitmqctl", *arguments)
