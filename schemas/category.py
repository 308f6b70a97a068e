"""`categories.toml`: what complaints are about, as dated data of two levels."""

from collections import Counter
from typing import Self

from pydantic import Field, model_validator

from schemas.base import Model
from schemas.complaint import CODE
from schemas.validity import Dated


class Names(Model):
    """A name in both languages that people read."""

    id: str = Field(min_length=1, max_length=200)
    """Indonesian."""
    en: str = Field(min_length=1, max_length=200)
    """English."""


class CategoryEntry(Dated):
    """One category; it ends, and is never deleted."""

    code: str = Field(max_length=80, pattern=CODE)
    parent: str = Field(default="", max_length=80)
    """Code of the category above it; empty for one of the first level."""
    name: Names
    also: tuple[str, ...] = ()
    """Other codes by which it is known; they are read as this one."""


class CategoryTable(Model):
    """All categories of one scheme, those that ended among them."""

    scheme: str = Field(default="sp4n", max_length=40, pattern=CODE)
    categories: tuple[CategoryEntry, ...] = ()

    @model_validator(mode="after")
    def _of_two_levels(self) -> Self:
        codes = [code for one in self.categories for code in (one.code, *one.also)]
        if twice := sorted(code for code, n in Counter(codes).items() if n > 1):
            msg = f"codes used twice: {', '.join(twice)}"
            raise ValueError(msg)
        roots = {one.code for one in self.categories if not one.parent}
        for one in self.categories:
            if one.parent and one.parent not in roots:
                msg = f"{one.code}: its parent {one.parent!r} is not of the first level"
                raise ValueError(msg)
        return self
