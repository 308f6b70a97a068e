"""Contenders whose backlog is a journal in the database, woken by lists of ids."""

from abc import abstractmethod
from collections.abc import Sequence

from kombu import Connection, Producer

from hub.broker.codec import CONTENT_TYPE, chunks, encode
from hub.broker.topology import WORK
from tests.bench.contender import OnServers

WARM = 1_000
"""Complaints that the workers do before the clock runs."""


class OnJournal(OnServers):
    """Rounds on copies of one database; the journal's ids are hinted at once."""

    queue: str
    exchange: str

    def is_ready(self) -> bool:
        """Say whether the workers can be asked and all of them consume."""
        return self._queues.count(self.queue)[1] >= self.processes

    @abstractmethod
    def ids(self) -> Sequence[str | int]:
        """Give the journal's ids, those for the warm-up first."""

    @abstractmethod
    def deliveries(self, complaints: int) -> int:
        """Count the hints that the first complaints must lead to."""

    @abstractmethod
    def confirmed(self) -> float:
        """Count the hints that the broker has confirmed, or that were dropped."""

    def prepare(self) -> None:
        """Start on a copy of the backlog, work some, hold, and hint the rest."""
        self._queues.purge(self.queue)
        crew = self.start()
        self.wait("its consumers", self.is_ready)
        ids = self.ids()
        self._hint(ids[:WARM])
        warm = self.deliveries(WARM)
        self.wait("the first complaints", lambda: self.confirmed() >= warm)
        crew.hold()
        self._hint(ids[WARM:])

    def has_finished(self) -> bool:
        """Say whether the broker has confirmed the hints of every delivery."""
        if self._queues.count(self.queue)[0]:
            return False  # asking the workers may cost them time
        return self.confirmed() >= self.deliveries(len(self.ids()))

    def _hint(self, ids: Sequence[str | int]) -> None:
        hint(self._vhost, self.queue, ids, self.exchange)


def hint(url: str, queue: str, ids: Sequence[str | int], exchange: str = WORK) -> None:
    """Publish lists of ids; returns when the broker has them."""
    with Connection(url) as connection:
        channel = connection.channel()
        producer = Producer(channel)
        for chunk in chunks([str(one) for one in ids]):
            producer.publish(
                encode(chunk),
                exchange=exchange,
                routing_key=queue,
                content_type=CONTENT_TYPE,
                content_encoding="utf-8",
                delivery_mode=2,
                headers={"by": "hint"},
            )
        # Its answer comes after everything that was sent before.
        channel.queue_declare(queue, passive=True)
