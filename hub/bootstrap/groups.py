"""Taking what waits in a queue together, so that it costs one transaction."""

import queue
from typing import TypeVar

Item = TypeVar("Item")


def take_waiting(
    waiting: "queue.SimpleQueue[Item | None]", most: int
) -> tuple[list[Item], bool]:
    """Wait for the first item, and take what waits with it, without lingering.

    At most `most`. None ends the queue: then the second value is True.
    """
    taken: list[Item] = []
    item = waiting.get()
    while item is not None:
        taken.append(item)
        if len(taken) == most:
            return taken, False
        try:
            item = waiting.get_nowait()
        except queue.Empty:
            return taken, False
    return taken, True
