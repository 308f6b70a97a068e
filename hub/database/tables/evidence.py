"""Tables of keys, files, audit and seals."""

import sqlalchemy as sa

from hub.database.tables.base import metadata, sealed_index, unsealed_index, where
from hub.database.types import Id, Instant, Json, Sealed

data_keys = sa.Table(
    "data_keys",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("complaint_id", Id, index=True),
    sa.Column("wrapped", sa.LargeBinary),
    sa.Column("ring_id", Id, nullable=False),
    sa.Column("destroyed_at", Instant),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("data_key_id", Id, nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256_ct", sa.LargeBinary, nullable=False),
)

blob_chunks = sa.Table(
    "blob_chunks",
    metadata,
    sa.Column("blob_id", Id, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("sealed", Sealed, nullable=False),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("event_id", Id, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("complaint_id", Id, nullable=False, index=True),
    sa.Column("blob_id", Id),
    sa.Column("facts", Json, nullable=False),
    sa.Column("data_key_id", Id, nullable=False),
    sa.Column("sealed", Sealed),
)

attachment_deliveries = sa.Table(
    "attachment_deliveries",
    metadata,
    sa.Column("complaint_id", Id, primary_key=True),
    sa.Column("party", sa.String(60), primary_key=True),
    sa.Column("recipient", sa.String(40), primary_key=True),
    sa.Column("event_id", Id, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("why", sa.String(40), nullable=False, server_default=""),
    sa.Column("remote_ref", Sealed),
    sa.Column("at", Instant, nullable=False),
    sa.Column("attempt_id", Id),
    sa.Column("fetches", sa.Integer, nullable=False, server_default="0"),
    sa.Column("fetched_at", Instant),
    # What failed is counted at every look at the numbers; all else costs nothing.
    sa.Index(
        "ix_attachment_deliveries_failed", "complaint_id", **where("state = 'failed'")
    ),
)

# --- evidence --------------------------------------------------------------

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("position", sa.BigInteger),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("action", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("reason", sa.String(300), nullable=False, server_default=""),
    sa.Column("detail", Json, nullable=False),
    unsealed_index("audit", "at"),
    sealed_index("audit"),
)

seals = sa.Table(
    "seals",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("from_position", sa.BigInteger, primary_key=True),
    sa.Column("to_position", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("sealed_at", Instant, nullable=False),
)
