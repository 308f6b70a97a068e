"""One simulated agency: a real HTTP server that files cases and works on them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.simulator.api import AgencyApi
from hub.simulator.cases import Case, CaseBook, StatusChange, utc_now
from hub.simulator.faults import Fault, FaultPlan, Timing
from hub.simulator.outbox import Outbox, OutboxCounts
from hub.simulator.ports import LOOPBACK_NETWORKS
from hub.simulator.profiles import AgencyProfile
from hub.simulator.running import Served, screen
from hub.simulator.server import FaultyServer
from hub.simulator.tickets import Tickets
from hub.simulator.timers import Timers
from hub.simulator.updates import UNMAPPED_WORD, Updates
from hub.simulator.work import Work

REOPENING_EVENTS = frozenset({"reopened"})
"""Events of the hub after which an agency takes up its work again."""


class SimulatedAgency(Served):
    """An agency with its own system, its own numbers and its own words.

    What it does with its n-th case depends on the seed and n alone. It tells the
    hub of every step until the hub has taken it; it forgets nothing while it is
    stopped and comes back on the same port.
    """

    def __init__(
        self,
        profile: AgencyProfile,
        *,
        seed: int,
        hub_url: Callable[[], str],
        token: str,
        webhook_secret: str,
        work_seconds: tuple[float, float] | None,
        timing: Timing | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Describe the agency; `work_seconds` bounds the time of each step.

        `now` is its clock.

        Without `work_seconds` it does nothing until `move` is called. `hub_url`
        returns an empty text while nobody knows where the hub is.
        """
        self.profile = profile
        self.token = token
        self.webhook_secret = webhook_secret
        self.faults = FaultPlan(seed=seed, timing=timing)
        self._book = CaseBook(profile, now)
        self._timers = Timers(profile.name)
        self._work = Work(
            profile, self._timers, self.move, seed=seed, seconds=work_seconds
        )
        self._outbox = Outbox(self._timers, hub_url)
        self._updates = Updates(
            profile,
            webhook_secret,
            self._outbox,
            self._timers,
            step_seconds_max=max(work_seconds or (0,)),
        )
        self.tickets = Tickets()
        api = AgencyApi(
            profile,
            self._book,
            token,
            tickets=self.tickets,
            on_case=self._work.begin,
            on_events=self._listen,
        )
        self._server = FaultyServer(api.answer, self.faults)

    @property
    def cases(self) -> list[Case]:
        """Every case as it stands now, oldest first."""
        return self._book.cases

    @property
    def told(self) -> OutboxCounts:
        """How far the hub was told."""
        return self._outbox.counts

    @property
    def at_rest(self) -> bool:
        """Tell whether all work is done and the hub has taken every update."""
        return self._timers.at_rest and not self._outbox.counts.waiting

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        prefix = f"SIMPUL_{self.profile.short}"
        return {
            f"{prefix}_URL": self.url,
            f"{prefix}_TOKEN": self.token,
            f"{prefix}_WEBHOOK_SECRET": self.webhook_secret,
            "SIMPUL_EGRESS_NETWORKS": LOOPBACK_NETWORKS,
        }

    def start(self) -> None:
        """Open its system and take up work."""
        self._outbox.open()
        super().start()

    def stop(self) -> None:
        """Close its system at once; what is not done waits for the next start."""
        super().stop()
        self._outbox.close()

    def move(self, nomor: str, word: str, note: str = "") -> StatusChange:
        """Give a case its next status and tell the hub.

        Raises UnknownCase.
        """
        fault = self.faults.for_update()
        if fault is Fault.UNMAPPED_STATUS:
            odd = self._book.move(nomor, UNMAPPED_WORD)
            self._updates.tell(nomor, odd, Fault.NONE)
        change = self._book.move(nomor, word, note)
        self._updates.tell(nomor, change, fault)
        return change

    def push(self, items: list[dict[str, Any]]) -> None:
        """Send the hub a batch of items as they are."""
        self._updates.push(items)

    def snapshot(self) -> dict[str, Any]:
        """Return what a person would see on its screen, ready for JSON."""
        return screen(
            self.profile,
            self.requests,
            [summary(case) for case in self.cases],
            url=self.url,
            faults=self.faults,
            told=self.told,
        )

    def _listen(self, nomor: str, events: Sequence[Mapping[str, Any]]) -> None:
        if any(event["jenis"] in REOPENING_EVENTS for event in events):
            self._work.again(nomor)


def summary(case: Case) -> dict[str, Any]:
    """Show a case as an officer sees it, ready for JSON."""
    return {
        "nomor": case.nomor,
        "status": case.word,
        "created_at": case.created_at.astimezone(UTC).isoformat(),
        "history": [change.word for change in case.history],
        "events": len(case.events),
    }
