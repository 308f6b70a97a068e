"""An agency may know one assignment of a complaint by more than one reference."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLE, _KEY = "agency_references", ["complaint_id", "agency", "assignment_no"]


def upgrade() -> None:
    with op.batch_alter_table(_TABLE) as table:
        table.drop_constraint("pk_agency_references", type_="primary")
        table.create_primary_key("pk_agency_references", [*_KEY, "reference_index"])
