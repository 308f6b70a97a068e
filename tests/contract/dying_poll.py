"""`python -m tests.contract.dying_poll FOLDER URL`: polls until a fault point kills."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from hub import telemetry
from hub.bootstrap import open_store
from tests.contract.asking import Asking, Feed, word
from tests.contract.builders import PUPR
from tests.contract.world import World, settings_of

WORDS = 9


def feed() -> Feed:
    """Give the feed that both lives of the process read."""
    return Feed([word(n) for n in range(WORDS)])


if __name__ == "__main__":
    store = open_store(settings_of(Path(sys.argv[1]), sys.argv[2]), migrate=False)
    asking = Asking(cast("World", SimpleNamespace(store=store)), {PUPR: feed()})
    with telemetry.doing("poll"):
        asking.poll()
