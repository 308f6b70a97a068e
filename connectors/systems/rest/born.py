"""Reads complaints that began in the agency's own system."""

from collections.abc import Mapping
from typing import Any

from connectors.protocols.expressions import ExpressionError
from connectors.protocols.records.paths import MISSING, put
from connectors.protocols.records.reading import Unreadable
from connectors.protocols.records.words import normalise_status
from connectors.systems.rest.coming_in import Born
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName

TITLE_CHARACTERS_MAX = 255
BODY_CHARACTERS_MAX = 10_000
_CUT: Mapping[str, int] = {
    "title": TITLE_CHARACTERS_MAX,
    "body": BODY_CHARACTERS_MAX,
}


class BornReader:
    """Maps items to new complaints by `[settings.born]`."""

    def __init__(self, born: Born) -> None:
        self._born = born
        self.new_words = frozenset(normalise_status(word) for word in born.new)
        """Normalised words of a case that is new there, too."""

    def is_born(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a case began there; raises Unreadable where nobody can."""
        try:
            return self._born.where.evaluate(item) is True
        except ExpressionError as error:
            why = f"born.where: {error}"
            raise Unreadable(why) from error

    def read(self, item: Mapping[str, Any]) -> NewComplaint:
        """Map one item; raises Unreadable, and ValidationError for odd values."""
        tree: dict[str, Any] = {"title": "", "channel": ChannelName.WEB}
        cut = False
        for ours, source in self._born.fields.items():
            try:
                value = source.take(item, item)
            except ExpressionError as error:
                why = f"born.fields.{ours}: {error}"
                raise Unreadable(why) from error
            if value in (MISSING, None, ""):
                continue
            if ours in _CUT:
                text = str(value).replace("\x00", "").strip()
                cut = cut or len(text) > _CUT[ours]
                value = text[: _CUT[ours]]
            put(tree, ours, value)
        if not tree.get("body"):
            why = "the case has no words: born.fields.body finds nothing"
            raise Unreadable(why, code="missing_field")
        return NewComplaint.model_validate({**tree, "truncated": cut})
