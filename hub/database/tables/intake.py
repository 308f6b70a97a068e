"""Tables of what came in: the journal and the keys of its sources."""

import sqlalchemy as sa

from hub.database.tables.base import (
    due_index,
    metadata,
    sealed_index,
    unsealed_index,
    where,
)
from hub.database.types import Id, Instant, Json, Sealed

BY_MONTH = "RANGE ({})"
"""By the id, whose order is time: so a look-up by id reads one month."""

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("lane", sa.String(120), nullable=False),
    sa.Column("source", sa.String(100), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("why", sa.String(300), nullable=False, server_default=""),
    sa.Column("due_at", Instant),
    sa.Column("hinted_at", Instant),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("waits", sa.Integer, nullable=False, server_default="0"),
    sa.Column("parent_id", Id),
    sa.Column("item_no", sa.Integer, nullable=False, server_default="0"),
    sa.Column("items", sa.Integer, nullable=False, server_default="0"),
    sa.Column("result_kind", sa.String(16)),
    sa.Column("result_id", sa.String(64)),
    sa.Column("data_key_id", Id, nullable=False),
    sa.Column("content_hash", sa.LargeBinary, nullable=False),
    sa.Column("complaint_id", Id),
    sa.Column("public_number", sa.String(15)),
    sa.Column("code", sa.String(12)),
    sa.Column("waiting_for", sa.LargeBinary),
    sa.Column("revised", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("times_seen", sa.Integer, nullable=False, server_default="1"),
    sa.Column("raw_sha256", sa.LargeBinary, nullable=False),
    sa.Column("position", sa.BigInteger),
    # What intake decided: codes in the clear, the rest under the row's key.
    sa.Column("trace", Json),
    sa.Column("trace_sealed", Sealed),
    due_index("journal"),
    unsealed_index("journal", "received_at"),
    sealed_index("journal"),
    sa.Index(
        "ix_journal_waiting_for", "waiting_for", **where("waiting_for IS NOT NULL")
    ),
    sa.Index(
        "ix_journal_parent_id_item_no",
        "parent_id",
        "item_no",
        **where("parent_id IS NOT NULL"),
    ),
    sa.Index("ix_journal_data_key_id", "data_key_id"),
    postgresql_partition_by=BY_MONTH.format("id"),
)

journal_raw = sa.Table(
    "journal_raw",
    metadata,
    sa.Column("journal_id", Id, primary_key=True),
    sa.Column("sealed", Sealed),
    sa.Column("blob_id", Id),
    postgresql_partition_by=BY_MONTH.format("journal_id"),
)

# A code is told before its complaint exists, and must be nobody else's for ever: a
# month of the journal cannot promise that for the others.
codes = sa.Table(
    "codes",
    metadata,
    sa.Column("code", sa.String(12), primary_key=True),
    sa.Column("journal_id", Id, nullable=False),
)

source_keys = sa.Table(
    "source_keys",
    metadata,
    sa.Column("source", sa.String(100), primary_key=True),
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),
    sa.Column("content_hash", sa.LargeBinary, primary_key=True),
    sa.Column("journal_id", Id, nullable=False),
    sa.Column("expires_at", Instant),
)
