"""Rules of `check_invariants()` about what other systems call a complaint."""

from collections.abc import Iterator

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx


def references_mean_handed_over(tx: Tx) -> Iterator[tuple[str, str]]:
    """A reference is there exactly when the log says that it was handed over."""
    c, log = t.cursors.c, t.log.c
    said = {
        (r.complaint_id, r.leg_agency, r.assignment_no)
        for r in tx.conn.execute(
            sa.select(log.complaint_id, log.leg_agency, log.assignment_no).where(
                log.type == "handed_over"
            )
        )
    }
    began = _began_elsewhere(tx)
    rows = tx.conn.execute(
        sa.select(
            c.complaint_id,
            c.party,
            c.assignment_no,
            c.reference_index,
            c.generation,
        )
        .join(t.parties, t.parties.c.party == c.party)
        .where(t.parties.c.kind.in_(("agency", "upstream")))
    )
    for row in rows:
        if (row.complaint_id, row.party, "upstream") in began:
            continue  # nobody handed it over: it came from there
        # Where it is filed on a platform it has no assignment there.
        number = max(1, row.assignment_no)
        known = (row.complaint_id, row.party, number) in said
        if known and row.reference_index is None and row.generation:
            continue  # an operator had it handed over anew: it is on its way
        if known != (row.reference_index is not None):
            word = (
                "has a reference, but no hand-over"
                if not known
                else "lost its reference"
            )
            yield f"{row.complaint_id}/{row.party}", word


def _began_elsewhere(tx: Tx) -> set[tuple[str, str, str]]:
    """Name (complaint, party, kind) of complaints that another system had first."""
    log = t.log.c
    rows = tx.conn.execute(
        sa.select(log.complaint_id, log.author_id, log.author_kind).where(
            log.type == "received", log.author_kind.in_(("agency", "upstream"))
        )
    )
    return {(r.complaint_id, r.author_id, r.author_kind) for r in rows}


def what_began_elsewhere_is_known_there(tx: Tx) -> Iterator[tuple[str, str]]:
    """A complaint that another system had first has its cursor with its reference."""
    c, old = t.cursors.c, t.agency_references.c
    known = {
        (row.complaint_id, row.party)
        for row in tx.conn.execute(
            sa.select(c.complaint_id, c.party)
            .where(c.reference_index.is_not(None))
            .union(sa.select(old.complaint_id, old.agency))
        )
    }
    for complaint_id, party, _ in sorted(_began_elsewhere(tx)):
        if (complaint_id, party) not in known:
            yield f"{complaint_id}/{party}", "began there, but has no reference of it"
