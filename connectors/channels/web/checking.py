"""What is wrong with a request, in words that repeat none of its values."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.contract import HttpResponse
from connectors.protocols.problems import FieldError, problem
from schemas.base import Model

ERRORS_MAX = 20
"""More are not told: the caller mends these first."""
CLEARER = {
    # The length is checked behind the cleaning, where the library speaks of items.
    "too_short": ("string_too_short", "Write at least {} visible characters."),
    "too_long": ("string_too_long", "Write at most {} characters."),
}
"""Code of the library -> ours, with what is told."""
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_Checked = TypeVar("_Checked", bound=Model)


def check(model: type[_Checked], body: bytes) -> _Checked | HttpResponse:
    """Read a body strictly, or say what is wrong with it."""
    tree = _tree(body)
    if isinstance(tree, HttpResponse):
        return tree
    if errors := list(_nul_errors(tree)):
        return _unprocessable(errors)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        rows = error.errors(include_input=False, include_url=False)
    if any(row["type"] == "json_invalid" for row in rows):
        return problem(400, "Bad request", "The body is not JSON in valid Unicode.")
    return _unprocessable([_field_error(row) for row in rows])


def _tree(body: bytes) -> Any:
    try:
        tree = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        return problem(400, "Bad request", "The body is not UTF-8.")
    except (ValueError, RecursionError):
        return problem(400, "Bad request", "The body is not JSON.")
    if not isinstance(tree, dict):
        return problem(422, "Unprocessable", "The body must be a JSON object.")
    return tree


def _unprocessable(errors: list[FieldError]) -> HttpResponse:
    return problem(
        422,
        "Unprocessable",
        "Some fields cannot be taken; `errors` names them.",
        errors=errors[:ERRORS_MAX],
    )


def _field_error(row: ErrorDetails) -> FieldError:
    code, detail = CLEARER.get(row["type"], (row["type"], row["msg"]))
    limits = row.get("ctx", {})
    limit = limits.get("max_length", limits.get("min_length", ""))
    return FieldError(
        pointer=_pointer(row["loc"]), code=code, detail=detail.replace("{}", str(limit))
    )


def _pointer(steps: tuple[int | str, ...]) -> str:
    return "".join(f"/{_step(step)}" for step in steps)


def _step(step: int | str) -> str:
    """Name one step; a strange name of a field may be a value in the wrong place."""
    text = str(step)
    return text if isinstance(step, int) or _FIELD_NAME.fullmatch(text) else "?"


def _nul_errors(tree: Any) -> Iterator[FieldError]:
    """Find NUL characters: databases do not take them, and cutting would hide it."""
    open_: list[tuple[tuple[int | str, ...], Any]] = [((), tree)]
    while open_:
        steps, node = open_.pop()
        if isinstance(node, dict):
            open_ += [((*steps, name), value) for name, value in node.items()]
        elif isinstance(node, list):
            open_ += [((*steps, number), item) for number, item in enumerate(node)]
        elif isinstance(node, str) and "\0" in node:
            yield FieldError(
                pointer=_pointer(steps),
                code="nul_character",
                detail="NUL characters cannot be taken.",
            )
