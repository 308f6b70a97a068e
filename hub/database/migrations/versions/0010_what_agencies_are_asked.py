"""What agencies are asked; nobody was asked before, so `sources` had no row yet."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Id, Instant, Sealed

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_DUE = sa.text("due_at IS NOT NULL AND state = 'active'")


def upgrade() -> None:
    op.drop_table("sources")
    op.create_table(
        "sources",
        sa.Column("id", Id, nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("party", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("lane", sa.String(120), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("config_version", sa.String(16), nullable=False, server_default=""),
        sa.Column("every_s", sa.Float(), nullable=False),
        sa.Column("checkpoint", Sealed()),
        sa.Column("due_at", Instant()),
        sa.Column("hinted_at", Instant()),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("last_success_at", Instant()),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column(
            "is_misconfigured", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
        sa.Column("why", sa.String(300), nullable=False, server_default=""),
        sa.Column("skew_ms", sa.BigInteger()),
        sa.Column("lease_until", Instant()),
        sa.Column("lease_epoch", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lease_owner", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("source", name=op.f("uq_sources_source")),
    )
    op.create_index(
        "ix_sources_lane_due_at",
        "sources",
        ["lane", "due_at"],
        postgresql_where=_DUE,
        sqlite_where=_DUE,
    )
    op.create_table(
        "drift",
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("complaint_id", Id),
        sa.Column("reference", Sealed()),
        sa.Column("ours", sa.String(24), nullable=False, server_default=""),
        sa.Column("theirs", sa.String(40), nullable=False, server_default=""),
        sa.Column("heal", sa.String(12), nullable=False),
        sa.Column("why", sa.String(300), nullable=False, server_default=""),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("healed_at", Instant()),
        sa.PrimaryKeyConstraint("agency", "kind", "subject", name=op.f("pk_drift")),
    )
