"""How named cases stand in the server, and which of them it does not have."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from connectors.contract import OpenCase
from connectors.protocols.http.answer import HttpAnswer
from connectors.systems.open311.asking import ask_for, may_be_an_id, require_known
from connectors.systems.open311.calls import (
    Calls,
    is_unknown_case,
    read_tree,
    reading,
    require,
)
from connectors.systems.open311.reading import Reader
from connectors.systems.open311.settings import Open311Settings
from schemas.updates import AgencyView


class Snapshot:
    """Asks for cases in batches, and again for each that a batch left out."""

    def __init__(self, settings: Open311Settings, calls: Calls, reader: Reader) -> None:
        self._settings = settings
        self._calls = calls
        self._reader = reader

    def __call__(self, references: Sequence[str]) -> Iterator[AgencyView]:
        """Say how these stand; `present` is false only where the server says so.

        What a page leaves out may have been cut: it is asked for alone. A case that
        the server did not tell of, nor denied, is left out. Raises the errors of
        `connectors.errors`.
        """
        distinct = list(dict.fromkeys(references))
        size = self._settings.batch
        for first in range(0, len(distinct), size):
            batch = distinct[first : first + size]
            found = self._ask(batch) if len(batch) > 1 else {}
            for reference in batch:
                if (view := found.get(reference)) is None:
                    view = self._ask_alone(reference)
                if view is not None:
                    yield view

    def denies(self, reference: str, ends_at: float) -> bool:
        """Tell whether the server, being well, does not show this case.

        Raises the errors of `connectors.errors`.
        """
        answer = self._answer([reference], ends_at)
        if answer.status != HTTPStatus.OK:
            require_known(self._calls, self._settings, answer, ends_at)
            return True
        return not self._views(answer)

    def _ask(self, references: Sequence[str]) -> dict[str, AgencyView]:
        answer = self._answer(references, self._calls.ends_at())
        if answer.status != HTTPStatus.OK and may_be_an_id(answer):
            return {}
        return self._views(answer)

    def _ask_alone(self, reference: str) -> AgencyView | None:
        ends_at = self._calls.ends_at()
        answer = self._answer([reference], ends_at)
        if answer.status != HTTPStatus.OK:
            require_known(self._calls, self._settings, answer, ends_at)
            # Told by a status or by words it is gone; a bare 500 says too little.
            gone = is_unknown_case(answer)
            return AgencyView(reference=reference, present=False) if gone else None
        views = self._views(answer)
        if reference in views:
            return views[reference]
        # Others in its place: the server does not mind which one we asked for.
        return None if views else AgencyView(reference=reference, present=False)

    def _answer(self, references: Sequence[str], ends_at: float) -> HttpAnswer:
        cases = [OpenCase(position="", reference=one) for one in references]
        return ask_for(self._calls, self._settings, cases, ends_at)

    def _views(self, answer: HttpAnswer) -> dict[str, AgencyView]:
        reading(lambda: require(answer, "GET", "cases"))
        return self._reader.views(reading(lambda: read_tree(answer, "GET", "cases")))
