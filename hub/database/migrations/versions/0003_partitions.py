"""Partitions on PostgreSQL; codes in a table of their own."""

import sqlalchemy as sa
from alembic import op

from hub.database.partitions import (
    BY_MONTH,
    FILLFACTOR,
    LOG_PARTS,
    OLDEST,
    around,
    make_months,
    months_of,
    today,
)
from hub.database.types import Id

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "codes",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("journal_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_codes")),
    )
    op.execute("INSERT INTO codes SELECT code, id FROM journal WHERE code IS NOT NULL")
    op.drop_index("ix_journal_code", table_name="journal")
    op.drop_index("ix_journal_parent_id_item_no", table_name="journal")
    if op.get_bind().dialect.name == "postgresql":
        _partition()
    op.create_index(
        "ix_journal_parent_id_item_no",
        "journal",
        ["parent_id", "item_no"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
        sqlite_where=sa.text("parent_id IS NOT NULL"),
    )


INDEXES = {
    "journal": (
        (
            "CREATE INDEX ix_journal_lane_due_at ON journal (lane, due_at)"
            " WHERE due_at IS NOT NULL"
        ),
        (
            "CREATE INDEX ix_journal_position ON journal (position)"
            " WHERE position IS NOT NULL"
        ),
        (
            "CREATE INDEX ix_journal_unsealed ON journal (received_at)"
            " WHERE position IS NULL"
        ),
        (
            "CREATE INDEX ix_journal_waiting_for ON journal (waiting_for)"
            " WHERE waiting_for IS NOT NULL"
        ),
    ),
    "journal_raw": (),
    "log": (
        (
            "ALTER TABLE log ADD CONSTRAINT uq_log_complaint_id_cause_kind_cause_id_cause_no"
            " UNIQUE (complaint_id, cause_kind, cause_id, cause_no)"
        ),
        (
            "CREATE UNIQUE INDEX ix_log_occurrence ON log"
            " (complaint_id, leg_agency, assignment_no, occurrence_key)"
            " WHERE occurrence_key IS NOT NULL"
        ),
        "CREATE INDEX ix_log_position ON log (position) WHERE position IS NOT NULL",
        "CREATE INDEX ix_log_unsealed ON log (recorded_at) WHERE position IS NULL",
    ),
}
KEYS = {"journal": "id", "journal_raw": "journal_id", "log": "complaint_id, seq"}


def _partition() -> None:
    """Make each table anew, copy its rows, and only then its indexes."""
    conn = op.get_bind()
    months = around(today(conn))
    months += sorted(
        month
        for month in months_of(conn, "journal", "id")
        if OLDEST <= month < months[0]
    )
    for table in KEYS:
        op.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
        op.execute(
            f"ALTER TABLE old_{table} RENAME CONSTRAINT pk_{table} TO old_pk_{table}"
        )
        by = (
            f"RANGE ({BY_MONTH[table]})" if table in BY_MONTH else "HASH (complaint_id)"
        )
        op.execute(
            f"CREATE TABLE {table} (LIKE old_{table} INCLUDING DEFAULTS) PARTITION BY {by}"
        )
    for table in BY_MONTH:
        fill = (
            f" WITH (fillfactor = {FILLFACTOR[table]})" if table in FILLFACTOR else ""
        )
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT{fill}")
    for n in range(LOG_PARTS):
        op.execute(
            f"CREATE TABLE log_{n:02} PARTITION OF log"
            f" FOR VALUES WITH (MODULUS {LOG_PARTS}, REMAINDER {n})"
        )
    make_months(conn, months)
    for table, key in KEYS.items():
        op.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")  # noqa: S608 - names of ours
        op.execute(f"DROP TABLE old_{table}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
        for statement in INDEXES[table]:
            op.execute(statement)
        op.execute(f"ANALYZE {table}")
