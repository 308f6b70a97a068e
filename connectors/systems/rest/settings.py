"""`[settings]` of an agency whose system is a JSON API."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    TypeAdapter,
    model_validator,
)
from standardwebhooks import Webhook

from connectors.systems.rest.paths import clashes

_URL = TypeAdapter(HttpUrl)
_DOTTED = re.compile(r"[^.\s]+(\.[^.\s]+)*")


def _dotted(value: str) -> str:
    if value and not _DOTTED.fullmatch(value):
        msg = "a dotted path is names with single dots between, such as data.nomor"
        raise ValueError(msg)
    return value


def _base(value: str) -> str:
    url = _URL.validate_python(value)
    if url.query or url.fragment or url.username:
        msg = "write the address without user, query and fragment"
        raise ValueError(msg)
    return value.rstrip("/")


def _below_base(value: str) -> str:
    if not value.startswith("/") or re.search(r"[?#\s]", value):
        msg = "a path begins with / and has no query: /api/laporan"
        raise ValueError(msg)
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    try:
        Webhook(value.get_secret_value())
    except Exception as error:
        msg = "no webhook secret: expected whsec_ and base64 after it"
        raise ValueError(msg) from error
    return value


Base = Annotated[str, AfterValidator(_base)]
UrlPath = Annotated[str, AfterValidator(_below_base)]
Dotted = Annotated[str, AfterValidator(_dotted)]
"""A dotted path; empty means the whole."""
DottedName = Annotated[str, Field(min_length=1), AfterValidator(_dotted)]
Source = Annotated[str, Field(min_length=1)]
"""Name of a field of ours, or `=` and a constant."""
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]


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


class Section(BaseModel):
    """A table that refuses unknown keys and keeps secrets out of error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class Bearer(Section):
    """A fixed token in the header `Authorization`."""

    kind: Literal["bearer"] = "bearer"
    token: SecretStr = Field(min_length=1)

    def headers(self) -> dict[str, str]:
        """Return what proves who we are."""
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}


Auth = Bearer
"""Ways to prove who we are; another `kind` joins here and gives headers too."""


class Files(Section):
    """How files travel inside the body: a list of objects, content in base64."""

    field: DottedName
    name: str = "name"
    media_type: str = "media_type"
    content: str = "content"


class Submit(Section):
    """How a complaint is handed over."""

    path: UrlPath
    fields: dict[DottedName, Source] = Field(min_length=1)
    """Their field -> our field."""
    nulls: tuple[DottedName, ...] = ()
    """Their fields that are sent as null when we have nothing; others are left out."""
    key_field: Dotted = ""
    """Their field that carries our key, beside the header Idempotency-Key."""
    reference: DottedName
    """Where the answer has the agency's id of the case."""
    files: Files | None = None
    """Without it, files are not sent."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        targets = [*self.fields, *filter(None, [self.key_field])]
        targets += [self.files.field] if self.files else []
        if found := clashes(targets):
            msg = f"fields that are set twice: {', '.join(found)}"
            raise ValueError(msg)
        if stray := [name for name in self.nulls if name not in self.fields]:
            msg = f"nulls that are not among fields: {', '.join(stray)}"
            raise ValueError(msg)
        return self


class Find(Section):
    """How something is looked up by our key."""

    path: UrlPath
    parameter: str = Field(min_length=1)
    """Name of the query parameter that takes our key."""
    items: Dotted = ""
    """Where the answer has the list of what was found."""
    reference: Dotted = ""
    """Where each of them has the agency's id of the case."""
    key: Dotted = ""
    """Where each of them repeats our key; then it is compared."""


class Send(Section):
    """How later events are told."""

    path: UrlPath
    """With {reference} where the agency's id of the case goes."""
    fields: dict[DottedName, Source] = Field(min_length=1)
    """Their field of an event -> our field of an event."""
    items: Dotted = ""
    """Their list of events; without it each event is a call of its own."""
    key_field: Dotted = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        outer = [*filter(None, [self.items, self.key_field])]
        same_level = [*outer, *self.fields] if not self.items else outer
        if found := clashes(same_level) or clashes(self.fields):
            msg = f"fields that are set twice: {', '.join(found)}"
            raise ValueError(msg)
        if unknown := [name for name in self.fields.values() if not _of_event(name)]:
            legal = ", ".join(sorted(EVENT_SOURCES))
            msg = f"not fields of an event: {', '.join(unknown)}; legal: {legal}"
            raise ValueError(msg)
        return self


def _of_event(source: str) -> bool:
    return source in EVENT_SOURCES or source.startswith(("=", "facts.", "words."))


class WebhookSettings(Section):
    """How the agency signs its updates (Standard Webhooks)."""

    secret: SigningSecret
    previous_secret: SigningSecret | None = None
    """Is accepted too, while the secret is being changed."""


class Update(Section):
    """Where an update says what; all paths but `items` begin at one item."""

    items: Dotted = ""
    reference: DottedName
    status: DottedName
    time: Dotted = ""
    time_format: str = ""
    """As in strptime, for example %d/%m/%Y %H:%M; without it ISO 8601."""
    sequence: Dotted = ""
    event_id: Dotted = ""
    text: Dotted = ""
    unit: Dotted = ""


class RestSettings(Section):
    """Everything that the system `rest` needs to know of one agency."""

    base_url: Base
    auth: Auth
    honours_key: bool = False
    """True if a repeated call with one Idempotency-Key has one effect."""
    submit: Submit
    find: Find | None = None
    send: Send | None = None
    find_event: Find | None = None
    webhook: WebhookSettings | None = None
    update: Update | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.find is not None and not self.find.reference:
            msg = "find.reference is missing: where is the id of the case found?"
            raise ValueError(msg)
        if self.webhook is not None and self.update is None:
            msg = "webhook without update: say where an update has which field"
            raise ValueError(msg)
        return self
