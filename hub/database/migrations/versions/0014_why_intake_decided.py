"""Why intake decided as it did, and how often an address was answered."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COUNTED = sa.text("contact_index IS NOT NULL")


def upgrade() -> None:
    op.add_column("journal", sa.Column("trace", Json))
    op.add_column("journal", sa.Column("trace_sealed", sa.LargeBinary))
    op.add_column("answers", sa.Column("contact_index", sa.LargeBinary))
    op.add_column("answers", sa.Column("conversation_index", sa.LargeBinary))
    op.create_index(
        "ix_answers_contact_index",
        "answers",
        ["contact_index"],
        postgresql_where=_COUNTED,
        sqlite_where=_COUNTED,
    )
