"""Deliveries of several calls: what is done is kept, and never done twice."""

import json
from typing import Any

import pytest

from connectors.contract import Delivery, Done, File, Pending
from connectors.errors import Refused, Retryable
from connectors.systems.rest import RestSystem
from connectors.systems.rest.progress import Progress
from tests.unit.connectors.rest.asked import answers, asking, path_of
from tests.unit.connectors.rest.builders import delivery
from tests.unit.connectors.rest.servers import RawServer, resets, says

FILES = tuple(
    File(name=f"{n}.jpg", media_type="image/jpeg", content=bytes([n])) for n in (1, 2)
)
UPLOAD: dict[str, Any] = {
    "upload": {"path": "/files", "encoding": "raw", "id": "file.id"},
    "submit": {
        "path": "/cases",
        "reference": "id",
        "fields": {"isi": "body", "berkas": "$uploads"},
    },
}
TOKEN: dict[str, Any] = {
    "submit": {
        "path": "/jobs",
        "token": "job",
        "reference": "id",
        "fields": {"isi": "body"},
        "after": [{"path": "/cases/{reference}/open"}],
    },
    "token": {
        "path": "/jobs/{token}",
        "reference": "case.id",
        "failed": "body.state = 'failed'",
        "every_seconds": 7,
    },
}


def go_on(rest: RestSystem, given: Delivery, times: int) -> Done | Pending:
    """Submit again and again, as the hub does, from what was kept."""
    outcome = rest.submit(given)
    for _ in range(times):
        assert isinstance(outcome, Pending)
        given = given.model_copy(update={"progress": outcome.progress})
        outcome = rest.submit(given)
    return outcome


def paths(server: RawServer) -> list[str]:
    return [path_of(seen) for seen in server.seen]


def test_each_file_is_uploaded_once_and_the_case_names_them() -> None:
    said = answers({"file": {"id": 31}}, {"file": {"id": 32}}, {"id": "C-1"})
    with asking(UPLOAD, *said) as (rest, server):
        assert rest.capabilities.files == "upload"
        done = go_on(rest, delivery(files=FILES), 2)

    assert isinstance(done, Done)
    assert done.reference == "C-1"
    assert paths(server) == ["/files", "/files", "/cases"]
    assert [seen.body for seen in server.seen[:2]] == [b"\x01", b"\x02"]
    assert server.seen[0].headers["content-type"] == "image/jpeg"
    assert json.loads(server.seen[2].body)["berkas"] == ["31", "32"]
    keys = [seen.headers["idempotency-key"] for seen in server.seen]
    assert keys == ["k-1-file-1", "k-1-file-2", "k-1"]


def test_a_lost_upload_is_tried_again_since_no_case_has_it() -> None:
    with asking(UPLOAD, resets) as (rest, _), pytest.raises(Retryable):
        rest.submit(delivery(files=FILES))


def test_a_refused_upload_is_refused_and_not_forgotten() -> None:
    with asking(UPLOAD, says(413)) as (rest, _), pytest.raises(Refused):
        rest.submit(delivery(files=FILES))


def test_a_token_is_asked_for_until_it_stands_for_a_case() -> None:
    said = answers({"job": "j/9"}, {"state": "queued"}, {"case": {"id": 5}}, {})
    with asking(TOKEN, *said) as (rest, server):
        first = rest.submit(delivery())
        assert isinstance(first, Pending)
        assert first.poll_after_seconds == 7
        kept = delivery(progress=first.progress)
    # Another process goes on: all that it has is what was kept.
    with asking(TOKEN, *said[1:]) as (rest, second):
        done = go_on(rest, kept, 2)

    assert isinstance(done, Done)
    assert done.reference == "5"
    assert paths(server) == ["/jobs"]
    assert [seen.target for seen in second.seen] == [
        "/jobs/j%2F9",
        "/jobs/j%2F9",
        "/cases/5/open",
    ]


def test_a_job_that_failed_is_refused() -> None:
    with asking(TOKEN, *answers({"job": "j"}, {"state": "failed"})) as (rest, _):
        first = rest.submit(delivery())
        assert isinstance(first, Pending)
        with pytest.raises(Refused):
            rest.submit(delivery(progress=first.progress))


def test_an_answer_that_has_the_case_at_once_needs_no_token() -> None:
    settings = {**TOKEN, "submit": {**TOKEN["submit"], "after": []}}
    with asking(settings, *answers({"id": 8})) as (rest, _):
        done = rest.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == "8"


def test_what_was_kept_of_another_delivery_counts_for_nothing() -> None:
    written = Progress(key="other", token="t").written()

    assert Progress.of(written, "mine") == Progress(key="mine")
    assert Progress.of(b"\xff{", "mine") == Progress(key="mine")
    assert Progress.of(written, "other").token == "t"
