"""What is asked of a measured figure, and whether it is met."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """A gate, and a target behind it."""

    gate: float
    target: float
    less: bool = False
    """Less is better."""

    def __str__(self) -> str:
        return f"gate {self.shown(self.gate)}, target {self.shown(self.target)}"

    def shown(self, limit: float) -> str:
        """Write a limit as the tables do."""
        return f"<= {limit:g}" if self.less else f"{limit:g}"

    def verdict(self, value: float) -> str:
        """Say what a value meets."""
        if self._meets(value, self.target):
            return "target met"
        return "gate met" if self._meets(value, self.gate) else "GATE MISSED"

    def _meets(self, value: float, limit: float) -> bool:
        return value <= limit if self.less else value >= limit
