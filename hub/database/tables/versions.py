"""What agencies' files said: every version that was applied, or run from its file."""

import sqlalchemy as sa

from hub.database.tables.base import metadata
from hub.database.types import Instant, Json

agency_versions = sa.Table(
    "agency_versions",
    metadata,
    sa.Column("agency", sa.String(60), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("mapping_version", sa.String(16), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("live", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("why", sa.String(300), nullable=False, server_default=""),
    sa.Column("approved_by", sa.String(100), nullable=False, server_default=""),
    sa.UniqueConstraint("agency", "mapping_version"),
)
"""`state`: `current` (one of an agency at most), `former`, or `file`: never applied."""

agency_shadows = sa.Table(
    "agency_shadows",
    metadata,
    sa.Column("agency", sa.String(60), primary_key=True),
    sa.Column("mapping_version", sa.String(16), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("through", Instant, nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
    sa.Column("report", Json, nullable=False),
)
"""Mappings that are tried on real traffic beside the one that runs; `through` is the
instant up to which it was looked at."""
