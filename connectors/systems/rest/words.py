"""The small words that the tables of `[settings]` are written with."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    TypeAdapter,
)

from connectors.protocols.expressions import Expression, compile_pattern
from connectors.protocols.records.paths import check_dotted

FORMULA = "jsonata:"
_URL = TypeAdapter(HttpUrl)


class Section(BaseModel):
    """A table that refuses unknown keys and keeps secrets out of error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


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


def _pattern(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return compile_pattern(value)


def _formula(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str) or not value.strip():
        msg = "a JSONata expression is a text"
        raise ValueError(msg)
    return Expression(value.removeprefix(FORMULA))


Base = Annotated[str, AfterValidator(_base)]
UrlPath = Annotated[str, AfterValidator(_below_base)]
Dotted = Annotated[str, AfterValidator(check_dotted)]
"""A dotted path; empty means the whole."""
DottedName = Annotated[str, Field(min_length=1), AfterValidator(check_dotted)]
Formula = Annotated[Expression, BeforeValidator(_formula, json_schema_input_type=str)]
"""A JSONata expression, with or without `jsonata:` before it."""
Pattern = Annotated[Any, BeforeValidator(_pattern, json_schema_input_type=str)]
"""A regular expression (RE2)."""
