"""The parties as the log needs them, read in the same transaction."""

from dataclasses import dataclass

import sqlalchemy as sa

from hub.database import tables as t
from hub.database.engine import Tx
from hub.database.hot.pipeline import run
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
    order_by: str
    burst_s: float = 0.0
    """What is not urgent may wait so long for more; zero for all but reporters."""
    mirrors: bool = False
    """It is an upstream platform that gets every complaint."""


_DIGEST = """
SELECT md5(string_agg(concat_ws(chr(31), party, kind, lane, title, config_version,
                                order_by, burst_s, mirrors,
                                coalesce(wants::text, 'null')), chr(30) ORDER BY party))
  FROM parties
"""


class Directory:
    """The parties' configuration, read anew only when any of it changed."""

    def __init__(self) -> None:
        self._known: tuple[str, dict[str, PartyRow]] = ("", {})

    def read(self, tx: Tx) -> dict[str, PartyRow]:
        """Give every party's configuration, as of this transaction."""
        if not tx.is_postgresql:
            return read_parties(tx)
        (found,) = run(tx, [(_DIGEST, ())])
        digest = found.fetchone()[0] or ""
        known, parties = self._known
        if digest != known:
            # What changes in between has another digest at the next look.
            parties = read_parties(tx)
            self._known = (digest, parties)
        return parties


def read_parties(tx: Tx) -> dict[str, PartyRow]:
    """Read every party's configuration."""
    c = t.parties.c
    rows = tx.conn.execute(
        sa.select(
            c.party,
            c.kind,
            c.lane,
            c.title,
            c.wants,
            c.config_version,
            c.order_by,
            c.burst_s,
            c.mirrors,
        )
    )
    return {
        r.party: PartyRow(
            r.party,
            PartyKind(r.kind),
            r.lane,
            r.title,
            None if r.wants is None else tuple(r.wants),
            r.config_version,
            r.order_by,
            r.burst_s,
            r.mirrors,
        )
        for r in rows
    }
