"""The schedule: the sweep and the background duties, each on its own interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hub import telemetry
from hub.ports import Clock, Due


@dataclass
class Duty:
    """Something that is done again and again."""

    name: str
    every_seconds: float
    run: Callable[[], object]
    next_at: float = field(default=0.0)


class Schedule:
    """Runs duties when they are due. One duty's failure never stops another."""

    def __init__(self, duties: Sequence[Duty], clock: Clock) -> None:
        self._duties = list(duties)
        self._clock = clock

    def tick(self) -> float:
        """Run what is due; returns the seconds until the next duty."""
        for duty in self._duties:
            if self._clock() < duty.next_at:
                continue
            duty.next_at = self._clock() + duty.every_seconds
            try:
                with telemetry.doing(duty.name):
                    duty.run()
            except Exception as error:  # noqa: BLE001 - it is tried again at its next time
                telemetry.log.warning("duty_failed", duty=duty.name, error=error)
        return max(0.0, min(duty.next_at for duty in self._duties) - self._clock())


class Sweep:
    """Turns due rows into hints."""

    def __init__(
        self,
        due: Due,
        publish: Callable[[str, Sequence[str], str], None],
        rehint_seconds: float,
    ) -> None:
        self._due = due
        self._publish = publish
        self._rehint_seconds = rehint_seconds

    def __call__(self) -> int:
        """Hint every due row that no young hint tells of; returns how many."""
        found = self._due.sweep(self._rehint_seconds)
        lanes: dict[tuple[str, str], list[str]] = {}
        for lane, row_id, by in found:
            lanes.setdefault((lane, by), []).append(row_id)
        for (lane, by), ids in lanes.items():
            self._publish(lane, ids, by)
        return len(found)
