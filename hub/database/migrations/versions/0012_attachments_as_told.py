"""What each party got of an attachment: when, by which attempt, and what it fetched."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Id, Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLE = "attachment_deliveries"
_FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    # Nothing ever wrote to it: it is made anew, with columns that may not be empty.
    op.drop_table(_TABLE)
    op.create_table(
        _TABLE,
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("party", sa.String(60), nullable=False),
        sa.Column("recipient", sa.String(40), nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("why", sa.String(40), nullable=False, server_default=""),
        sa.Column("remote_ref", sa.LargeBinary),
        sa.Column("at", Instant, nullable=False),
        sa.Column("attempt_id", Id),
        sa.Column("fetches", sa.Integer, nullable=False, server_default="0"),
        sa.Column("fetched_at", Instant),
        sa.PrimaryKeyConstraint(
            "complaint_id",
            "party",
            "recipient",
            "event_id",
            "n",
            name=op.f("pk_attachment_deliveries"),
        ),
    )
    op.create_index(
        "ix_attachment_deliveries_failed",
        _TABLE,
        ["complaint_id"],
        postgresql_where=_FAILED,
        sqlite_where=_FAILED,
    )
