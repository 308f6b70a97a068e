"""Finding the complaint that somebody names."""

from typing import TYPE_CHECKING
from uuid import UUID

from hub.cli.errors import Failed

if TYPE_CHECKING:
    from hub.bootstrap import Store


def find_complaint(store: "Store", name: str) -> str:
    """Find a complaint by code, public number or id; raises Failed."""
    from hub.domain.identity import read_code

    found = store.queries.find_complaint(read_code(name) or as_id(name) or name)
    if found is None:
        msg = (
            f"no complaint has the code, number or id {name!r}; "
            "one that was just taken in appears when it was worked: simpul stats"
        )
        raise Failed(msg)
    return found


def as_id(name: str) -> str | None:
    """Read an id as people paste it; None when it is none."""
    try:
        return str(UUID(name))
    except ValueError:
        return None
