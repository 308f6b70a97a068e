"""Whether the parts of a manifest fit each other; found out at load, not at night."""

from collections.abc import Iterator

from connectors.protocols.records.declared import (
    double_words,
    is_allowed,
    unordered,
)
from connectors.systems.amqp.settings import AmqpSettings
from schemas.agency import AgencyManifest

OF_AN_EVENT = frozenset(
    {
        "reference",
        "event_id",
        "type",
        "occurred_at",
        "status",
        "by",
        "late",
        "words.text",
        "files",
    }
)
"""Our fields of an event; `facts.` and `words.` lead to its own facts and texts."""


def require_fit(manifest: AgencyManifest, settings: AmqpSettings) -> None:
    """Raise ValueError that names everything that does not fit."""
    faults = [
        *_references(manifest, settings),
        *_fields(manifest, settings),
        *_updates(manifest, settings),
    ]
    if faults:
        raise ValueError("; ".join(faults))


def _references(manifest: AgencyManifest, settings: AmqpSettings) -> Iterator[str]:
    if settings.acknowledgement is not None:
        return
    if "public_number" not in manifest.allow:
        yield (
            "'public_number' is not in `allow`: without [settings.acknowledgement] it "
            "is the reference by which the agency speaks of a case"
        )
    fields = settings.submit.fields
    if fields and "public_number" not in fields.values():
        yield "settings.submit.fields: no field carries 'public_number'"


def _fields(manifest: AgencyManifest, settings: AmqpSettings) -> Iterator[str]:
    for theirs, source in settings.submit.fields.items():
        name = "attachments" if source == "files" else source
        if not source.startswith("=") and not is_allowed(name, manifest.allow):
            yield (
                f"settings.submit.fields.{theirs}: {source!r} is not in `allow`, "
                "so it would never be sent"
            )
    for theirs, source in (settings.send.fields if settings.send else {}).items():
        free = source.startswith(("=", "facts.", "words."))
        if not free and source not in OF_AN_EVENT:
            legal = ", ".join(sorted(OF_AN_EVENT))
            yield f"settings.send.fields.{theirs}: {source!r} is none of {legal}"
    if settings.files == "upload" and "attachments" not in manifest.allow:
        yield "settings.files is upload, but 'attachments' is not in `allow`"


def _updates(manifest: AgencyManifest, settings: AmqpSettings) -> Iterator[str]:
    yield from double_words(manifest)
    update = settings.update
    yield from unordered(manifest, update)
