"""The canonical statuses, with what people read for them."""

from enum import StrEnum


class Status(StrEnum):
    """Where a complaint, or one agency's leg of it, stands."""

    RECEIVED = "received"
    """Accepted by the hub, not yet verified ("Belum Terverifikasi")."""
    ON_HOLD = "on_hold"
    """Waiting for information from the reporter ("Tertunda")."""
    VERIFIED = "verified"
    """Clear and complete, not yet assigned ("Terverifikasi")."""
    ASSIGNED = "assigned"
    """Given to an agency ("Terdisposisi")."""
    ASSIGNED_UNIT = "assigned_unit"
    """Given to a unit of the agency ("Belum Ditindaklanjuti")."""
    RETURN_REQUESTED = "return_requested"
    """The agency says it is not competent; decided above it ("Bukan Wewenang")."""
    IN_PROGRESS = "in_progress"
    """A first follow-up was given ("Proses")."""
    CLOSED = "closed"
    """Settled ("Selesai")."""
    APPEALED = "appealed"
    """The reporter asked for a review of a closed case."""
    ARCHIVED = "archived"
    """Closed without action, with a coded reason ("Diarsipkan")."""
    REJECTED = "rejected"
    """Out of scope, with a coded reason ("Ditolak")."""
    MERGED = "merged"
    """Follows another complaint."""
    EMERGENCY_REDIRECTED = "emergency_redirected"
    """The reporter was sent to an emergency line ("Darurat")."""
    WITHDRAWN = "withdrawn"
    """Taken back by the reporter before it was closed."""
    RETURNED = "returned"
    """Of a leg only: given back, the case went to another agency."""


LABELS: dict[Status, tuple[str, str]] = {
    Status.RECEIVED: ("Belum terverifikasi", "Received"),
    Status.ON_HOLD: ("Tertunda", "On hold"),
    Status.VERIFIED: ("Terverifikasi", "Verified"),
    Status.ASSIGNED: ("Terdisposisi", "Assigned"),
    Status.ASSIGNED_UNIT: ("Belum ditindaklanjuti", "With the unit"),
    Status.RETURN_REQUESTED: ("Sedang ditinjau ulang", "Under review"),
    Status.IN_PROGRESS: ("Proses", "In progress"),
    Status.CLOSED: ("Selesai", "Closed"),
    Status.APPEALED: ("Banding", "Appealed"),
    Status.ARCHIVED: ("Diarsipkan", "Archived"),
    Status.REJECTED: ("Ditolak", "Rejected"),
    Status.MERGED: ("Digabung", "Merged"),
    Status.EMERGENCY_REDIRECTED: ("Darurat", "Emergency"),
    Status.WITHDRAWN: ("Dicabut", "Withdrawn"),
    Status.RETURNED: ("Dikembalikan", "Returned"),
}
"""Status -> (Indonesian, English)."""
