"""What a delivery shows to a reporter."""

from typing import Any

import pytest

from connectors.contract import Capabilities, Contact, EventView
from hub.domain.delivery import Plan, PlanKind
from hub.domain.lifecycle import CaseState
from hub.ports import CaseFile, Lease
from hub.stages.composing import Composer, Way, answer_delivery, wanted
from schemas.agency import Limits
from schemas.events import LogEvent, NewEvent
from schemas.parties import PartyKind
from tests.contract.told import Mailbox
from tests.unit.domain.builders import (
    START,
    WORKS,
    assigned,
    cursor,
    event,
    folded,
)

PERSON = {"email": "sari@warga.example", "phone": "+628120001234", "name": "Sari"}


class Secret:
    def key_secret(self) -> bytes:
        return b"secret"


def logged(events: list[NewEvent]) -> list[LogEvent]:
    state = folded(events)
    return [
        LogEvent(
            **dict(made),
            complaint_id="c-1",
            seq=seq,
            event_id=f"e-{seq}",
            recorded_at=START,
            status_after=state.status,
        )
        for seq, made in enumerate(events, start=1)
    ]


def shown(party: str, *events: NewEvent, **received: Any) -> tuple[EventView, Contact]:
    """Compose the last event for a reporter's channel."""
    log = [event("received", **received), event("verified"), assigned(WORKS), *events]
    last = len(log)
    case = CaseFile(
        events=logged(log),
        state=folded(log),
        facts={"code": "ABCD-EFGH-J"},
        read_at=START,
        reporter=PERSON,
        agency_titles={WORKS[0]: "Dinas PUPR"},
    )
    of = cursor(party=party, recipient="r-1", reference="", delivered_seq=last - 1)
    lease = Lease(of, PartyKind.REPORTER, f"deliver.{party}", 1, "me", 60)
    way = Way(party, PartyKind.REPORTER, Mailbox(), Limits(), (), "1")
    plan = Plan(PlanKind.SEND, last, last)
    made = Composer(Secret()).delivery(lease, way, case, plan)  # type: ignore[arg-type]
    (view,) = made.events
    assert made.contact is not None
    return view, made.contact


def test_a_mail_says_it_long_and_an_sms_short() -> None:
    news = event("work_started", leg=WORKS)
    long, _ = shown("reporter:email", news)
    short, _ = shown("reporter:sms", news)

    assert long.notice[0] == "Dinas PUPR mulai menangani laporan Anda."
    assert short.notice[0] == "Mulai ditangani Dinas PUPR."


@pytest.mark.parametrize("party", ["reporter:email", "reporter:sms"])
def test_an_officers_decision_is_told_with_its_reason_and_its_words(party: str) -> None:
    decided = event("archived", reason_code="too_general", text="Sebutkan tempatnya.")
    view, _ = shown(party, decided)

    assert view.notice[0].endswith(
        'Alasan: Isi laporan terlalu umum. "Sebutkan tempatnya."'
    )
    assert 'Reason: It is too general. "Sebutkan' in view.notice[1]


@pytest.mark.parametrize(
    ("language", "heard"), [("id", "id"), ("en", "en"), ("en-GB", "en"), ("jv", "id")]
)
def test_a_reporter_hears_in_the_language_of_the_report(
    language: str, heard: str
) -> None:
    _, contact = shown("reporter:sms", event("closed"), language=language)

    assert contact.language == heard


def test_an_instant_is_that_of_the_reports_region() -> None:
    late = event("hand_over_delayed", leg=WORKS, since=START)
    view, _ = shown("reporter:email", late, region={"code": "51.71"})

    assert "11.00 WITA" in view.notice[0]


@pytest.mark.parametrize(("language", "heard"), [("en", "en"), ("", "id")])
def test_an_answer_is_in_the_language_of_the_report(language: str, heard: str) -> None:
    params = {"id": "Laporan: Selesai.", "en": "Report: Closed.", "language": language}
    case = CaseFile(
        events=(),
        state=CaseState(),
        facts={},
        read_at=START,
        reporter=PERSON,
        answer=("text", params),
    )
    of = cursor(party="reporter:sms", sending_key="a-1")
    lease = Lease(of, PartyKind.REPORTER, "deliver.reporter:sms", 1, "me", 60, 1)
    way = Way("reporter:sms", PartyKind.REPORTER, Mailbox(), Limits(), (), "1")
    made = answer_delivery(lease, way, case)

    assert made.contact is not None
    assert made.contact.language == heard
    assert made.events[0].notice == ("Laporan: Selesai.", "Report: Closed.")


# what a system can take


def wanted_by(can: Capabilities, reference: str, *events: NewEvent) -> list[str]:
    """Name the types of events that an agency with such a system is told of next."""
    log = [event("received"), event("verified"), assigned(WORKS), *events]
    case = CaseFile(
        events=logged(log), state=folded(log), facts={}, read_at=START, reporter=PERSON
    )
    of = cursor(
        party=WORKS[0], reference=reference, delivered_seq=2, target_seq=len(log)
    )
    box = Mailbox()
    box.capabilities = can
    way = Way(WORKS[0], PartyKind.AGENCY, box, Limits(), ("body",), "1")
    return [one.type for one in wanted(of, case, way)]


REPLY = event("reporter_replied")
CORRECTION = event("corrected")


def test_an_event_that_a_system_cannot_take_is_passed_over() -> None:
    can = Capabilities(takes=("reporter_replied",))

    assert (
        wanted_by(can, "PUPR-1", REPLY, CORRECTION, REPLY) == ["reporter_replied"] * 2
    )
    assert wanted_by(Capabilities(takes=()), "PUPR-1", REPLY, CORRECTION) == []


def test_a_system_that_says_nothing_takes_every_event() -> None:
    found = wanted_by(Capabilities(), "PUPR-1", REPLY, CORRECTION)

    assert found == ["assigned", "reporter_replied", "corrected"]


def test_before_the_hand_over_nobody_asks_what_a_system_can_take() -> None:
    """Else an assignment would be passed over, and the complaint never given."""
    can = Capabilities(takes=("reporter_replied",))

    assert wanted_by(can, "", REPLY) == ["assigned", "reporter_replied"]


def test_who_is_only_ever_told_is_asked_from_the_first_event_on() -> None:
    can = Capabilities(submits=False, takes=("reporter_replied",))

    assert wanted_by(can, "", REPLY) == ["reporter_replied"]
