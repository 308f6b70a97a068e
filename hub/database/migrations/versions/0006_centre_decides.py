"""`triage` says that an official has to decide, also about what was given back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SET = "UPDATE complaints SET triage = status IN ({})"
_DECIDES = "'received', 'verified', 'return_requested', 'appealed'"


def upgrade() -> None:
    op.execute(sa.text(_SET.format(_DECIDES)))


def downgrade() -> None:
    op.execute(sa.text(_SET.format("'received', 'verified'")))
