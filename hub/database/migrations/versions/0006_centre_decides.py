"""`triage` says that an official has to decide, also about what was given back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TRIAGE = """
UPDATE complaints SET triage = status IN
       ('received', 'verified', 'return_requested', 'appealed')
"""


def upgrade() -> None:
    op.execute(sa.text(_TRIAGE))
