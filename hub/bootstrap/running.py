"""One running process: starting and stopping its parts in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.contract import Listener
from hub.bootstrap.configuration import Configuration
from hub.bootstrap.delivering import DeliverWorker
from hub.bootstrap.listening import AgencyEars
from hub.bootstrap.memory import calm_collector
from hub.bootstrap.polling import PollWorker
from hub.bootstrap.roles import Role
from hub.bootstrap.sandbox import Sandbox
from hub.bootstrap.store import Store
from hub.bootstrap.switching import OlderVersions, Switch, close_all
from hub.bootstrap.watching import Watchers
from hub.bootstrap.workers import ScheduleThread
from hub.broker.consumer import HintConsumer
from hub.broker.publisher import Publisher
from hub.stages.accept import Accept
from hub.web.server import WebServer


@dataclass
class Hub:
    """One running process."""

    store: Store
    config: Configuration
    roles: frozenset[Role]
    publisher: Publisher
    consumer: HintConsumer
    deliver_worker: DeliverWorker
    poll_worker: PollWorker
    schedule: ScheduleThread
    sandbox: Sandbox
    accept: Accept
    listeners: Sequence[Listener] = ()
    """Of citizens' channels."""
    ears: AgencyEars = field(default_factory=AgencyEars)
    watchers: Watchers | None = None
    web: WebServer | None = None
    metrics: WebServer | None = None
    switch: Switch | None = None
    older: OlderVersions | None = None
    _stopped: bool = field(default=False, repr=False)

    @property
    def http_url(self) -> str:
        """Where the HTTP door is; empty when this process has none."""
        return self.web.url if self.web else ""

    @property
    def metrics_url(self) -> str:
        """Where metrics and health are shown; empty when nowhere."""
        return self.metrics.url if self.metrics else self.http_url

    @property
    def smtp_address(self) -> str:
        """Where mail is taken, `host:port`; empty when e-mail is off."""
        return next((listener.address for listener in self.listeners), "")

    def start(self) -> None:
        """Start working first, then open the doors; raises OSError for a taken port."""
        calm_collector()
        self.publisher.start()
        self.deliver_worker.start()
        self.consumer.start()
        self.schedule.start()
        for listener in self.listeners:
            listener.start(self.accept)
        for server in (self.metrics, self.web):
            if server is not None:
                server.start()
        self.ears.start(self.accept)
        if self.watchers is not None:
            self.watchers.start()

    def stop(self) -> None:
        """Close the doors, finish what runs, give everything back."""
        if self.watchers is not None:
            self.watchers.stop()
        self.ears.stop()
        if self.web is not None:
            self.web.stop()
        for listener in self.listeners:
            listener.stop()
        self.schedule.stop()
        self.consumer.stop()
        self.poll_worker.stop()
        self.deliver_worker.stop()
        self.publisher.stop()
        if self.metrics is not None:
            self.metrics.stop()
        self.sandbox.close()
        config = self.switch.config if self.switch else self.config
        close_all(agency.system for agency in config.agencies.values())
        for keeper in (self.switch, self.older):
            if keeper is not None:
                keeper.close()
        self.store.close()
