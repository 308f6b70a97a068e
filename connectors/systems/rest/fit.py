"""Whether the parts of a manifest fit each other; found out at load, not at night."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from connectors.protocols.records.declared import (
    double_words,
    is_allowed,
    unordered,
)
from connectors.systems.rest import scope as scopes
from connectors.systems.rest.calls import Call
from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.templates import names_in, unknown
from schemas.agency import AgencyManifest
from schemas.events import CATALOGUE


def require_fit(manifest: AgencyManifest, settings: RestSettings) -> None:
    """Raise ValueError that names everything that does not fit."""
    faults = [
        *_fields(manifest, settings),
        *_updates(manifest, settings),
        *_names(settings),
        *_events(settings),
        *_cases(settings),
    ]
    if faults:
        raise ValueError("; ".join(faults))


def _fields(manifest: AgencyManifest, settings: RestSettings) -> Iterator[str]:
    for theirs, source in settings.submit.fields.items():
        if source.field and not is_allowed(source.field, manifest.allow):
            yield (
                f"settings.submit.fields.{theirs}: {source.field!r} is not in `allow`, "
                "so it would never be sent"
            )
    for place in ("submit.files", "upload"):
        part = settings.upload if place == "upload" else settings.submit.files
        if part is not None and "attachments" not in manifest.allow:
            yield f"settings.{place}: 'attachments' is not in `allow`"
    if settings.upload is not None and settings.submit.files is not None:
        yield "settings.upload and settings.submit.files: files go one way, not two"


def _updates(manifest: AgencyManifest, settings: RestSettings) -> Iterator[str]:
    yield from double_words(manifest)
    update = settings.update
    if update is None:
        return
    yield from unordered(manifest, update)


def _events(settings: RestSettings) -> Iterator[str]:
    for number, call in enumerate(settings.send):
        if strange := sorted(set(call.events) - set(CATALOGUE)):
            yield f"settings.send.{number}.events: unknown {', '.join(strange)}"


def _names(settings: RestSettings) -> Iterator[str]:
    """Name what the texts of calls ask for and nothing will ever give."""
    for place, call, known in _calls(settings):
        if strange := unknown(call.templates, known):
            legal = ", ".join(sorted(known))
            yield f"settings.{place}: unknown {', '.join(strange)}; legal: {legal}"


def _cases(settings: RestSettings) -> Iterator[str]:
    """Name what asks case by case and never says which, and the other way round.

    A list that is taken for one case would show another case's status as its own.
    """
    for place, call in (("poll", settings.poll), ("snapshot", settings.snapshot)):
        if call is None or call.fields or call.body is not None:
            continue
        asks = any("reference" in names_in(one) for one in call.templates)
        if call.kind == "cases" and not asks:
            every = "feed" if place == "poll" else "all"
            yield (
                f"settings.{place}.kind: asks case by case without {{reference}}: put "
                f'it into the path or the query, or write kind = "{every}" for a list'
            )
        if call.kind != "cases" and asks:
            yield (
                f"settings.{place}.kind: {call.kind} has no {{reference}}: write "
                'kind = "cases"'
            )


_Named = tuple[str, Call, AbstractSet[str]]


def _calls(settings: RestSettings) -> Iterator[_Named]:
    submit = settings.submit
    upload = settings.upload
    first = upload is not None and not upload.follows
    if upload is not None:
        known = set() if first else set(submit.keep)
        yield "upload", upload, scopes.OF_UPLOAD | known
    kept = scopes.OF_DELIVERY | (set(upload.keep) if upload and first else set())
    yield from _chain("submit", submit, submit.before, submit.after, kept)
    if (token := settings.token) is not None:
        yield "token", token, scopes.OF_TOKEN | kept | set(submit.keep)
    for number, send in enumerate(settings.send):
        place = f"send.{number}"
        yield from _chain(place, send, send.before, send.after, scopes.OF_DELIVERY)
    for place, look in (("find", settings.find), ("find_event", settings.find_event)):
        if look is not None:
            yield place, look, scopes.OF_DELIVERY
    for place, ask in (("poll", settings.poll), ("snapshot", settings.snapshot)):
        if ask is not None:
            yield place, ask, scopes.OF_POLL


def _chain(
    place: str,
    call: Call,
    before: Iterable[Call],
    after: Iterable[Call],
    known: AbstractSet[str],
) -> Iterator[_Named]:
    """Go along the calls of one delivery; what one keeps, the next may ask for."""
    grown = set(known)
    for number, first in enumerate(before):
        yield f"{place}.before.{number}", first, frozenset(grown)
        grown |= set(first.keep)
    yield place, call, frozenset(grown)
    # What was read first is read for that call only; what it kept itself stays.
    grown = set(known) | set(call.keep)
    for number, later in enumerate(after):
        yield f"{place}.after.{number}", later, frozenset(grown)
        grown |= set(later.keep)
