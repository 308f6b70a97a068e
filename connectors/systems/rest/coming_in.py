"""`[settings]`, the half that comes in: webhook, updates, born cases, polls, views."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from standardwebhooks import Webhook

from connectors.protocols.http.auth import Secret, SignedTemplate, by_kind
from connectors.systems.rest.calls import Call
from connectors.systems.rest.places import AnyPlace, MaybePlace, NamedPlace
from connectors.systems.rest.sources import AnySource
from connectors.systems.rest.words import Formula, Section


def _signing_secret(value: SecretStr) -> SecretStr:
    try:
        Webhook(value.get_secret_value())
    except Exception as error:
        msg = "no webhook secret: expected whsec_ and base64 after it"
        raise ValueError(msg) from error
    return value


SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]


class StandardWebhook(Section):
    """The agency signs its updates by Standard Webhooks."""

    kind: Literal["standard"] = "standard"
    secret: SigningSecret
    previous_secret: SigningSecret | None = None
    """Is accepted too, while the secret is being changed."""


class _Keyed(Section):
    id_header: str = ""
    """Header that names the message, the same at every repetition; without it equal
    bodies are the same message."""


class HmacWebhook(_Keyed):
    """The agency signs its updates in a header of its own."""

    kind: Literal["hmac"]
    secret: Secret
    previous_secret: Secret | None = None
    header: str = Field(default="X-Signature", min_length=1)
    prefix: str = ""
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    signed: SignedTemplate = "{body}"
    """As in `auth`: {body}, {timestamp}, {method}, {path}, {nonce}, {body_sha256}."""
    timestamp_header: str = ""
    """Header with the seconds since 1970; an old one is refused."""
    nonce_header: str = ""
    tolerance_seconds: float = Field(default=300, gt=0)

    @model_validator(mode="after")
    def _has_what_it_signs(self) -> Self:
        if ("{timestamp}" in self.signed) != bool(self.timestamp_header):
            msg = "timestamp_header and {timestamp} in `signed` belong together"
            raise ValueError(msg)
        if "{nonce}" in self.signed and not self.nonce_header:
            msg = "`signed` has {nonce}: name the nonce_header"
            raise ValueError(msg)
        return self


class SharedSecretWebhook(_Keyed):
    """The agency sends a secret as it is, in a header; only for what cannot sign."""

    kind: Literal["bearer", "header"]
    secret: Secret
    previous_secret: Secret | None = None
    header: str = "Authorization"


class BasicWebhook(_Keyed):
    """The agency sends a name and a password; only for what cannot sign."""

    kind: Literal["basic"]
    user: str = Field(min_length=1)
    secret: Secret
    previous_secret: Secret | None = None


WEBHOOKS: Mapping[str, type[Section]] = {
    "standard": StandardWebhook,
    "hmac": HmacWebhook,
    "bearer": SharedSecretWebhook,
    "header": SharedSecretWebhook,
    "basic": BasicWebhook,
}
WebhookSettings = Annotated[
    StandardWebhook | HmacWebhook | SharedSecretWebhook | BasicWebhook,
    by_kind(WEBHOOKS, "standard"),
]
"""How the agency proves that an update is its own; without `kind`, `standard`."""


class Update(Section):
    """Where an update says what; all places but `items` begin at one item."""

    items: AnyPlace = Field(default="", validate_default=True)
    where: Formula | None = None
    """Sees an item; what is not true is no update and is passed over."""
    reference: NamedPlace
    status: NamedPlace
    time: MaybePlace = None
    time_format: str = ""
    """As in strptime, for example %d/%m/%Y %H:%M; or `epoch`, `epoch_ms`; without it
    ISO 8601."""
    sequence: MaybePlace = None
    event_id: MaybePlace = None
    text: MaybePlace = None
    unit: MaybePlace = None


class Born(Section):
    """Cases that began there: which items they are, and what they say."""

    where: Formula
    """Sees an item; true for a case that we did not hand over."""
    fields: dict[
        Literal[
            "title",
            "body",
            "type",
            "language",
            "incident_on",
            "anonymous",
            "confidential",
            "region.code",
            "region.scheme",
            "category.code",
            "category.scheme",
            "place.text",
            "place.landmark",
            "place.latitude",
            "place.longitude",
            "reporter.name",
            "reporter.email",
            "reporter.phone",
            "reporter.address",
        ],
        AnySource,
    ]
    """Our field -> place in the item, =constant, or jsonata:EXPRESSION."""
    new: tuple[str, ...] = ()
    """Status words of a case that is new there, too."""

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if "body" not in self.fields:
            msg = "fields: `body` is missing: the words of the complaint"
            raise ValueError(msg)
        return self


class Paging(Section):
    """How one page leads to the next; pages end where one is empty or repeated."""

    kind: Literal["none", "page", "offset", "cursor", "link"] = "none"
    first: int = Field(default=1, ge=0)
    """Number of the first page, `{page}`; offsets begin at 0."""
    next: MaybePlace = None
    """Where the answer has the next cursor, `{cursor}`; nothing there ends."""
    pages_max: int = Field(default=100, ge=1)
    """Pages of one round; what is left waits for the next round."""

    @model_validator(mode="after")
    def _leads_on(self) -> Self:
        if self.kind == "cursor" and self.next is None:
            msg = "paging by cursor: say where the answer has the `next` one"
            raise ValueError(msg)
        return self


class Poll(Call):
    """How we ask for updates: `feed` for what is new, `cases` case by case."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    kind: Literal["feed", "cases"] = "feed"
    paging: Paging = Paging()
    margin_seconds: float = Field(default=120, ge=0)
    """How far `{since}` goes back before the last round, for clocks and late rows."""
    start_seconds: float = Field(default=7 * 86400, ge=0)
    """How far the very first round goes back."""
    since_format: str = ""
    """As in strftime in the agency's zone; or `epoch`, `epoch_ms`; without it ISO
    8601 in UTC, whole seconds."""
    cases_a_page: int = Field(default=20, ge=1, le=200)
    repeat_hours: float = Field(default=24, gt=0)
    """How long an answer that says the same again is left out."""


class Snapshot(Call):
    """How we ask how cases stand: `all` that there are, or `cases` one by one."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    kind: Literal["all", "cases"] = "cases"
    paging: Paging = Paging()
    items: MaybePlace = None
    """Where the answer has the list, or the one case; as in [settings.update]."""
    reference: MaybePlace = None
    """These are as in [settings.update], where they are not named."""
    status: MaybePlace = None
    time: MaybePlace = None
    key: MaybePlace = None
    """Where our key of the hand-over is repeated."""


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def one_or_many(kind: type[Section]) -> BeforeValidator:
    """Let one table stand for a list of one."""
    written: Any = kind | tuple[kind, ...]  # type: ignore[valid-type]
    return BeforeValidator(_as_list, json_schema_input_type=written)


"""A single table counts as a list of one."""
