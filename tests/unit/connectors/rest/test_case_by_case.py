"""A list is never taken for a case, nor a case for a list."""

from typing import Any

import pytest

from connectors.systems.rest import RestSystem
from tests.unit.connectors.rest.asked import described

BY_PATH = {"path": "/cases/{reference}"}
BY_QUERY = {"path": "/cases", "query": {"id": "{reference}"}}
BY_FIELD = {"path": "/ask", "method": "POST", "fields": {"nomor": "$reference"}}
LIST = {"path": "/cases"}


def built(**settings: Any) -> None:
    RestSystem.from_manifest(described(settings)).close()


@pytest.mark.parametrize("place", ["poll", "snapshot"])
def test_asking_case_by_case_without_the_reference_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=rf"settings\.{place}\.kind: .*reference"):
        built(**{place: {"kind": "cases", **LIST}})


@pytest.mark.parametrize(("place", "kind"), [("poll", "feed"), ("snapshot", "all")])
def test_a_list_with_a_reference_is_refused(place: str, kind: str) -> None:
    with pytest.raises(ValueError, match=rf"settings\.{place}\.kind: {kind} has no"):
        built(**{place: {"kind": kind, **BY_QUERY}})


@pytest.mark.parametrize("call", [BY_PATH, BY_QUERY, BY_FIELD])
@pytest.mark.parametrize("place", ["poll", "snapshot"])
def test_a_case_may_be_named_anywhere(place: str, call: dict[str, Any]) -> None:
    built(**{place: {"kind": "cases", **call}})
