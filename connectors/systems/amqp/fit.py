"""Whether the parts of a manifest fit each other; found out at load, not at night."""

from collections.abc import Iterator

from connectors.systems.amqp.settings import AmqpSettings
from connectors.systems.amqp.updates import normalise_status
from schemas.agency import AgencyManifest, OrderBy

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
        if not source.startswith("=") and not _allowed(name, manifest.allow):
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


def _allowed(source: str, allow: tuple[str, ...]) -> bool:
    """Tell whether a field or something above it is on the allow-list."""
    steps = source.split(".")
    return any(".".join(steps[:n]) in allow for n in range(1, len(steps) + 1))


def _updates(manifest: AgencyManifest, settings: AmqpSettings) -> Iterator[str]:
    seen: dict[str, str] = {}
    for word in manifest.statuses:
        other = seen.setdefault(normalise_status(word), word)
        if other != word:
            yield f"statuses: {other!r} and {word!r} are the same word"
    update = settings.update
    if manifest.order_by is OrderBy.SEQUENCE and not update.sequence:
        yield "order_by is sequence, but settings.update.sequence is empty"
    if manifest.order_by is OrderBy.TIME and not update.time:
        yield "order_by is time, but settings.update.time is empty"
