"""The duty that runs real traffic through shadows, behind the hot path."""

from collections.abc import Mapping
from datetime import timedelta

from connectors.registry import ConfigError, make_agency
from connectors.roster import place_of
from hub import telemetry
from hub.bootstrap.reference import folders_of
from hub.bootstrap.rehearsing import rehearse
from hub.bootstrap.store import Store
from hub.bootstrap.switching import close_all
from hub.database.shadows import Shadow
from hub.database.traffic import Window

SHADOW_SECONDS = 5.0
BEHIND = timedelta(seconds=10)
"""Rows get their ids before they are committed: what is younger may still come."""
AT_ONCE = timedelta(minutes=5)
SAMPLE_MAX = 50
"""Deliveries, and messages, of one look; of more the newest stand for all."""


class Shadowing:
    """Looks at each shadow's new traffic once, whichever process does."""

    def __init__(self, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environ = environ

    def __call__(self) -> int:
        """Look at what is new; returns for how many shadows."""
        shadows = self._store.shadows.all()
        return sum(self._look(shadow) for shadow in shadows)

    def _look(self, shadow: Shadow) -> bool:
        until = min(self._store.queries.now() - BEHIND, shadow.through + AT_ONCE)
        if until <= shadow.through:
            return False
        runs = [
            one for one in self._store.versions.current() if one.agency == shadow.agency
        ]
        if not runs:
            return False
        file = place_of(shadow.agency, folders_of(self._store.settings))
        try:
            old = make_agency(file, runs[0].content, self._environ)
            new = make_agency(file, shadow.content, self._environ)
        except ConfigError as error:
            telemetry.log.warning("shadow_waits", party=shadow.agency, error=error)
            return False
        try:
            window = Window(shadow.through, until, SAMPLE_MAX)
            found = rehearse(self._store, old, new, window)
        finally:
            close_all([old.system, new.system])
        return self._store.shadows.count(shadow, until, found.document())
