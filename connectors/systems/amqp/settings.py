"""`[settings]` of an agency whose system is an AMQP 0-9-1 broker."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from connectors.protocols.records.paths import check_dotted, clashes

SHORT_BYTES_MAX = 255
"""Names of AMQP are short strings."""


def _short(value: str) -> str:
    if len(value.encode()) > SHORT_BYTES_MAX:
        msg = f"names of AMQP have at most {SHORT_BYTES_MAX} bytes"
        raise ValueError(msg)
    return value


def _broker(value: SecretStr) -> SecretStr:
    try:
        url = urlsplit(value.get_secret_value())
        whole = url.scheme in {"amqp", "amqps"} and url.hostname and url.port != 0
    except ValueError:
        whole = False
    if not whole or url.query or url.fragment:
        msg = "expected amqp:// or amqps://user:password@host:port/vhost, nothing more"
        raise ValueError(msg)
    return value


Dotted = Annotated[str, AfterValidator(check_dotted)]
"""A dotted path; empty means the whole, or nothing."""
DottedName = Annotated[str, Field(min_length=1), AfterValidator(check_dotted)]
Source = Annotated[str, Field(min_length=1)]
"""Name of a field of ours, or `=` and a constant."""
Short = Annotated[str, AfterValidator(_short)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_short)]
BrokerUrl = Annotated[SecretStr, AfterValidator(_broker)]


class Section(BaseModel):
    """A table that refuses unknown keys and keeps secrets out of error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class Tls(Section):
    """What `amqps` needs beyond the authorities of this machine."""

    authority: str = ""
    """Certificate of the agency's own authority, as PEM text: `file:ca.pem`."""
    certificate_path: str = ""
    """Our certificate and those above it, as a path of every worker."""
    key_path: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.key_path and not self.certificate_path:
            msg = "tls.key_path without tls.certificate_path"
            raise ValueError(msg)
        return self


class Outgoing(Section):
    """Where one kind of message goes, and in which words."""

    routing_key: Name
    """With the default exchange: the name of the queue."""
    fields: dict[DottedName, Source] = Field(default_factory=dict)
    """Their field -> our field; without it the shape of the AsyncAPI document."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if found := clashes(self.fields):
            msg = f"fields that are set twice: {', '.join(found)}"
            raise ValueError(msg)
        return self


class Acknowledgement(Section):
    """The agency's program answers a hand-over with its own number of the case."""

    reference: DottedName = "reference"
    """Where the answer has it."""
    ask_again_seconds: float = Field(default=60, ge=1)
    """The broker has the hand-over and no answer came: it is sent again after this."""


class Updates(Section):
    """The queue on which the agency tells of its work."""

    queue: Name
    prefetch: int = Field(default=20, ge=1, le=2000)
    """Messages at a time that are not acknowledged yet."""
    body_bytes_max: int = Field(default=1_000_000, ge=1)
    """A longer message is rejected: the queue's dead-letter exchange has it then."""


class Update(Section):
    """Where an update says what; all paths but `items` begin at one item."""

    items: Dotted = ""
    reference: DottedName = "reference"
    status: DottedName = "status"
    time: Dotted = "occurred_at"
    time_format: str = ""
    """As in strptime, for example %d/%m/%Y %H:%M; or `epoch`, `epoch_ms`; without it
    ISO 8601."""
    sequence: Dotted = "sequence"
    event_id: Dotted = "event_id"
    text: Dotted = "text"
    unit: Dotted = "unit"


class AmqpSettings(Section):
    """Everything that the system `amqp` needs to know of one agency."""

    url: BrokerUrl
    """Broker, user, password and virtual host: `env:NAME` or `file:PATH`."""
    tls: Tls = Tls()
    exchange: Short = ""
    """Empty: the default exchange, whose routing keys are names of queues."""
    source: Name = "urn:simpul"
    """`ce-source` of what we send."""
    heartbeat_seconds: int = Field(default=10, ge=1, le=300)
    """A connection that is silent for two of them is taken as lost."""
    message_bytes_max: int = Field(default=8_000_000, ge=1)
    """A longer message is refused here; brokers take 16 MiB unless told otherwise."""
    honours_key: bool = False
    """True if the agency's program files one message id once."""
    files: Literal["upload", "link", "line"] = "line"
    """`upload`: inside the message, in base64."""
    submit: Outgoing
    send: Outgoing | None = None
    """Later events; without it they are not told."""
    acknowledgement: Acknowledgement | None = None
    """Without it the reference of a case is our public number."""
    updates: Updates | None = None
    update: Update = Update()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.acknowledgement is not None and not self.honours_key:
            msg = (
                "acknowledgement needs honours_key: a hand-over whose answer is late "
                "is sent again under the same message id"
            )
            raise ValueError(msg)
        return self
