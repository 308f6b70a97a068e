"""What is wrong with an item of a message; becomes a Corrupt."""

from connectors.systems.rest.places import Place


class Unreadable(Exception):
    """An item cannot be read."""

    def __init__(self, why: str, *, code: str = "malformed") -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def missing(place: Place | None, what: str) -> Unreadable:
    """Say which field is missing and what it is for."""
    return Unreadable(f"the field {place} is missing: {what}", code="missing_field")
