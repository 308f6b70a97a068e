"""Complaints that people act on: one event under the complaint's lock, audited."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from connectors.contract import File
from hub.database import tables as t
from hub.database.appending import Appends
from hub.database.audit import note
from hub.database.case import Case
from hub.database.engine import Tx, retrying
from hub.database.log import Appender
from hub.database.persons import collect_files, collect_followers
from hub.domain.lifecycle import why_unmoved
from hub.ports import Moment, Moved
from schemas.events import Cause, NewEvent
from schemas.parties import AuthorKind, PartyKind


class SqlCases(Appends):
    """Implements `hub.ports.Cases`."""

    @retrying
    def act(
        self,
        complaint_id: str,
        cause: Cause,
        decide: Callable[[Moment], Sequence[NewEvent]],
        *,
        by: str,
        action: str,
        reason: str,
        files: Sequence[File] = (),
    ) -> Moved | None:
        """Append what is decided, under the complaint's lock, and audit it."""
        with self._db.write() as tx:
            log = self._appender(tx)
            case = log.open(complaint_id)
            if case is None:
                return None
            if known := _known(case, cause):
                return known
            written, *_ = log.append(case, decide(_moment(tx, log, case)))
            if files and case.key is not None:
                place = (complaint_id, written.event_id)
                collect_files(log.batch, case.key, *place, files)
            due = log.flush()
            note(tx, by=by, action=action, subject=complaint_id, reason=reason)
        return Moved(written.seq, written.event.type, written.status_after, due)

    @retrying
    def merge(
        self,
        secondary: str,
        primary: str,
        cause: Cause,
        decide: Callable[[Moment, Moment], tuple[NewEvent, NewEvent]],
        *,
        by: str,
        action: str,
        reason: str,
    ) -> Moved | None:
        """Let a complaint follow another, under the locks of both, and audit it."""
        with self._db.write() as tx:
            log = self._appender(tx)
            log.open_many([secondary, primary])
            follower, leader = log.open(secondary), log.open(primary)
            if follower is None or leader is None:
                return None
            if known := _known(follower, cause):
                return known
            moments = _moment(tx, log, follower), _moment(tx, log, leader)
            into, origin = decide(*moments)
            (written,) = log.append(follower, [into])
            log.append(leader, [origin])
            self._follow(tx, log, follower, leader)
            due = log.flush()
            note(tx, by=by, action=action, subject=secondary, reason=reason)
        return Moved(written.seq, written.event.type, written.status_after, due)

    def _follow(self, tx: Tx, log: Appender, follower: Case, leader: Case) -> None:
        """Give the reporters of one complaint cursors on another, at its head."""
        collect_followers(tx, self._vault, log.batch, follower, leader.complaint_id)
        for party, recipient in sorted(follower.cursors):
            known = log.parties.get(party)
            if known is not None and known.kind is PartyKind.REPORTER:
                log.add_cursor(leader, party, recipient)


def _moment(tx: Tx, log: Appender, case: Case) -> Moment:
    agencies = {
        name: party.order_by
        for name, party in log.parties.items()
        if party.kind is PartyKind.AGENCY
    }

    def is_illegal(event: NewEvent) -> bool:
        seq = len(case.events) + 1
        return bool(why_unmoved(case.folding.after(seq, event).state, seq))

    types = {event.type: seq for seq, event in case.events}
    return Moment(
        tx.now,
        case.state,
        agencies,
        is_illegal,
        is_erased=case.key is None or "erasure_requested" in types,
        is_followed="merged_from" in types,
        follows=_number_of(tx, case.state.merged_into),
        began_above=_platform_of(case),
        last=types,
    )


def _platform_of(case: Case) -> str:
    author = case.events[0][1].author
    return author.id if author.kind is AuthorKind.UPSTREAM else ""


def _number_of(tx: Tx, complaint_id: str) -> str:
    if not complaint_id:
        return ""
    c = t.complaints.c
    query = sa.select(c.public_number).where(c.id == complaint_id)
    return str(tx.conn.execute(query).scalar_one())


def _known(case: Case, cause: Cause) -> Moved | None:
    """Tell what an action did that is carried out already."""
    for seq, found in case.events:
        if found.cause == cause:
            return Moved(seq, found.type, case.state.status, ())
    return None
