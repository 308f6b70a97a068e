"""`[settings]` of an agency whose system is an Open311 server."""

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

_URL = TypeAdapter(HttpUrl)


def _base(value: str) -> str:
    url = _URL.validate_python(value)
    if url.query or url.fragment or url.username:
        msg = "write the address without user, query and fragment"
        raise ValueError(msg)
    # Whether it ends in a slash is what integrators get wrong first; both are right.
    return value.rstrip("/") + "/"


def _word(value: str) -> str:
    if value and not re.fullmatch(r"[\w.:-]+", value):
        msg = "an identifier is one word of letters, digits, _, -, . and :"
        raise ValueError(msg)
    return value


def _secret_word(value: SecretStr) -> SecretStr:
    _word(value.get_secret_value())
    return value


Base = Annotated[str, AfterValidator(_base)]
Identifier = Annotated[str, AfterValidator(_word)]
Attribute = Annotated[str, Field(pattern=r"^[^\[\]\s]+$")]
"""Code of an attribute; it stands in brackets on the wire."""
Source = Annotated[str, Field(min_length=1)]
"""Name of a field of ours, or `=` and a constant."""


class Open311Settings(BaseModel):
    """Everything that the system `open311` needs to know of one agency."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    base_url: Base
    """Address before `requests.xml`, with or without a slash at its end."""
    jurisdiction_id: Identifier = ""
    """Sent with every call where it is set."""
    api_key: Annotated[SecretStr, AfterValidator(_secret_word)] = SecretStr("")
    """Sent with POST, and with GET servicerequestupdates."""
    format: Literal["xml", "json"] = "xml"
    """What is asked for; what comes back is read by what it is."""
    service_code: Identifier = Field(min_length=1)
    """The server's service for what `services` does not name."""
    services: dict[str, Identifier] = Field(default_factory=dict)
    """Our category code -> the server's service code."""
    attributes: dict[Attribute, Source] = Field(default_factory=dict)
    """Attribute of the service -> our field, or `=` and a constant."""
    key_attribute: Annotated[str, Field(pattern=r"^[^\[\]\s]*$")] = ""
    """Attribute that carries our key as digits, such as `fixmystreet_id`; only where
    the service's definition declares it."""
    honours_key: bool = False
    """True if a repeated POST with one key, or one update_id, has one effect."""
    find: Literal["", "window"] = ""
    """`window`: a lost hand-over is looked for among the cases of its days, by our key
    in the answer or in the description."""
    find_days: float = Field(default=2, gt=0, le=90)
    """How far around the hand-over is looked."""
    sends: bool = False
    """True if the server takes POST servicerequestupdates."""
    extended_statuses: bool = True
    """False: only OPEN and CLOSED are sent."""
    files: Literal["link", "upload", "line"] = "link"
    """How attachments are handed over: media_url, multipart, or a line of text."""
    updates: Literal["", "cases", "feed"] = "cases"
    """How its updates are asked for: our open cases by id, or
    GET servicerequestupdates by time."""
    batch: int = Field(default=50, ge=1, le=1000)
    """Ids in one call; at most the server's own page size."""
    margin_seconds: float = Field(default=300, ge=0, le=86_400)
    """How far windows of the feed overlap."""
    window_hours: float = Field(default=24, gt=0, le=24 * 90)
    """Longest window of one call of the feed."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.honours_key and not self.key_attribute:
            msg = "honours_key without key_attribute: which attribute carries the key?"
            raise ValueError(msg)
        if self.key_attribute in self.attributes:
            msg = f"attributes: {self.key_attribute!r} is the key_attribute already"
            raise ValueError(msg)
        return self
