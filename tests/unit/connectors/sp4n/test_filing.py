"""A complaint is filed in steps, in the platform's numbers, and says whose it is."""

import json

import pytest

from connectors.contract import CannotTell, Done, Pending, System
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from connectors.systems.sp4n.filing import attachments
from hub.simulator.faults import Fault
from hub.simulator.sp4n import SimulatedSp4n
from tests.unit.connectors.sp4n.speaking import LETTER, NUMBER, PHOTO, delivery


def test_a_complaint_is_filed_in_its_numbers_and_names_no_person(
    system: System, platform: SimulatedSp4n
) -> None:
    done = system.submit(delivery())

    (case,) = platform.cases
    assert done == Done(reference=case.nomor)
    body = case.body
    assert (body["classification_id"], body["category_id"]) == (1, 103)
    assert (body["location_id"], body["disposition_id"]) == (3200, 1)
    assert body["date_of_incident"] == "20-11-2026"
    assert (body["is_anonymous"], body["is_secret"]) == (True, False)
    assert body["attachments"] is False
    assert body["tags_raw"] == f"simpul:{NUMBER}"
    assert body["content"].endswith(f"[Nomor Simpul: {NUMBER}]")
    (request,) = platform.requests
    assert request.headers["token"] == platform.app_token


def test_files_go_first_and_are_uploaded_once(
    system: System, platform: SimulatedSp4n
) -> None:
    files = [PHOTO, LETTER]
    first = system.submit(delivery(files=files))
    assert isinstance(first, Pending)
    assert platform.cases == []

    platform.faults.for_next(1, Fault.UNAVAILABLE_503)
    with pytest.raises(Retryable):
        system.submit(delivery(files=files, progress=first.progress))
    done = system.submit(delivery(files=files, progress=first.progress))

    (case,) = platform.cases
    assert done == Done(reference=case.nomor)
    ids = json.loads(first.progress)
    assert case.body["attachments"] == f"[{ids[0]},{ids[1]}]."
    assert [content for _, content in platform.book.files.values()] == [
        PHOTO.content,
        LETTER.content,
    ]


def test_a_file_that_it_does_not_take_is_named_in_the_text(
    system: System, platform: SimulatedSp4n
) -> None:
    odd = LETTER.model_copy(update={"media_type": "application/zip"})
    system.submit(delivery(files=[odd]))
    (case,) = platform.cases
    assert "(1 lampiran tidak dapat dikirim.)" in case.body["content"]
    assert case.body["attachments"] is False


def test_an_upload_whose_answer_is_lost_is_done_again(
    system: System, platform: SimulatedSp4n
) -> None:
    platform.faults.for_next(1, Fault.RESET_AFTER_COMMIT)
    with pytest.raises(Retryable):
        system.submit(delivery(files=[PHOTO]))
    assert isinstance(system.submit(delivery(files=[PHOTO])), Pending)


def test_a_complaint_whose_answer_is_lost_waits_for_an_officer(
    system: System, platform: SimulatedSp4n
) -> None:
    platform.faults.for_next(1, Fault.RESET_AFTER_COMMIT)
    with pytest.raises(OutcomeUnknown):
        system.submit(delivery())
    assert len(platform.cases) == 1
    can = system.capabilities
    assert (can.honours_key, can.finds_after(hand_over=True)) == (False, False)
    assert isinstance(system.find(delivery()), CannotTell)


def test_what_no_table_maps_is_refused_by_its_name(
    system: System, platform: SimulatedSp4n
) -> None:
    with pytest.raises(Refused, match="classifications has no number") as no:
        system.submit(delivery(type="praise"))
    assert no.value.fingerprint == "sp4n unmapped classifications praise"
    system.submit(delivery(category={"code": "perhubungan"}, region=None))
    (case,) = platform.cases
    assert (case.body["category_id"], case.body["location_id"]) == (199, 9900)


def test_a_confidential_complaint_is_secret_and_what_is_not_said_is_too(
    system: System, platform: SimulatedSp4n
) -> None:
    system.submit(delivery(confidential=True))
    system.submit(delivery(confidential=None))
    assert [case.body["is_secret"] for case in platform.cases] == [True, True]


def test_a_wrong_token_pauses_and_burns_nothing(
    system: System, platform: SimulatedSp4n
) -> None:
    platform.app_token = "another"
    platform._api._app_token = "another"
    with pytest.raises(Misconfigured):
        system.submit(delivery())
    assert platform.cases == []


def test_attachments_are_a_list_as_text_with_a_dot_behind_it() -> None:
    assert attachments(["7", "9"]) == "[7,9]."
    assert attachments([]) is False
