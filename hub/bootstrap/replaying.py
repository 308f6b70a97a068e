"""Reading past messages again, with the readers and the limits of a running hub."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from connectors import registry
from hub.bootstrap.sandbox import Sandbox
from hub.bootstrap.store import Store
from hub.settings import Settings
from hub.stages.replay import Replay


@contextmanager
def replaying(
    store: Store,
    settings: Settings,
    environ: Mapping[str, str],
    channels: Sequence[str],
    rate: float,
) -> Iterator[Replay]:
    """Give the stage over these channels, at most `rate` messages a second.

    Raises registry.ConfigError for a channel that cannot be made.
    """
    made = {
        name: registry.channel(name, settings.channels[name], environ)
        for name in channels
    }
    sandbox = Sandbox(
        made,
        settings.channels,
        seconds_max=settings.work.item_seconds_max,
        memory_mb_max=settings.work.item_memory_mb_max,
    )
    try:
        yield Replay(store.past, store.cases, sandbox, paced(rate))
    finally:
        sandbox.close()


def paced(
    rate: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[], None]:
    """Make what waits so that it is passed at most `rate` times a second."""
    turn = clock()

    def pause() -> None:
        nonlocal turn
        wait = turn - clock()
        if wait > 0:
            sleep(wait)
        turn = max(turn, clock()) + 1 / rate

    return pause
