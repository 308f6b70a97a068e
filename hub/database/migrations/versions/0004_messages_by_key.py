"""An erasure finds the messages of a complaint by their data keys."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_journal_data_key_id", "journal", ["data_key_id"])
