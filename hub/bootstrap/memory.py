"""Memory of a process that works in batches."""

import gc

YOUNG_MAX = 100_000
"""Objects that are made before the collector looks: more than one batch makes."""


def calm_collector() -> None:
    """Let the cycle collector look seldom, and never at what start-up made.

    A batch makes tens of thousands of objects, without cycles, and lets all of them go
    at its end; at the usual pace the collector looks at them dozens of times meanwhile,
    which took a quarter of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)
