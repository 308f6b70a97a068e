"""Files that are put to a case that is there, and what a look-up goes on with."""

from typing import Any

import pytest

from connectors.contract import CannotTell, Done, FileOutcome, Pending
from connectors.errors import OutcomeUnknown
from connectors.systems.rest.settings import RestSettings
from tests.unit.connectors.rest.asked import answers, asking, path_of, query_of
from tests.unit.connectors.rest.builders import delivery
from tests.unit.connectors.rest.servers import resets, says
from tests.unit.connectors.rest.test_steps import FILES, go_on, paths

FOLLOWING: dict[str, Any] = {
    "submit": {
        "path": "/cases",
        "reference": "number",
        "keep": {"inner": "inner"},
        "fields": {"isi": "body"},
    },
    "upload": {
        "follows": True,
        "path": "/cases/{inner}/files",
        "query": {"name": "{file.name}", "of": "{reference}"},
        "encoding": "raw",
    },
    "find": {
        "path": "/cases",
        "parameter": "key",
        "reference": "number",
        "keep": {"inner": "0.inner"},
    },
}
CASE = {"number": "C-1", "inner": "x7"}


def test_files_are_put_to_the_case_once_it_is_there() -> None:
    with asking(FOLLOWING, *answers(CASE), says(201), says(204)) as (rest, server):
        assert rest.capabilities.files == "upload"
        done = go_on(rest, delivery(files=FILES), 3)

    assert isinstance(done, Done)
    assert done.reference == "C-1"
    assert paths(server) == ["/cases", "/cases/x7/files", "/cases/x7/files"]
    assert query_of(server.seen[1]) == {"name": "1.jpg", "of": "C-1"}
    assert [seen.body for seen in server.seen[1:]] == [b"\x01", b"\x02"]
    assert done.files == (FileOutcome(file=0), FileOutcome(file=1))


def test_a_complaint_without_files_ends_where_it_is_there() -> None:
    with asking(FOLLOWING, *answers(CASE)) as (rest, server):
        assert isinstance(go_on(rest, delivery(), 0), Done)

    assert paths(server) == ["/cases"]


def test_a_file_that_is_refused_is_named_and_the_case_goes_on() -> None:
    with asking(FOLLOWING, *answers(CASE), says(413), says(201)) as (rest, _):
        done = go_on(rest, delivery(files=FILES), 3)

    assert isinstance(done, Done)
    assert done.files == (FileOutcome(file=0, ok=False), FileOutcome(file=1))


def test_a_lost_file_is_unknown_and_the_look_up_cannot_tell_of_it() -> None:
    with asking(FOLLOWING, *answers(CASE), resets) as (rest, _):
        there = rest.submit(delivery(files=FILES))
        assert isinstance(there, Pending)
        given = delivery(files=FILES, progress=there.progress)
        with pytest.raises(OutcomeUnknown):
            rest.submit(given)
        assert isinstance(rest.find(given), CannotTell)


def test_a_case_that_a_look_up_finds_gets_its_files() -> None:
    with asking(FOLLOWING, *answers([CASE]), says(201), says(201)) as (rest, server):
        found = rest.find(delivery())
        assert isinstance(found, Pending)
        given = delivery(files=FILES, progress=found.progress)
        done = go_on(rest, given, 2)

    assert isinstance(done, Done)
    assert done.reference == "C-1"
    assert [path_of(seen) for seen in server.seen[1:]] == ["/cases/x7/files"] * 2


def test_a_look_up_that_keeps_less_than_what_follows_needs_is_for_a_person() -> None:
    find = {**FOLLOWING["find"], "keep": {}}
    with asking({**FOLLOWING, "find": find}, *answers([CASE])) as (rest, _):
        found = rest.find(delivery())

    assert isinstance(found, CannotTell)
    assert "find.keep" in found.why


def test_what_follows_a_found_case_is_done_though_it_has_no_files() -> None:
    after = {**FOLLOWING["submit"], "after": [{"path": "/cases/{inner}/open"}]}
    settings = {**FOLLOWING, "submit": after}
    del settings["upload"]
    with asking(settings, *answers([CASE], {})) as (rest, server):
        found = rest.find(delivery())
        assert isinstance(found, Pending)
        done = rest.submit(delivery(progress=found.progress))

    assert isinstance(done, Done)
    assert paths(server) == ["/cases", "/cases/x7/open"]


def test_a_file_that_comes_first_needs_an_id() -> None:
    settings = {**FOLLOWING, "base_url": "http://127.0.0.1:9"}
    settings["upload"] = {"path": "/files", "encoding": "raw"}
    with pytest.raises(ValueError, match="id is missing"):
        RestSettings.model_validate(settings)
