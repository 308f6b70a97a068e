"""What is not urgent waits for more; a contact's state says since when, and why."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    burst = sa.Column("burst_s", sa.Float, nullable=False, server_default="0")
    op.add_column("parties", burst)
    why = sa.Column("why", sa.String(60), nullable=False, server_default="")
    op.add_column("contact_state", why)
    op.add_column("contact_state", sa.Column("changed_at", Instant))
