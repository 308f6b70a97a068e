"""What all tables share: metadata, column groups, partial indexes."""

from typing import Any

import sqlalchemy as sa

from hub.database.types import Instant

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def where(condition: str) -> dict[str, Any]:
    """Make an index partial: rows that nobody looks for cost nothing."""
    return {
        "postgresql_where": sa.text(condition),
        "sqlite_where": sa.text(condition),
    }


ACTIVE: sa.ColumnClause[str] = sa.literal_column("'active'")
"""As a literal, so that the planner can prove the condition of a partial index."""


def due_index(table: str, *, active: bool = False) -> sa.Index:
    """Due work by lane; partial, so that rows in step cost nothing.

    `active` leaves out what is held or parked as well.
    """
    condition = "due_at IS NOT NULL"
    if active:
        condition += " AND state = 'active'"
    return sa.Index(f"ix_{table}_lane_due_at", "lane", "due_at", **where(condition))


def unsealed_index(table: str, column: str) -> sa.Index:
    """Rows that the background sealer has not numbered yet."""
    return sa.Index(
        f"ix_{table}_unsealed",
        column,
        **where("position IS NULL"),
    )


def sealed_index(table: str) -> sa.Index:
    """Numbered rows in their order, to verify their seals."""
    return sa.Index(f"ix_{table}_position", "position", **where("position IS NOT NULL"))


def lease_columns() -> tuple[sa.Column[object], ...]:
    """Who works the row, until when; a higher epoch makes older holders void."""
    return (
        sa.Column("lease_until", Instant),
        sa.Column("lease_epoch", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_owner", sa.String(64)),
    )


def leased_index(table: str) -> sa.Index:
    """What is leased, by its party: few rows, counted at every lease."""
    return sa.Index(f"ix_{table}_leased", "party", **where("lease_until IS NOT NULL"))


# The database clock of a simulated run: zero in production.
clock = sa.Table(
    "clock",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("offset_us", sa.BigInteger, nullable=False),
)
