"""`[settings]`, the half that goes out: submit, upload, token, send, look-ups."""

from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.protocols.records.paths import clashes
from connectors.systems.rest.calls import Call, Encoding
from connectors.systems.rest.places import AnyPlace, MaybePlace, NamedPlace
from connectors.systems.rest.words import (
    Dotted,
    DottedName,
    Formula,
    Section,
)

EVENT_SOURCES = frozenset(
    {
        "event_id",
        "type",
        "occurred_at",
        "status",
        "by",
        "late",
        "text",
        "notice.id",
        "notice.en",
    }
)
"""Our fields of an event; `facts.` and `words.` lead to its own facts and texts."""


class Files(Section):
    """How files travel in the call itself.

    In JSON they are a list of objects, content in base64; in multipart they are
    parts of that name.
    """

    field: DottedName
    name: str = "name"
    media_type: str = "media_type"
    content: str = "content"


class Upload(Call):
    """How one file is put where the hand-over finds it; called once a file.

    Its fields may be `$file.name` and `$file.media_type`; the content is a part of
    multipart, base64 in JSON, or the whole body.
    """

    follows: bool = False
    """True where files are put to a case that is there: `{reference}` is known."""

    file_field: Dotted = ""
    """Their field of the content; in multipart `file` where none is named."""
    id: MaybePlace = None
    """Where the answer has the file's id; the ids are `uploads` afterwards. Without it
    the answer's status says that the file is there."""
    encoding: Encoding = "multipart"
    """`raw`: the file is the whole body, under its own media type."""

    @model_validator(mode="after")
    def _has_a_field(self) -> Self:
        if self.encoding == "json" and not self.file_field:
            msg = "file_field is missing: which field of the JSON takes the content?"
            raise ValueError(msg)
        if self.body is not None:
            msg = "an upload has fields, and no body of its own"
            raise ValueError(msg)
        if self.id is None and not self.follows:
            msg = "id is missing: by what does the hand-over name the file?"
            raise ValueError(msg)
        return self

    def _encodings(self) -> tuple[str, ...]:
        return ("json", "multipart", "raw")


class Submit(Call):
    """How a complaint is handed over."""

    reference: MaybePlace = None
    """Where the answer has the agency's id of the case."""
    token: MaybePlace = None
    """Where it has a token instead, by which [settings.token] asks for the id."""
    files: Files | None = None
    """Without it and without `upload`, files are not sent."""
    before: tuple[Call, ...] = ()
    """Calls that only read, or do no harm when repeated, for what they `keep`; made
    anew at every try."""
    after: tuple[Call, ...] = ()
    """Calls that follow once the case is there; each is done once."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.fields and self.body is None:
            msg = "name fields, or the whole body as an expression"
            raise ValueError(msg)
        if self.reference is None and self.token is None:
            msg = "reference is missing: where does the answer have the case's id?"
            raise ValueError(msg)
        return self

    def _targets(self) -> list[str]:
        return [*super()._targets(), *([self.files.field] if self.files else [])]


class TokenCall(Call):
    """How the answer is asked for that was not ready; `{token}` is the token."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    reference: NamedPlace
    """Where the id of the case is, once it is there."""
    failed: Formula | None = None
    """Sees {status, headers, body, text}; true if it was turned down for good."""
    every_seconds: float = Field(default=60, gt=0)


class Find(Call):
    """How something is looked up by our key."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    parameter: str = ""
    """Name of the query parameter that takes our key."""
    items: AnyPlace = Field(default="", validate_default=True)
    """Where the answer has the list of what was found."""
    reference: MaybePlace = None
    """Where each of them has the agency's id of the case."""
    key: MaybePlace = None
    """Where each of them repeats our key; then it is compared."""
    where: Formula | None = None
    """Sees {item, key, reference}; keeps what is ours, as where a search is fuzzy."""

    @model_validator(mode="after")
    def _asks_for_the_key(self) -> Self:
        asked = any("{key}" in template for template in self.templates)
        if not (asked or self.parameter or self.body or self.key_field or self.fields):
            msg = "name the parameter that takes our key, or put {key} somewhere"
            raise ValueError(msg)
        return self


class Send(Call):
    """How later events are told; one of several tables, by their types."""

    events: tuple[str, ...] = ()
    """Event types that it takes; empty takes what no other table names."""
    when: Formula | None = None
    """Sees the scope; what is not true is not told: `event.words.text != null`."""
    items: Dotted = ""
    """Their list of events; without it each event is a call of its own."""
    before: tuple[Call, ...] = ()
    """Calls that only read, or do no harm when repeated, for what they `keep`; made
    anew at every try."""
    after: tuple[Call, ...] = ()
    """Calls that follow; each is done once, whatever happens between."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        outer = [*filter(None, [self.items, self.key_field])]
        if self.items and (found := clashes(outer)):
            msg = f"fields that are set twice: {', '.join(found)}"
            raise ValueError(msg)
        named = {source.field for source in self.fields.values()} - {""}
        if strange := sorted(name for name in named if not _of_event(name)):
            legal = ", ".join(sorted(EVENT_SOURCES))
            msg = f"not fields of an event: {', '.join(strange)}; legal: {legal}"
            raise ValueError(msg)
        if self.items and self.body is not None:
            msg = "either items or body: an expression sees all events as `events`"
            raise ValueError(msg)
        return self

    def _targets(self) -> list[str]:
        # In a list, the fields are of each item.
        return [*self.fields] if self.items else super()._targets()


def _of_event(source: str) -> bool:
    return source in EVENT_SOURCES or source.startswith(("facts.", "words."))
