"""Tables of what agencies are asked: their updates, and how their cases stand."""

import sqlalchemy as sa

from hub.database.tables.base import due_index, lease_columns, metadata
from hub.database.types import Id, Instant, Sealed

sources = sa.Table(
    "sources",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("source", sa.String(100), nullable=False, unique=True),
    sa.Column("party", sa.String(60), nullable=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("lane", sa.String(120), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("config_version", sa.String(16), nullable=False, server_default=""),
    sa.Column("every_s", sa.Float, nullable=False),
    sa.Column("checkpoint", Sealed),
    sa.Column("due_at", Instant),
    sa.Column("hinted_at", Instant),
    sa.Column("since", Instant, nullable=False),
    sa.Column("last_success_at", Instant),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column(
        "is_misconfigured", sa.Boolean, nullable=False, server_default=sa.false()
    ),
    sa.Column("why", sa.String(300), nullable=False, server_default=""),
    sa.Column("skew_ms", sa.BigInteger),
    *lease_columns(),
    due_index("sources", active=True),
)

drift = sa.Table(
    "drift",
    metadata,
    sa.Column("agency", sa.String(60), primary_key=True),
    sa.Column("kind", sa.String(24), primary_key=True),
    # Complaint and assignment, or the blind index of a reference that is not ours.
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("complaint_id", Id),
    sa.Column("reference", Sealed),
    sa.Column("ours", sa.String(24), nullable=False, server_default=""),
    sa.Column("theirs", sa.String(40), nullable=False, server_default=""),
    sa.Column("heal", sa.String(12), nullable=False),
    sa.Column("why", sa.String(300), nullable=False, server_default=""),
    sa.Column("since", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("healed_at", Instant),
)
