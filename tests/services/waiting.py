"""Waiting for a condition that nobody announces."""

import time
from collections.abc import Callable

PAUSE_SECONDS = 0.02


def wait_until(
    condition: Callable[[], bool],
    seconds_max: float,
    *,
    give_up: Callable[[], bool] = lambda: False,
) -> bool:
    """Say whether the condition came true in time, and before `give_up` did."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline or give_up():
            return False
        time.sleep(PAUSE_SECONDS)
    return True
