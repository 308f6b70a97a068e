"""What becomes of a complaint is told as follow-ups, each once."""

import pytest

from connectors.contract import CannotTell, Done, Found, NotFound, Skipped, System
from connectors.errors import OutcomeUnknown
from hub.simulator.faults import Fault
from hub.simulator.sp4n import SimulatedSp4n
from tests.unit.connectors.sp4n.speaking import PHOTO, delivery, event


@pytest.fixture
def nomor(platform: SimulatedSp4n) -> str:
    return platform.begin("Jalan", "Jalan rusak").nomor


def test_an_answer_is_a_follow_up_of_our_institution(
    system: System, platform: SimulatedSp4n, nomor: str
) -> None:
    said = delivery(
        events=[event("followed_up", "Besok kami perbaiki.")],
        reference=nomor,
        files=[PHOTO],
    )
    assert system.send(said) == Done(reference=nomor)
    (row,) = platform.cases[0].followups
    assert row["institution_from_id"] == "5201"
    assert row["template_code"] == "tindak_lanjut"
    assert row["content"] == "Besok kami perbaiki. [#a1b2c3d4e5f6]"
    assert row["is_secret"] == "0"
    assert len(platform.book.files) == 1


def test_an_event_without_words_has_those_of_the_table(
    system: System, platform: SimulatedSp4n, nomor: str
) -> None:
    system.send(delivery(events=[event("work_started")], reference=nomor))
    (row,) = platform.cases[0].followups
    assert row["content"].startswith("Laporan sedang ditindaklanjuti.")


def test_one_whose_answer_is_lost_is_looked_for_by_its_mark(
    system: System, platform: SimulatedSp4n, nomor: str
) -> None:
    said = delivery(events=[event("resolved", "Selesai.")], reference=nomor)
    assert isinstance(system.find(said), NotFound)
    platform.faults.for_next(1, Fault.RESET_AFTER_COMMIT)
    with pytest.raises(OutcomeUnknown):
        system.send(said)
    assert system.find(said) == Found(reference=nomor)
    platform.faults.for_next(1, Fault.ERROR_500)
    assert isinstance(system.find(said), CannotTell)


def test_what_is_not_ours_goes_back_as_a_request_to_the_centre(
    system: System, platform: SimulatedSp4n, nomor: str
) -> None:
    said = delivery(events=[event("rejected", "Jalan nasional.")], reference=nomor)
    system.send(said)
    (case,) = platform.cases
    assert case.requests[0] == {
        "is_request": 1,
        "not_authority": 1,
        "reason": 1,
        "reason_description": "Jalan nasional.",
    }
    assert isinstance(system.find(said), CannotTell)


def test_what_the_table_does_not_tell_of_is_not_told(
    system: System, nomor: str
) -> None:
    told = system.send(delivery(events=[event("classified")], reference=nomor))
    assert isinstance(told, Skipped)
    assert "classified" not in (system.capabilities.takes or ())
