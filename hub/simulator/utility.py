"""A simulated agency whose system is an Open311 server, and tells nobody by itself."""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Self

from hub.simulator.agency import summary
from hub.simulator.cases import Case, CaseBook, StatusChange, utc_now
from hub.simulator.faults import Fault, FaultPlan, Timing
from hub.simulator.open311_api import BASE, Open311Api
from hub.simulator.open311_profile import Open311Profile
from hub.simulator.outbox import OutboxCounts
from hub.simulator.ports import LOOPBACK_NETWORKS
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.timers import Timers
from hub.simulator.updates import UNMAPPED_WORD

AT_WORK_AGAIN = frozenset({"REOPEN", "IN_PROGRESS"})
"""Statuses of the hub's updates after which a settled case is worked on again."""


class SimulatedUtility:
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
        self._seed = seed
        self._work_seconds = work_seconds
        self._book = CaseBook(profile, now)
        self._timers = Timers(profile.name)
        self._api = Open311Api(
            profile,
            self._book,
            api_key,
            on_case=self._begin,
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
    def requests(self) -> list[RecordedRequest]:
        """Every request that came in, also those it did not answer."""
        return self._server.requests

    @property
    def told(self) -> OutboxCounts:
        """How much of what it did was asked for; an attempt is a change it told."""
        changes = [c.event_id for case in self.cases for c in case.history]
        told = sum(change in self._api.listings.listed for change in changes)
        return OutboxCounts(told, len(changes) - told, 0, told)

    @property
    def at_rest(self) -> bool:
        """Tell whether all work is done.

        Whether anybody asked for it since is what `told.waiting` says.
        """
        return self._timers.at_rest

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        prefix = f"SIMPUL_{self.profile.short}"
        return {
            f"{prefix}_URL": self.url,
            f"{prefix}_KEY": self.api_key,
            "SIMPUL_EGRESS_NETWORKS": LOOPBACK_NETWORKS,
        }

    def start(self) -> None:
        """Open its system and take up work."""
        self._timers.start()
        self._server.start()

    def stop(self) -> None:
        """Close its system at once; what is not done waits for the next start."""
        self._server.stop()
        self._timers.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

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
        told = self.told
        return {
            "name": self.profile.name,
            "title": self.profile.title,
            "url": self.url,
            "requests": len(self.requests),
            "faults": {str(f): times for f, times in self.faults.played.items()},
            "updates": {"delivered": told.delivered, "waiting": told.waiting},
            "cases": [summary(case) for case in self.cases],
        }

    def _begin(self, case: Case) -> None:
        plan = random.Random(f"{self._seed}:{self.profile.name}:{case.number}")
        words = self.profile.words
        if plan.random() < self.profile.returns:
            words = (words[0], self.profile.return_word)
        self._plan_work(case.nomor, words, plan)

    def _listen(self, case: Case, status: str) -> None:
        if status in AT_WORK_AGAIN and case.word in self.profile.last_words:
            plan = random.Random(f"{self._seed}:{case.nomor}:again")
            self._plan_work(case.nomor, self.profile.words[1:], plan)

    def _plan_work(self, nomor: str, words: Sequence[str], plan: random.Random) -> None:
        if self._work_seconds is None:
            return
        delay = 0.0
        for word in words:
            delay += plan.uniform(*self._work_seconds)
            note = plan.choice(self.profile.notes.get(word, ("",)))
            self._timers.after(delay, partial(self.move, nomor, word, note))
