"""What agencies' files said is kept under numbers; processes follow its changes."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Instant, Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency_versions",
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("mapping_version", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("live", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("why", sa.String(300), nullable=False, server_default=""),
        sa.Column("approved_by", sa.String(100), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("agency", "number", name="pk_agency_versions"),
        sa.UniqueConstraint(
            "agency",
            "mapping_version",
            name="uq_agency_versions_agency_mapping_version",
        ),
    )
    op.create_table(
        "agency_shadows",
        sa.Column("agency", sa.String(60), nullable=False),
        sa.Column("mapping_version", sa.String(16), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("through", Instant, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("report", Json, nullable=False),
        sa.PrimaryKeyConstraint("agency", name="pk_agency_shadows"),
    )
