"""Complaints that people act on: one event under the complaint's lock, audited."""

from collections.abc import Callable

from hub.database.audit import note
from hub.database.case import Case
from hub.database.engine import Database, Tx, retrying
from hub.database.log import Appender
from hub.database.vault import Vault
from hub.ports import Moment, Moved
from schemas.events import Cause, NewEvent
from schemas.parties import PartyKind


class SqlCases:
    """Implements `hub.ports.Cases`."""

    def __init__(self, db: Database, vault: Vault, *, hinting: bool) -> None:
        self._db = db
        self._vault = vault
        self._hinting = hinting

    @retrying
    def act(
        self,
        complaint_id: str,
        cause: Cause,
        decide: Callable[[Moment], NewEvent],
        *,
        by: str,
        action: str,
        reason: str,
    ) -> Moved | None:
        """Append what is decided, under the complaint's lock, and audit it."""
        with self._db.write() as tx:
            log = Appender(tx, self._vault, hinting=self._hinting)
            case = log.open(complaint_id)
            if case is None:
                return None
            if known := _known(case, cause):
                return known
            (written,) = log.append(case, [decide(_moment(tx, log, case))])
            due = log.flush()
            note(tx, by=by, action=action, subject=complaint_id, reason=reason)
        return Moved(written.seq, written.event.type, written.status_after, due)


def _moment(tx: Tx, log: Appender, case: Case) -> Moment:
    agencies = {
        name: party.order_by
        for name, party in log.parties.items()
        if party.kind is PartyKind.AGENCY
    }

    def is_illegal(event: NewEvent) -> bool:
        seq = len(case.events) + 1
        return seq in case.folding.after(seq, event).state.illegal

    return Moment(tx.now, case.state, agencies, is_illegal, case.key is None)


def _known(case: Case, cause: Cause) -> Moved | None:
    """Tell what an action did that is carried out already."""
    for seq, found in case.events:
        if found.cause == cause:
            return Moved(seq, found.type, case.state.status, ())
    return None
