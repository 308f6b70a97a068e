"""What every published model shares: immutable, strict about unknown fields."""

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen model that refuses unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class Sealed:
    """Marks a field that may hold personal data: stored as ciphertext only."""

    def __repr__(self) -> str:
        """Name the marker in signatures and error texts."""
        return "SEALED"


SEALED = Sealed()


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        msg = "an instant needs a time zone; declare the source's zone"
        raise ValueError(msg)
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware)]
"""A moment, always UTC; naive datetimes are refused."""


@cache
def sealed_fields(model: type[BaseModel]) -> frozenset[str]:
    """Name the fields of a model that are stored as ciphertext."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(isinstance(mark, Sealed) for mark in field.metadata)
    )


def split(payload: BaseModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide a payload into its clear facts and its sealed part (JSON values)."""
    hidden = sealed_fields(type(payload))
    values = payload.model_dump(mode="json", exclude_defaults=True)
    facts = {name: value for name, value in values.items() if name not in hidden}
    sealed = {name: value for name, value in values.items() if name in hidden}
    return facts, sealed
