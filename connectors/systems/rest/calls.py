"""One call of an agency's API: what is sent, and how its answer is judged."""

from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.protocols.records.paths import clashes
from connectors.systems.rest.places import NamedPlace
from connectors.systems.rest.sources import AnySource
from connectors.systems.rest.words import (
    Dotted,
    DottedName,
    Formula,
    Pattern,
    Section,
    UrlPath,
)

Encoding = Literal["json", "form", "multipart", "query", "text", "raw"]


class ErrorRule(Section):
    """What an answer means that the statuses of HTTP do not tell rightly.

    All conditions that are named must hold. The first rule that fits decides, those
    of the call before those of `[settings]`.
    """

    status: tuple[int, ...] = ()
    header: str = ""
    """Name of a header that must be there, and fit `match` if that is named."""
    match: Pattern | None = None
    """Pattern for the header, or for the body where no header is named."""
    where: Formula | None = None
    """Sees {status, headers, body, text}; true fits."""
    then: Literal["retry", "refused", "unknown", "misconfigured", "exists", "done"]
    """`exists`: it is there already, under our key. `done`: a success after all."""
    after_seconds: float | None = Field(default=None, gt=0)
    """Earliest next try, where the answer has no Retry-After."""
    why: str = ""
    """What operators read; without personal data."""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if not (self.status or self.header or self.match or self.where):
            msg = "a rule without condition: name status, header, match or where"
            raise ValueError(msg)
        return self


class Success(Section):
    """What a success must look like; all that is named must hold."""

    status: tuple[int, ...] = ()
    """Without it, 2xx."""
    header: str = ""
    where: Formula | None = None
    """Sees {status, headers, body, text}; must be true."""
    otherwise: Literal["unknown", "refused", "retry"] = "unknown"
    """What it is if the status is right and the rest is not."""


class Call(Section):
    """One HTTP call; every step of the system is made of it."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: UrlPath
    """Below base_url; {reference} and other names are filled in."""
    query: dict[str, str] = Field(default_factory=dict)
    """Parameters; one that comes out empty is left out."""
    headers: dict[str, str] = Field(default_factory=dict)
    fields: dict[DottedName, AnySource] = Field(default_factory=dict)
    """Their field -> our field, =constant, $variable, or jsonata:EXPRESSION."""
    nulls: tuple[DottedName, ...] = ()
    """Their fields that are sent as null when we have nothing; others are left out."""
    key_field: Dotted = ""
    """Their field that carries our key, beside the header."""
    body: Formula | None = None
    """The whole body as one expression, in place of fields."""
    encoding: Encoding = "json"
    content_type: str = ""
    """Where it is not what the encoding says."""
    success: Success = Success()
    errors: tuple[ErrorRule, ...] = ()
    keep: dict[str, NamedPlace] = Field(default_factory=dict)
    """Variables for the calls after it: name -> where the answer has it."""
    repeatable: bool = False
    """Doing it twice does no harm: an unknown outcome is tried again."""

    @model_validator(mode="after")
    def _body_is_clear(self) -> Self:
        if self.body is not None and (self.fields or self.key_field):
            msg = "either fields (with key_field) or body"
            raise ValueError(msg)
        if self.encoding == "text" and (self.body is None or not self.content_type):
            msg = "encoding text needs body and content_type"
            raise ValueError(msg)
        if self.encoding not in self._encodings():
            msg = f"encoding {self.encoding} is not for this call"
            raise ValueError(msg)
        if found := clashes(self._targets()):
            msg = f"fields that are set twice: {', '.join(found)}"
            raise ValueError(msg)
        if stray := [name for name in self.nulls if name not in self.fields]:
            msg = f"nulls that are not among fields: {', '.join(stray)}"
            raise ValueError(msg)
        return self

    def _encodings(self) -> tuple[str, ...]:
        return ("json", "form", "multipart", "query", "text")

    def _targets(self) -> list[str]:
        return [*self.fields, *filter(None, [self.key_field])]

    @property
    def templates(self) -> list[str]:
        """Every text of it with names to fill in."""
        return [self.path, *self.query.values(), *self.headers.values()]
