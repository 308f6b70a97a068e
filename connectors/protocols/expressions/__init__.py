"""JSONata with guard rails: expressions that an integrator writes, safe to run here."""

from connectors.protocols.expressions.before import RECURSION_LIMIT
from connectors.protocols.expressions.expression import (
    Expression,
    ExpressionError,
    compile_pattern,
)
from connectors.protocols.expressions.preview import evaluate_in_child

__all__ = [
    "RECURSION_LIMIT",
    "Expression",
    "ExpressionError",
    "compile_pattern",
    "evaluate_in_child",
]
