"""Whether the parts of a manifest fit each other; found out at load, not at night."""

from collections.abc import Iterator

from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.updates import normalise_status
from schemas.agency import AgencyManifest, OrderBy


def require_fit(manifest: AgencyManifest, settings: RestSettings) -> None:
    """Raise ValueError that names everything that does not fit."""
    faults = [*_fields(manifest, settings), *_updates(manifest, settings)]
    if faults:
        raise ValueError("; ".join(faults))


def _fields(manifest: AgencyManifest, settings: RestSettings) -> Iterator[str]:
    for theirs, source in settings.submit.fields.items():
        if not source.startswith("=") and not _allowed(source, manifest.allow):
            yield (
                f"settings.submit.fields.{theirs}: {source!r} is not in `allow`, "
                "so it would never be sent"
            )
    if settings.submit.files is not None and "attachments" not in manifest.allow:
        yield "settings.submit.files: 'attachments' is not in `allow`"


def _allowed(source: str, allow: tuple[str, ...]) -> bool:
    """Tell whether a field or something above it is on the allow-list."""
    steps = source.split(".")
    return any(".".join(steps[:n]) in allow for n in range(1, len(steps) + 1))


def _updates(manifest: AgencyManifest, settings: RestSettings) -> Iterator[str]:
    seen: dict[str, str] = {}
    for word in manifest.statuses:
        other = seen.setdefault(normalise_status(word), word)
        if other != word:
            yield f"statuses: {other!r} and {word!r} are the same word"
    update = settings.update
    if update is None:
        return
    if manifest.order_by is OrderBy.SEQUENCE and not update.sequence:
        yield "order_by is sequence, but settings.update.sequence is missing"
    if manifest.order_by is OrderBy.TIME and not update.time:
        yield "order_by is time, but settings.update.time is missing"
