"""Whoever assigns by hand knows how an agency orders its updates."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column(
        "order_by", sa.String(8), nullable=False, server_default="arrival"
    )
    op.add_column("parties", column)
