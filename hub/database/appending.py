"""What a group of statements has that appends events in transactions of its own."""

from hub.database.engine import Database, Tx
from hub.database.log import Appender
from hub.database.vault import Vault
from hub.domain.deadlines import Deadlines


class Appends:
    """Opens the log for one transaction at a time.

    `hinting`: whoever owns it has a publisher for what becomes due.
    """

    def __init__(
        self, db: Database, vault: Vault, deadlines: Deadlines, *, hinting: bool
    ) -> None:
        self._db = db
        self._vault = vault
        self._deadlines = deadlines
        self._hinting = hinting

    def _appender(self, tx: Tx) -> Appender:
        return Appender(tx, self._vault, self._deadlines, hinting=self._hinting)
