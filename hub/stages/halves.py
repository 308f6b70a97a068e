"""Doing many things together, so that one bad thing never takes others along."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_halves(
    do: Callable[[Sequence[Item]], Sequence[Found]],
    items: Sequence[Item],
    failed: Callable[[Item, Exception], None],
) -> list[Found | None]:
    """Do all items at once; if that fails, by halves, down to the one that fails.

    `do` does all or none of what it is given. Each item that fails alone is told to
    `failed`, and None stands in its place. Raises ConnectionError: then nothing of
    the rest was done, and what was done must bear to be done again.
    """
    if not items:
        return []
    try:
        return list(do(items))
    except ConnectionError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, others go on
        if len(items) == 1:
            failed(items[0], error)
            return [None]
    middle = len(items) // 2
    first = in_halves(do, items[:middle], failed)
    return first + in_halves(do, items[middle:], failed)
