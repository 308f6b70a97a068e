"""Whom a mail was for: what the door kept of its envelope, and what its way wrote."""

ENVELOPE_FROM, ENVELOPE_TO = "envelope_from", "envelope_to"
"""Names in a raw message's meta; the sender is missing where no envelope is known."""
RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "to", "cc")
"""Headers that name recipients, the surest first."""
