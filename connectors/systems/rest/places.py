"""Where something stands in an answer: a dotted path, a header, or a formula."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from connectors.protocols.expressions import (
    Expression,
    ExpressionError,
    compile_pattern,
)
from connectors.protocols.records.paths import MISSING, check_dotted, pick
from connectors.systems.rest.words import FORMULA, Section

HEADER = "header:"
MATCH_CHARACTERS_MAX = 2000
"""A longer text is searched so far only."""


class _Matched(Section):
    at: str
    match: str | None = None


Written = str | _Matched
"""How a place is written in TOML."""


@dataclass(frozen=True)
class Place:
    """`data.nomor`, `header:Location`, `jsonata:$string(data.id)`, and a `match`."""

    text: str
    formula: Expression | None = None
    match: Any = None
    """The first group (or all of it) of what this finds is what counts."""

    def __str__(self) -> str:
        return self.text

    @property
    def path(self) -> str | None:
        """The dotted path; None for anything else."""
        plain = self.formula is None and not self.text.startswith(HEADER)
        return self.text if plain else None

    def take(self, tree: Any, headers: Mapping[str, str] | None = None) -> Any:
        """Return what stands there, or MISSING; a formula that fails finds nothing."""
        value = self._value(tree, headers or {})
        if self.match is None or value is MISSING:
            return value
        written = str(value)[:MATCH_CHARACTERS_MAX]
        found = self.match.search(written)
        if found is None:
            return MISSING
        return found.group(1 if self.match.groups else 0)

    def _value(self, tree: Any, headers: Mapping[str, str]) -> Any:
        if self.formula is not None:
            try:
                value = self.formula.evaluate(tree)
            except ExpressionError:
                return MISSING
            return MISSING if value is None else value
        if self.text.startswith(HEADER):
            return headers.get(self.text.removeprefix(HEADER).lower(), MISSING)
        return pick(tree, self.text)


def read_place(value: Any) -> Place:
    """Read a place from TOML: a text, or `{ at = text, match = pattern }`."""
    if isinstance(value, Place):
        return value
    pattern = None
    if isinstance(value, Mapping):
        if not set(value) <= {"at", "match"} or "at" not in value:
            msg = 'write { at = "header:Location", match = "([0-9]+)$" }'
            raise ValueError(msg)
        pattern, value = value.get("match"), value["at"]
    if not isinstance(value, str):
        msg = "a place is a dotted path, header:NAME or jsonata:EXPRESSION"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reads ValueError
    match = compile_pattern(str(pattern)) if pattern is not None else None
    if value.startswith(FORMULA):
        formula = Expression(value.removeprefix(FORMULA))
        return Place(text=value, formula=formula, match=match)
    if value.startswith(HEADER):
        return Place(text=value, match=match)
    if value.startswith("$"):
        msg = "$ is of formulas: write jsonata:$…; the whole answer is an empty text"
        raise ValueError(msg)
    return Place(text=check_dotted(value), match=match)


def _named(value: Any) -> Any:
    if value == "":
        msg = "the place is empty"
        raise ValueError(msg)
    return read_place(value)


AnyPlace = Annotated[Place, BeforeValidator(read_place, json_schema_input_type=Written)]
"""A place; empty means the whole."""
NamedPlace = Annotated[Place, BeforeValidator(_named, json_schema_input_type=Written)]


def _optional(value: Any) -> Place | None:
    return None if value in (None, "") else read_place(value)


MaybePlace = Annotated[
    Place | None, BeforeValidator(_optional, json_schema_input_type=Written)
]
"""A place, or none where it is empty."""
