"""What holds for some time only: reference data, rules, parts of agencies."""

from datetime import date
from typing import Self

from pydantic import model_validator

from schemas.base import Model


class Dated(Model):
    """Something that begins and ends on a day; without one it always was, or lasts."""

    valid_from: date | None = None
    """The first day on which it holds."""
    valid_until: date | None = None
    """The last day on which it holds."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.valid_from, self.valid_until
        if first is not None and last is not None and last < first:
            msg = f"valid_until {last} lies before valid_from {first}"
            raise ValueError(msg)
        return self

    def has_begun(self, day: date) -> bool:
        """Tell whether its first day has come."""
        return self.valid_from is None or self.valid_from <= day

    def has_ended(self, day: date) -> bool:
        """Tell whether its last day is over."""
        return self.valid_until is not None and self.valid_until < day

    def holds_on(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.has_begun(day) and not self.has_ended(day)
