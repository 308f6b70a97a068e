"""Who knows what: leases, the frozen range of a call, and what follows from it."""

import threading
from collections.abc import Iterable, Sequence

from hub.database.case_files import read_case_files
from hub.database.directory import Directory
from hub.database.engine import Database, retrying
from hub.database.files import read_contents, read_files
from hub.database.leases import Leasing
from hub.database.lost import take_lost
from hub.database.sending import attempt_row, begin_all
from hub.database.settling import Settling
from hub.database.vault import Vault
from hub.domain.deadlines import Deadlines
from hub.ports import Ask, CaseFile, Ended, Grant, KeptFile, Lease, LostCall, Sending


class SqlCursors:
    """The cursors in the database. Implements `hub.ports.Cursors`."""

    def __init__(
        self,
        db: Database,
        vault: Vault,
        deadlines: Deadlines,
        *,
        owner: str,
        hinting: bool,
    ) -> None:
        self._db = db
        self._vault = vault
        self._deadlines = deadlines
        self._owner = owner
        self._hinting = hinting
        self._directory = Directory()
        self._local = threading.local()

    @retrying
    def lease(self, asks: Sequence[Ask]) -> list[Grant]:
        """Lease due cursors and answers of many lanes, as their parties permit."""
        with self._db.write() as tx:
            return Leasing(tx, self._vault, self._owner).run(asks)

    def lost(self, *, sole: bool) -> list[LostCall]:
        """Take over calls whose outcome nobody wrote, with a new epoch."""
        with self._db.write() as tx:
            return take_lost(tx, self._vault, self._owner, sole=sole)

    def case_files(self, leases: Sequence[Lease]) -> list[CaseFile]:
        """Read what the deliveries are built from."""
        with self._db.read() as tx:
            rows = read_case_files(tx, self._vault, self._directory, leases)
        return rows.open(self._vault, leases)

    def files(self, lease: Lease, seqs: Iterable[int]) -> list[KeptFile]:
        """Name the attachments of events that were not erased, in their order."""
        with self._db.read() as tx:
            return read_files(tx, self._vault, lease.cursor.complaint_id, list(seqs))

    def contents(self, files: Sequence[KeptFile]) -> list[bytes]:
        """Read the content of attachments, in their order; raises LookupError."""
        with self._db.read() as tx:
            return read_contents(tx, files)

    def key_secret(self) -> bytes:
        """Give the secret of idempotency keys."""
        return self._vault.ring.delivery_secret

    def begin(self, group: Sequence[Sending]) -> list[str | None]:
        """Commit "sending" with an attempt row each; None: lease lost."""
        attempts = [attempt_row(sending) for sending in group]
        return self._begin(group, attempts)

    @retrying
    def _begin(
        self, group: Sequence[Sending], attempts: Sequence[dict[str, object]]
    ) -> list[str | None]:
        with self._db.write() as tx:
            return begin_all(tx, group, attempts)

    @retrying
    def settle(self, group: Sequence[Ended]) -> list[bool]:
        """Write outcomes in one transaction, all or none; idempotent."""
        with self._db.write() as tx:
            settling = Settling(
                tx,
                self._vault,
                self._deadlines,
                self._directory,
                hinting=self._hinting,
            )
            kept = settling.run(group)
        self._hints().extend(settling.due)
        return kept

    def _hints(self) -> list[tuple[str, str]]:
        if not hasattr(self._local, "hints"):
            self._local.hints = []
        found: list[tuple[str, str]] = self._local.hints
        return found

    def take_hints(self) -> list[tuple[str, str]]:
        """Take the (lane, id) pairs that this thread's transactions made due."""
        found, self._local.hints = self._hints(), []
        return found
