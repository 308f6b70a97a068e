"""The process in which an expression is tried: asked on stdin, answers on stdout."""

import json
import resource
import sys
from typing import Any

from connectors.protocols.expressions.expression import Expression, ExpressionError

MEMORY_BYTES_MAX = 1_000_000_000


def answer(ask: dict[str, Any]) -> dict[str, Any]:
    """Evaluate what was asked for; an error is an answer too."""
    try:
        value = Expression(ask["expression"]).evaluate(ask["data"])
    except ExpressionError as error:
        return {"why": error.why, "position": error.position}
    return {"value": value}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
