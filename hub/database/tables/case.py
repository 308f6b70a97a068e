"""Tables of what happened: the log, the projection of it, and the reporters."""

import sqlalchemy as sa

from hub.database.tables.base import metadata, sealed_index, unsealed_index, where
from hub.database.types import Id, Instant, Json, Sealed

log = sa.Table(
    "log",
    metadata,
    sa.Column("complaint_id", Id, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("event_id", Id, nullable=False),
    sa.Column("position", sa.BigInteger),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("author_kind", sa.String(16), nullable=False),
    sa.Column("author_id", sa.String(100), nullable=False),
    sa.Column("cause_kind", sa.String(16), nullable=False),
    sa.Column("cause_id", sa.String(64), nullable=False),
    sa.Column("cause_no", sa.Integer, nullable=False),
    sa.Column("leg_agency", sa.String(60)),
    sa.Column("assignment_no", sa.Integer),
    sa.Column("occurrence_key", sa.String(200)),
    sa.Column("order_key", sa.String(60), nullable=False, server_default=""),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("status_after", sa.String(24), nullable=False),
    sa.Column("facts", Json, nullable=False),
    sa.Column("sealed", Sealed),
    sa.Column("data_key_id", Id, nullable=False),
    sa.Column("config_version", sa.String(16), nullable=False, server_default=""),
    sa.UniqueConstraint("complaint_id", "cause_kind", "cause_id", "cause_no"),
    sa.Index(
        "ix_log_occurrence",
        "complaint_id",
        "leg_agency",
        "assignment_no",
        "occurrence_key",
        unique=True,
        **where("occurrence_key IS NOT NULL"),
    ),
    unsealed_index("log", "recorded_at"),
    sealed_index("log"),
    postgresql_partition_by="HASH (complaint_id)",
)

# No ciphertext here: texts live in their events.
complaints = sa.Table(
    "complaints",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("code", sa.String(12), nullable=False, unique=True),
    sa.Column("public_number", sa.String(15), nullable=False, unique=True),
    sa.Column("head_seq", sa.Integer, nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("type", sa.String(24), nullable=False),
    sa.Column("category", sa.String(80), nullable=False, server_default=""),
    sa.Column("region", sa.String(20), nullable=False, server_default=""),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("anonymous", sa.Boolean, nullable=False),
    sa.Column("confidential", sa.Boolean, nullable=False),
    sa.Column("triage", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merged_into", Id),
    sa.Column("data_key_id", Id, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("erasure_due_at", Instant),
    sa.Column("erased_at", Instant),
    sa.Column("next_clock_at", Instant),
    sa.Column("overdue", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_complaints_overdue", "id", **where("overdue")),
    sa.Index(
        "ix_complaints_next_clock_at",
        "next_clock_at",
        **where("next_clock_at IS NOT NULL"),
    ),
)

legs = sa.Table(
    "legs",
    metadata,
    sa.Column("complaint_id", Id, primary_key=True),
    sa.Column("agency", sa.String(60), primary_key=True),
    sa.Column("assignment_no", sa.Integer, primary_key=True),
    sa.Column("unit", sa.String(200), nullable=False, server_default=""),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("order_by", sa.String(12), nullable=False),
    sa.Column("hops", sa.Integer, nullable=False, server_default="0"),
    sa.Column("opened_seq", sa.Integer, nullable=False),
    sa.Column("closed_seq", sa.Integer),
)

reporters = sa.Table(
    "reporters",
    metadata,
    sa.Column("complaint_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("data_key_id", Id, nullable=False),
    sa.Column("sealed", Sealed),
)

contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("hmac", sa.LargeBinary, primary_key=True),
    sa.Column("complaint_id", Id, primary_key=True),
    sa.Column("reporter_id", Id, nullable=False),
    sa.Column("words_hash", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Index("ix_contacts_complaint_id", "complaint_id"),
)

contact_state = sa.Table(
    "contact_state",
    metadata,
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("hmac", sa.LargeBinary, primary_key=True),
    sa.Column("opted_out", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unreachable", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("why", sa.String(60), nullable=False, server_default=""),
    sa.Column("changed_at", Instant),
)
