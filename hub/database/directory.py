"""The parties as the log needs them, read in the same transaction."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from schemas.parties import PartyKind


@dataclass(frozen=True, slots=True)
class PartyRow:
    """What decides whether and where a party is told."""

    party: str
    kind: PartyKind
    lane: str
    title: str
    wants: tuple[str, ...] | None
    config_version: str


def read_parties(tx: Tx) -> dict[str, PartyRow]:
    """Read every party's configuration."""
    c = t.parties.c
    rows = tx.conn.execute(
        sa.select(c.party, c.kind, c.lane, c.title, c.wants, c.config_version)
    )
    return {
        r.party: PartyRow(
            r.party,
            PartyKind(r.kind),
            r.lane,
            r.title,
            None if r.wants is None else tuple(r.wants),
            r.config_version,
        )
        for r in rows
    }
