"""A payload for any type of event, also for one that is catalogued tomorrow."""

import random
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

from tests.unit.domain.builders import START

WORDS = ("baik", "dicek", "32")
"""Text and codes: whatever pattern a field has takes one of them, or is optional."""


def payload(kind: type[BaseModel], dice: random.Random, **given: Any) -> BaseModel:
    """Fill what a payload needs, and some of what it may have."""
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        if name in given:
            values[name] = given[name]
        elif field.is_required() or dice.random() < 0.3:
            values[name] = _value(field.annotation, field.metadata, dice)
    return kind(**values)


def _value(annotation: Any, metadata: list[Any], dice: random.Random) -> Any:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *more = typing.get_args(annotation)
        return _value(inner, [*metadata, *more], dice)
    if origin in {typing.Union, types.UnionType}:
        choices = [a for a in typing.get_args(annotation) if a is not type(None)]
        return _value(dice.choice(choices), metadata, dice)
    if origin in {tuple, list}:
        return ()
    return _plain(annotation, metadata, dice)


def _plain(annotation: Any, metadata: list[Any], dice: random.Random) -> Any:
    for kind, make in _MAKERS.items():
        if issubclass(annotation, kind):
            return make(annotation, metadata, dice)
    return dice.choice(WORDS)


def _number(annotation: Any, metadata: list[Any], dice: random.Random) -> Any:
    least = next((m.ge for m in metadata if hasattr(m, "ge")), 0)
    most = next((m.le for m in metadata if hasattr(m, "le")), least + 3)
    return annotation(dice.randint(int(least), int(most)))


_MAKERS: dict[type, Callable[[Any, list[Any], random.Random], Any]] = {
    BaseModel: lambda kind, metadata, dice: payload(kind, dice),
    Enum: lambda kind, metadata, dice: dice.choice(list(kind)),
    bool: lambda kind, metadata, dice: dice.random() < 0.5,
    int: _number,
    float: _number,
    datetime: lambda kind, metadata, dice: START,
    date: lambda kind, metadata, dice: START.date(),
}
"""Type -> maker; a narrower type stands before the wider one."""
