"""A simulated agency whose system is an Open311 server, and tells nobody by itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hub.simulator.agency import summary
from hub.simulator.cases import Case, CaseBook, StatusChange, utc_now
from hub.simulator.faults import Fault, FaultPlan, Timing
from hub.simulator.open311_api import BASE, Open311Api
from hub.simulator.open311_profile import Open311Profile
from hub.simulator.outbox import OutboxCounts
from hub.simulator.ports import LOOPBACK_NETWORKS
from hub.simulator.running import Served, screen
from hub.simulator.server import FaultyServer
from hub.simulator.timers import Timers
from hub.simulator.updates import UNMAPPED_WORD
from hub.simulator.work import Work

AT_WORK_AGAIN = frozenset({"REOPEN", "IN_PROGRESS"})
"""Statuses of the hub's updates after which a settled case is worked on again."""


class SimulatedUtility(Served):
    """The water utility: it works like any agency, and waits to be asked.

    What it does with its n-th case depends on the seed and n alone. It forgets
    nothing while it is stopped and comes back on the same port.
    """

    def __init__(
        self,
        profile: Open311Profile,
        *,
        seed: int,
        api_key: str,
        work_seconds: tuple[float, float] | None,
        timing: Timing | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Describe it; `work_seconds` bounds the time of each step, `now` is its clock.

        Without `work_seconds` it does nothing until `move` is called.
        """
        self.profile = profile
        self.api_key = api_key
        self.faults = FaultPlan(seed=seed, timing=timing)
        self._book = CaseBook(profile, now)
        self._timers = Timers(profile.name)
        self._work = Work(
            profile, self._timers, self.move, seed=seed, seconds=work_seconds
        )
        self._api = Open311Api(
            profile,
            self._book,
            api_key,
            on_case=self._work.begin,
            on_update=self._listen,
            now=now,
        )
        self._server = FaultyServer(self._api.answer, self.faults)

    @property
    def url(self) -> str:
        """Where its server is: the base address, with its slash at the end."""
        return f"{self._server.url}{BASE}"

    @property
    def cases(self) -> list[Case]:
        """Every case as it stands now, oldest first."""
        return self._book.cases

    @property
    def told(self) -> OutboxCounts:
        """How much of what it did was asked for; an attempt is a change it told."""
        changes = [c.event_id for case in self.cases for c in case.history]
        told = sum(change in self._api.listings.listed for change in changes)
        return OutboxCounts(told, len(changes) - told, 0, told)

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        prefix = f"SIMPUL_{self.profile.short}"
        return {
            f"{prefix}_URL": self.url,
            f"{prefix}_KEY": self.api_key,
            "SIMPUL_EGRESS_NETWORKS": LOOPBACK_NETWORKS,
        }

    def move(self, nomor: str, word: str, note: str = "") -> StatusChange:
        """Give a case its next status; raises UnknownCase."""
        fault = self.faults.for_update()
        if fault is Fault.UNMAPPED_STATUS:
            self._book.move(nomor, UNMAPPED_WORD)
        change = self._book.move(nomor, word, note)
        if fault is not Fault.NONE:
            self._api.listings.marks[change.event_id] = fault
        return change

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

    def _listen(self, case: Case, status: str) -> None:
        if status in AT_WORK_AGAIN and case.word in self.profile.last_words:
            self._work.again(case.nomor)
