"""The suite over an Open311 server with the oddities of servers in the wild."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from hub.simulator.open311_profile import TIRTA
from tests.unit.connectors.kit.polled import QUICK, water
from tests.unit.connectors.kit.standing import report_of

ODDITIES: Mapping[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "newest_first_is_off": ({"newest_first": False}, ()),
    "hides_datetimes": ({"hides_datetimes": True}, ()),
    "repeats_last_page": ({"repeats_last_page": True}, ()),
    "ignores_pages": ({"ignores_pages": True}, ()),
    "fails_on_fractions": ({"fails_on_fractions": True}, ()),
    "fails_on_unknown_ids": ({"fails_on_unknown_ids": True}, ()),
    "media_as_objects": ({"media_as_objects": True}, ()),
    "html_errors": ({"html_errors": True}, ()),
    "wraps_json": ({"wraps_json": True}, ()),
    "gives_tokens": ({"gives_tokens": True}, ()),
    "page_cap": ({"page_cap": 2}, ()),
    "declares_no_key": ({"declares_key": False}, ()),
    "takes_no_updates": ({"takes_updates": False}, ("events",)),
    "zero_id": ({"zero_id": True}, ("create",)),
}
"""Oddity -> switches, and the rows that fail: none where the system copes by design."""


@pytest.mark.slow
@pytest.mark.parametrize("oddity", ODDITIES)
def test_an_oddity_of_an_open311_server_fails_where_it_is_not_coped_with(
    oddity: str,
) -> None:
    switches, rows = ODDITIES[oddity]
    with water(replace(TIRTA, **switches), QUICK) as (bench, _):
        report = report_of(bench)

    assert tuple(report.failed[: len(rows) or None]) == rows
