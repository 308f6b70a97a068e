"""When the next step of a complaint's clocks is due; older complaints are looked at."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints", sa.Column("next_clock_at", Instant(), nullable=True))
    op.add_column(
        "complaints",
        sa.Column("overdue", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE complaints SET next_clock_at = received_at WHERE erased_at IS NULL"
    )
    op.create_index(
        "ix_complaints_overdue",
        "complaints",
        ["id"],
        unique=False,
        postgresql_where=sa.text("overdue"),
        sqlite_where=sa.text("overdue"),
    )
    op.create_index(
        "ix_complaints_next_clock_at",
        "complaints",
        ["next_clock_at"],
        unique=False,
        postgresql_where=sa.text("next_clock_at IS NOT NULL"),
        sqlite_where=sa.text("next_clock_at IS NOT NULL"),
    )
