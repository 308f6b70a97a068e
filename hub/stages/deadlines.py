"""The clocks of complaints: what is due by the calendar is noted, told, and done."""

from collections.abc import Callable, Iterable

from hub import telemetry
from hub.ports import Clocks, Struck
from hub.stages.halves import in_halves

AT_ONCE = 100
"""Complaints in one transaction."""
ROUNDS_MAX = 5
"""Transactions in one round; the sweep waits for no more."""
POSTPONED_SECONDS = 3600.0
"""How long a complaint is left alone whose clocks cannot be worked."""


class StrikeClocks:
    """Works complaints whose clocks have something to do; any number run at once."""

    def __init__(
        self, clocks: Clocks, told: Callable[[Iterable[tuple[str, str]]], None]
    ) -> None:
        self._clocks = clocks
        self._told = told

    def __call__(self) -> int:
        """Work what is due, some hundred complaints at most; returns how many steps.

        A complaint that fails alone is logged, and put off. Raises ConnectionError
        when the database is away.
        """
        steps = 0
        for _ in range(ROUNDS_MAX):
            ids = self._clocks.due(AT_ONCE)
            if not ids:
                break
            struck = in_halves(self._clocks.strike, ids, self._put_off)
            steps += sum(self._note(one) for one in struck if one is not None)
            if len(ids) < AT_ONCE:
                break
        return steps

    def _note(self, struck: Struck) -> int:
        for clock, event in struck.steps:
            telemetry.clock_steps.labels(clock=clock, event=event).inc()
        self._told(struck.due)
        return len(struck.steps)

    def _put_off(self, complaint_id: str, error: Exception) -> None:
        telemetry.log.error("clocks_failed", complaint=complaint_id, error=error)
        self._clocks.postpone(complaint_id, POSTPONED_SECONDS)
