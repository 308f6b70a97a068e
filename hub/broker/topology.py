"""Exchanges and queues as data. A lane is a queue of hints."""

from dataclasses import dataclass

from kombu import Exchange, Queue

WORK = "simpul.work"
"""Direct exchange; the routing key is the lane."""
INTAKE, UPDATES, DELIVER = "intake", "updates", "deliver"


@dataclass(frozen=True, slots=True)
class Topology:
    """Names of one hub's queues; `prefix` keeps hubs of one process apart."""

    prefix: str = ""

    @property
    def exchange(self) -> Exchange:
        """The exchange that hints go to."""
        return Exchange(f"{self.prefix}{WORK}", type="direct", durable=True)

    def queue(self, lane: str) -> Queue:
        """Give the queue of a lane."""
        return Queue(
            f"{self.prefix}{lane}",
            exchange=self.exchange,
            routing_key=lane,
            durable=True,
        )


def stage_of(lane: str) -> str:
    """Name the stage that works a lane: the part before the first dot."""
    return lane.partition(".")[0]
