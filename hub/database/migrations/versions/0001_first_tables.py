"""The first tables."""

import sqlalchemy as sa
from alembic import op

from hub.database.types import Id, Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency_references",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("assignment_no", sa.Integer(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("reference_index", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "complaint_id", "agency", "assignment_no", name=op.f("pk_agency_references")
        ),
    )
    op.create_index(
        "ix_agency_references_agency_reference_index",
        "agency_references",
        ["agency", "reference_index"],
        unique=False,
    )
    op.create_table(
        "answers",
        sa.Column("journal_id", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("params", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("hinted_at", Instant(), nullable=True),
        sa.Column(
            "sending_open", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("resends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("lease_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("journal_id", "n", name=op.f("pk_answers")),
    )
    op.create_index(
        "ix_answers_lane_due_at",
        "answers",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL AND state = 'active'"),
        sqlite_where=sa.text("due_at IS NOT NULL AND state = 'active'"),
    )
    op.create_table(
        "attachment_deliveries",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("remote_ref", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint(
            "complaint_id",
            "party",
            "recipient",
            "event_id",
            "n",
            name=op.f("pk_attachment_deliveries"),
        ),
    )
    op.create_table(
        "attachments",
        sa.Column("event_id", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("blob_id", Id, nullable=True),
        sa.Column("facts", Json, nullable=False),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "n", name=op.f("pk_attachments")),
    )
    op.create_index(
        op.f("ix_attachments_complaint_id"),
        "attachments",
        ["complaint_id"],
        unique=False,
    )
    op.create_table(
        "attempts",
        sa.Column("id", Id, nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("mapping_version", sa.String(length=16), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("why", sa.String(length=300), server_default="", nullable=False),
        sa.Column(
            "fingerprint", sa.String(length=200), server_default="", nullable=False
        ),
        sa.Column(
            "evidence_only", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_key", "attempts", ["key"], unique=False)
    op.create_index("ix_attempts_subject_id", "attempts", ["subject_id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(
        "ix_audit_position",
        "audit",
        ["position"],
        unique=False,
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_unsealed",
        "audit",
        ["at"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "blob_chunks",
        sa.Column("blob_id", Id, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "n", name=op.f("pk_blob_chunks")),
    )
    op.create_table(
        "blobs",
        sa.Column("id", Id, nullable=False),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256_ct", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
    )
    op.create_index(
        op.f("ix_blobs_data_key_id"), "blobs", ["data_key_id"], unique=False
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "complaints",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("public_number", sa.String(length=15), nullable=False),
        sa.Column("head_seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("category", sa.String(length=80), server_default="", nullable=False),
        sa.Column("region", sa.String(length=20), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("triage", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("merged_into", Id, nullable=True),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("erasure_due_at", Instant(), nullable=True),
        sa.Column("erased_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("code", name=op.f("uq_complaints_code")),
        sa.UniqueConstraint("public_number", name=op.f("uq_complaints_public_number")),
    )
    op.create_table(
        "contact_state",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("opted_out", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "unreachable", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.PrimaryKeyConstraint("kind", "hmac", name=op.f("pk_contact_state")),
    )
    op.create_table(
        "contacts",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("reporter_id", Id, nullable=False),
        sa.Column("words_hash", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "hmac", "complaint_id", name=op.f("pk_contacts")
        ),
    )
    op.create_index(
        "ix_contacts_complaint_id", "contacts", ["complaint_id"], unique=False
    )
    op.create_table(
        "cursors",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("delivered_seq", sa.Integer(), nullable=False),
        sa.Column("target_seq", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("hinted_at", Instant(), nullable=True),
        sa.Column("assignment_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=True),
        sa.Column("reference_index", sa.LargeBinary(), nullable=True),
        sa.Column("sending_from_seq", sa.Integer(), nullable=True),
        sa.Column("sending_to_seq", sa.Integer(), nullable=True),
        sa.Column(
            "sending_step", sa.String(length=8), server_default="call", nullable=False
        ),
        sa.Column(
            "sending_key", sa.String(length=64), server_default="", nullable=False
        ),
        sa.Column(
            "sending_mapping", sa.String(length=16), server_default="", nullable=False
        ),
        sa.Column(
            "sending_open", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("sending_dead_letter_id", Id, nullable=True),
        sa.Column("narrow_to_seq", sa.Integer(), nullable=True),
        sa.Column("progress", sa.LargeBinary(), nullable=True),
        sa.Column("lookups", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("party_stopped_s", sa.Float(), server_default="0", nullable=False),
        sa.Column(
            "last_status_sent", sa.String(length=24), server_default="", nullable=False
        ),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("lease_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint(
            "complaint_id", "party", "recipient", name=op.f("pk_cursors")
        ),
    )
    op.create_index(
        "ix_cursors_lane_due_at",
        "cursors",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL AND state = 'active'"),
        sqlite_where=sa.text("due_at IS NOT NULL AND state = 'active'"),
    )
    op.create_index(
        "ix_cursors_party_reference_index",
        "cursors",
        ["party", "reference_index"],
        unique=False,
        postgresql_where=sa.text("reference_index IS NOT NULL"),
        sqlite_where=sa.text("reference_index IS NOT NULL"),
    )
    op.create_table(
        "data_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("complaint_id", Id, nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("ring_id", Id, nullable=False),
        sa.Column("destroyed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
    )
    op.create_index(
        op.f("ix_data_keys_complaint_id"), "data_keys", ["complaint_id"], unique=False
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", Id, nullable=False),
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("recipient", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("is_submit", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("fingerprint", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("failed_again", sa.Integer(), server_default="0", nullable=False),
        sa.Column("by", sa.String(length=100), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        "ix_dead_letters_complaint_id", "dead_letters", ["complaint_id"], unique=False
    )
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["state", "party"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'requested')"),
        sqlite_where=sa.text("state IN ('open', 'requested')"),
    )
    op.create_table(
        "journal",
        sa.Column("id", Id, nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=300), server_default="", nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("hinted_at", Instant(), nullable=True),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("item_no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result_kind", sa.String(length=16), nullable=True),
        sa.Column("result_id", sa.String(length=64), nullable=True),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("complaint_id", Id, nullable=True),
        sa.Column("public_number", sa.String(length=15), nullable=True),
        sa.Column("code", sa.String(length=12), nullable=True),
        sa.Column("waiting_for", sa.LargeBinary(), nullable=True),
        sa.Column("revised", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("times_seen", sa.Integer(), server_default="1", nullable=False),
        sa.Column("raw_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_code", "journal", ["code"], unique=True)
    op.create_index(
        "ix_journal_lane_due_at",
        "journal",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_journal_parent_id_item_no",
        "journal",
        ["parent_id", "item_no"],
        unique=True,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
        sqlite_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_journal_position",
        "journal",
        ["position"],
        unique=False,
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.create_index(
        "ix_journal_unsealed",
        "journal",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "ix_journal_waiting_for",
        "journal",
        ["waiting_for"],
        unique=False,
        postgresql_where=sa.text("waiting_for IS NOT NULL"),
        sqlite_where=sa.text("waiting_for IS NOT NULL"),
    )
    op.create_table(
        "journal_raw",
        sa.Column("journal_id", Id, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("blob_id", Id, nullable=True),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_journal_raw")),
    )
    op.create_table(
        "legs",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("assignment_no", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=200), server_default="", nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("order_by", sa.String(length=12), nullable=False),
        sa.Column("hops", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_seq", sa.Integer(), nullable=False),
        sa.Column("closed_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "complaint_id", "agency", "assignment_no", name=op.f("pk_legs")
        ),
    )
    op.create_table(
        "log",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("author_kind", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.String(length=100), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=False),
        sa.Column("cause_id", sa.String(length=64), nullable=False),
        sa.Column("cause_no", sa.Integer(), nullable=False),
        sa.Column("leg_agency", sa.String(length=60), nullable=True),
        sa.Column("assignment_no", sa.Integer(), nullable=True),
        sa.Column("occurrence_key", sa.String(length=200), nullable=True),
        sa.Column("order_key", sa.String(length=60), server_default="", nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("status_after", sa.String(length=24), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column(
            "config_version", sa.String(length=16), server_default="", nullable=False
        ),
        sa.PrimaryKeyConstraint("complaint_id", "seq", name=op.f("pk_log")),
        sa.UniqueConstraint(
            "complaint_id",
            "cause_kind",
            "cause_id",
            "cause_no",
            name=op.f("uq_log_complaint_id_cause_kind_cause_id_cause_no"),
        ),
    )
    op.create_index(
        "ix_log_occurrence",
        "log",
        ["complaint_id", "leg_agency", "assignment_no", "occurrence_key"],
        unique=True,
        postgresql_where=sa.text("occurrence_key IS NOT NULL"),
        sqlite_where=sa.text("occurrence_key IS NOT NULL"),
    )
    op.create_index(
        "ix_log_position",
        "log",
        ["position"],
        unique=False,
        postgresql_where=sa.text("position IS NOT NULL"),
        sqlite_where=sa.text("position IS NOT NULL"),
    )
    op.create_index(
        "ix_log_unsealed",
        "log",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("position IS NULL"),
        sqlite_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "parties",
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), server_default="", nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column(
            "state", sa.String(length=8), server_default="active", nullable=False
        ),
        sa.Column("why", sa.String(length=300), server_default="", nullable=False),
        sa.Column("stopped_s", sa.Float(), server_default="0", nullable=False),
        sa.Column("stopped_since", Instant(), nullable=True),
        sa.Column(
            "config_version", sa.String(length=16), server_default="", nullable=False
        ),
        sa.Column("wants", Json, nullable=True),
        sa.Column(
            "breaker", sa.String(length=10), server_default="closed", nullable=False
        ),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", Instant(), nullable=True),
        sa.Column("probe_until", Instant(), nullable=True),
        sa.Column("throttled_until", Instant(), nullable=True),
        sa.Column("tokens", sa.Float(), server_default="0", nullable=False),
        sa.Column("tokens_at", Instant(), nullable=True),
        sa.Column("rate", sa.Float(), server_default="20", nullable=False),
        sa.Column("slots", sa.Integer(), server_default="4", nullable=False),
        sa.Column("ramp_until", Instant(), nullable=True),
        sa.Column("ramp_s", sa.Float(), server_default="30", nullable=False),
        sa.Column("breaker_failures", sa.Integer(), server_default="5", nullable=False),
        sa.Column("breaker_open_s", sa.Float(), server_default="30", nullable=False),
        sa.Column("same_refusals", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "last_fingerprint", sa.String(length=200), server_default="", nullable=False
        ),
        sa.Column("last_success_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("party", name=op.f("pk_parties")),
    )
    op.create_table(
        "reporters",
        sa.Column("complaint_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("data_key_id", Id, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("complaint_id", "id", name=op.f("pk_reporters")),
    )
    op.create_table(
        "seals",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("from_position", sa.BigInteger(), nullable=False),
        sa.Column("to_position", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "from_position", name=op.f("pk_seals")),
    )
    op.create_table(
        "source_keys",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("journal_id", Id, nullable=False),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint(
            "source", "key_hash", "content_hash", name=op.f("pk_source_keys")
        ),
    )
    op.create_table(
        "sources",
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("hinted_at", Instant(), nullable=True),
        sa.Column("skew_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("lease_epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_sources")),
    )
    op.create_index(
        "ix_sources_lane_due_at",
        "sources",
        ["lane", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )

    op.execute("INSERT INTO clock (id, offset_us) VALUES (1, 0)")
    if op.get_bind().dialect.name == "postgresql":
        # Room in a page for the next version of rows that are changed in place.
        op.execute("ALTER TABLE journal SET (fillfactor = 85)")
        op.execute("ALTER TABLE cursors SET (fillfactor = 80)")
        # The database clock plus an offset that is zero in production.
        op.execute(
            "CREATE FUNCTION simpul_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$"
            " SELECT clock_timestamp()"
            " + (SELECT offset_us FROM clock WHERE id = 1) * interval '1 microsecond' $$"
        )
