"""What is leased is found by its party."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("cursors", "answers"):
        op.create_index(
            f"ix_{table}_leased",
            table,
            ["party"],
            unique=False,
            postgresql_where=sa.text("lease_until IS NOT NULL"),
            sqlite_where=sa.text("lease_until IS NOT NULL"),
        )
