"""What complaints are about: categories by code, with their names, levels and days."""

from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches

from schemas.category import CategoryEntry, CategoryTable

LANGUAGES = ("id", "en")


class Categories:
    """Looks categories up; without a table nothing is known, and nothing is checked."""

    def __init__(self, table: CategoryTable | None = None) -> None:
        table = table or CategoryTable()
        self.scheme = table.scheme
        self._entries: Mapping[str, CategoryEntry] = {
            code: one for one in table.categories for code in (one.code, *one.also)
        }
        self.all = table.categories

    def __bool__(self) -> bool:
        return bool(self.all)

    def entry(self, code: str) -> CategoryEntry | None:
        """Find a category by its code, or by another one it is known by."""
        return self._entries.get(code)

    def name(self, code: str, language: str = "id") -> str:
        """Give a category's name below that of its first level; else the code."""
        found = self.entry(code)
        if found is None:
            return code
        own = str(getattr(found.name, language))
        above = self.entry(found.parent)
        return f"{getattr(above.name, language)} > {own}" if above else own

    def names(self, code: str) -> str:
        """Give a category's name in both languages; else the code."""
        return " / ".join(
            dict.fromkeys(self.name(code, language) for language in LANGUAGES)
        )

    def within(self, code: str) -> frozenset[str]:
        """Name every code that means a category or one below it."""
        found = self.entry(code)
        if found is None:
            return frozenset({code})
        below = (one for one in self.all if found.code in {one.code, one.parent})
        return frozenset(name for one in below for name in (one.code, *one.also))

    def choose(self, given: str, day: date) -> str:
        """Take what an official gives as the code of a category of that day.

        Raises ValueError, with what comes near. Without a table any code is taken.
        """
        found = self.entry(given)
        if found is None:
            if not self:
                return given
            near = ", ".join(get_close_matches(given, self._entries, 3, 0.5))
            msg = f"no category {given!r}" + (f"; there are: {near}" if near else "")
            raise ValueError(msg)
        if not found.holds_on(day):
            days = f"{found.valid_from or '…'} to {found.valid_until or '…'}"
            msg = f"the category {given!r} held from {days}"
            raise ValueError(msg)
        return found.code
