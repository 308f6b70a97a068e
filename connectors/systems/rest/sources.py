"""Where a field of a request comes from: a field of ours, a constant, a formula."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator

from connectors.protocols.expressions import Expression
from connectors.protocols.records.paths import pick
from connectors.systems.rest.words import FORMULA

CONSTANT = "="
VARIABLE = "$"


@dataclass(frozen=True)
class Source:
    """`title`, `=constant`, `$reference`, `jsonata:$uppercase(title)`, or a number."""

    text: str
    constant: Any = None
    formula: Expression | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def field(self) -> str:
        """The field of ours that it names; empty for anything else."""
        other = self.constant is not None or self.formula is not None
        return "" if other or self.text.startswith(VARIABLE) else self.text

    def take(self, ours: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
        """Return the value, or MISSING; raises ExpressionError.

        A formula sees the whole scope, a name only `ours`.
        """
        if self.constant is not None:
            return self.constant
        if self.formula is not None:
            return self.formula.evaluate(scope)
        if self.text.startswith(VARIABLE):
            return pick(scope, self.text.removeprefix(VARIABLE))
        return ours[self.text] if self.text in ours else pick(ours, self.text)


def read_source(value: Any) -> Source:
    """Read a source from TOML."""
    if isinstance(value, Source):
        return value
    if isinstance(value, bool | int | float):
        return Source(text=f"{CONSTANT}{value}", constant=value)
    if not isinstance(value, str) or not value:
        msg = "a field of ours, =CONSTANT, $VARIABLE, or jsonata:EXPRESSION"
        raise ValueError(msg)
    if value.startswith(CONSTANT):
        return Source(text=value, constant=value.removeprefix(CONSTANT))
    if value.startswith(FORMULA):
        formula = Expression(value.removeprefix(FORMULA))
        return Source(text=value, formula=formula)
    return Source(text=value)


AnySource = Annotated[
    Source,
    BeforeValidator(read_source, json_schema_input_type=str | bool | int | float),
]
