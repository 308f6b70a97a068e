"""The simulated SP4N-LAPOR! has the quirks that its partners meet."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from hub.simulator.cases import UnknownCase
from hub.simulator.client import http_client
from hub.simulator.faults import Fault, Timing
from hub.simulator.sp4n import SimulatedSp4n

BODY = {
    "title": "Jalan",
    "content": "Jalan rusak",
    "channel": 13,
    "user_id": 77,
    "classification_id": 1,
    "attachments": False,
}


@pytest.fixture
def sp4n() -> Iterator[SimulatedSp4n]:
    with SimulatedSp4n(seed=1, timing=Timing(hang_seconds=0.2)) as made:
        yield made


def call(sp4n: SimulatedSp4n, method: str, path: str, **more: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {sp4n.token}", "token": sp4n.app_token}
    with http_client(5) as client:
        return client.request(
            method,
            f"{sp4n.url}{path}",
            headers=headers | more.pop("headers", {}),
            **more,
        )


@pytest.mark.parametrize("missing", ["Authorization", "token"])
def test_one_header_is_not_enough(sp4n: SimulatedSp4n, missing: str) -> None:
    answer = call(sp4n, "GET", "/complaints", headers={missing: "x"})
    assert answer.status_code == 401


def test_a_complaint_that_is_sent_again_is_a_second_one(sp4n: SimulatedSp4n) -> None:
    for _ in range(2):
        answer = call(sp4n, "POST", "/complaints/complaint-lmw", json=BODY)
        assert answer.status_code == 200
    assert len({case.nomor for case in sp4n.cases}) == 2


def test_files_come_first_and_are_answered_in_two_lists(sp4n: SimulatedSp4n) -> None:
    files = [
        ("attachments[]", ("a.jpg", b"\xff\xd8", "image/jpeg")),
        ("attachments[]", ("b.pdf", b"%PDF", "application/pdf")),
    ]
    answer = call(sp4n, "POST", "/complaints/complaint/file", files=files)
    found = answer.json()["results"]
    ids = [found["images"][0]["id"], found["docs"][0]["id"]]
    assert [sp4n.book.files[n][1] for n in ids] == [b"\xff\xd8", b"%PDF"]

    for named, status in (
        (json.dumps(ids), 422),
        (f"[{ids[0]},{ids[1]}].", 200),
        ("[999].", 422),
        ("[].", 422),
    ):
        body = BODY | {"attachments": named}
        answer = call(sp4n, "POST", "/complaints/complaint-lmw", json=body)
        assert answer.status_code == status, named


@pytest.mark.parametrize("name", ["title", "content", "classification_id"])
def test_what_it_needs_is_named_when_it_is_missing(
    sp4n: SimulatedSp4n, name: str
) -> None:
    answer = call(sp4n, "POST", "/complaints/complaint-lmw", json=BODY | {name: ""})
    assert answer.status_code == 422
    assert name in answer.json()["message"]


def test_it_lists_what_is_disposed_to_an_institution_by_pages(
    sp4n: SimulatedSp4n,
) -> None:
    numbers = [sp4n.begin("Jalan", f"Rusak {n}").nomor for n in range(5)]
    sp4n.begin("Lain", "Untuk provinsi", disposition_id=5300)
    found = []
    for page in (1, 2, 3):
        query = {"disposition_id": 5201, "page": page, "page_size": 2}
        rows = call(sp4n, "GET", "/complaints", params=query).json()["results"]["data"]
        found += [row["id"] for row in rows]
    assert found == numbers


def test_a_step_is_a_log_with_places_to_be_filled(sp4n: SimulatedSp4n) -> None:
    nomor = sp4n.begin("Jalan", "Rusak").nomor
    sp4n.move(nomor, "Terverifikasi")
    found = call(sp4n, "GET", f"/complaints/{nomor}/complaint").json()["results"]
    assert found["data"]["status_code"] == 2
    (log,) = found["data_logs"]
    assert "{{institution_from}}" in log["template"]
    assert (log["status_old"], log["status_new"]) == (
        "Belum Terverifikasi",
        "Terverifikasi",
    )
    with pytest.raises(UnknownCase):
        sp4n.move("1", "Proses")


def test_it_tells_nothing_by_itself_and_shows_what_it_has(
    sp4n: SimulatedSp4n,
) -> None:
    nomor = sp4n.begin("Jalan", "Rusak").nomor
    sp4n.say(nomor, "Kapan?")
    sp4n.faults.for_next(1, Fault.ERROR_500)
    assert call(sp4n, "GET", f"/complaints/{nomor}/followups").status_code == 500
    (row,) = call(sp4n, "GET", f"/complaints/{nomor}/followups").json()["results"][
        "data"
    ]
    assert (row["content"], row["institution_from_id"]) == ("Kapan?", None)
    assert (sp4n.told.waiting, sp4n.at_rest) == (0, True)
    shown = sp4n.snapshot()
    assert json.dumps(shown)
    assert shown["cases"][0]["events"] == 1


def test_it_comes_back_with_everything_on_the_same_port() -> None:
    sp4n = SimulatedSp4n(seed=1)
    with sp4n:
        sp4n.begin("Jalan", "Rusak")
        url = sp4n.url
    with sp4n:
        assert (sp4n.url, len(sp4n.cases)) == (url, 1)
