"""What somebody may have meant: the nearest of the names that there are."""

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel

LISTED = 12


def suggested(name: str, legal: Collection[str]) -> str:
    """Write what may have been meant, or all that there is when it is little."""
    near = get_close_matches(name, sorted(legal), n=1, cutoff=0.6)
    if near:
        return f": did you mean {near[0]!r}?"
    return f"; legal: {', '.join(sorted(legal))}" if 0 < len(legal) <= LISTED else ""


def keys_at(model: Any, place: Sequence[str | int]) -> set[str]:
    """Name the keys that are legal at a place below a model."""
    models = [model] if model is not None else []
    for step in place:
        models = [
            below
            for one in models
            for below in _below(one, step)
            if isinstance(below, type)
        ]
    return {
        field.alias or name
        for one in models
        for name, field in one.model_fields.items()
    }


def model_named(title: str) -> type[BaseModel] | None:
    """Find a loaded model by its title, since an error tells no more of it."""
    waiting = [BaseModel]
    while waiting:
        for model in waiting.pop().__subclasses__():
            if model.__name__ == title:
                return model
            waiting.append(model)
    return None


def _below(model: type[BaseModel], step: str | int) -> Iterator[Any]:
    """Go one step down; the names of a union's members and numbers are no keys."""
    field = model.model_fields.get(str(step))
    if field is None:
        yield model
        return
    yield from _models(field.annotation)


def _models(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
