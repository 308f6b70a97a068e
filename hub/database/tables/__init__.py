"""Every table. An index costs more than encryption: each earns its place."""

from hub.database.tables.asking import drift, sources
from hub.database.tables.base import clock, metadata
from hub.database.tables.case import (
    complaints,
    contact_state,
    contacts,
    legs,
    log,
    reporters,
)
from hub.database.tables.delivery import (
    agency_references,
    answers,
    attempts,
    cursors,
    dead_letters,
    parties,
)
from hub.database.tables.evidence import (
    attachment_deliveries,
    attachments,
    audit,
    blob_chunks,
    blobs,
    data_keys,
    seals,
)
from hub.database.tables.intake import codes, journal, journal_raw, source_keys
from hub.database.tables.versions import agency_shadows, agency_versions

__all__ = [
    "agency_references",
    "agency_shadows",
    "agency_versions",
    "answers",
    "attachment_deliveries",
    "attachments",
    "attempts",
    "audit",
    "blob_chunks",
    "blobs",
    "clock",
    "codes",
    "complaints",
    "contact_state",
    "contacts",
    "cursors",
    "data_keys",
    "dead_letters",
    "drift",
    "journal",
    "journal_raw",
    "legs",
    "log",
    "metadata",
    "parties",
    "reporters",
    "seals",
    "source_keys",
    "sources",
]
