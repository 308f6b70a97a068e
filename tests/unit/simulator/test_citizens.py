from collections.abc import Iterator
from datetime import date
from email import message_from_bytes

import pytest

from hub.simulator.attachments import pdf
from hub.simulator.citizens import Citizens
from hub.simulator.faults import Fault
from hub.simulator.mail import MailSink
from hub.simulator.misbehaviour import Answer
from hub.simulator.ports import free_port
from hub.simulator.post import HubAddresses
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.sms import SmsGateway
from tests.unit.simulator.stand_in import hub_stand_in

CODE = {"code": "ABCD-EFGH-J", "public_number": "P-1", "status_url": "/t/ABCDEFGHJ"}


@pytest.fixture
def hub() -> Iterator[FaultyServer]:
    with hub_stand_in(lambda _: Answer.of(202, CODE)) as server:
        yield server


@pytest.fixture
def smtp_door() -> Iterator[MailSink]:
    with MailSink() as door:
        yield door


@pytest.fixture
def citizens(hub: FaultyServer, smtp_door: MailSink) -> Iterator[Citizens]:
    gateway = SmsGateway(seed=5, hub_url=lambda: hub.url, secret="a", send_secret="b")
    with gateway:
        yield Citizens(
            5,
            hub=HubAddresses(hub.url, "127.0.0.1", smtp_door.port),
            gateway=gateway,
            deadline_seconds=5,
            today=date(2026, 11, 24),
        )


def test_a_mail_reaches_the_mailbox_of_the_hub(
    citizens: Citizens, smtp_door: MailSink
) -> None:
    sent = citizens.write_mail()

    (mail,) = smtp_door.received("lapor@simpul.example")
    assert sent.accepted
    assert mail.message_id == sent.key
    assert mail.mail_from == sent.contact
    assert sent.marker in mail.text


def test_a_mail_may_carry_a_file(citizens: Citizens, smtp_door: MailSink) -> None:
    citizens.write_mail(attachment=pdf("surat"))

    message = message_from_bytes(smtp_door.messages[0].raw)
    files = [part.get_filename() for part in message.walk() if part.get_filename()]
    assert files == ["surat.pdf"]


def test_a_mail_is_sent_again_under_its_id_until_it_is_taken(
    citizens: Citizens, smtp_door: MailSink
) -> None:
    smtp_door.refuse_next(1)
    smtp_door.drop_next(1)

    sent = citizens.write_mail()

    assert sent.accepted
    assert sent.attempts == 3
    assert smtp_door.wire_duplicates == 1


def test_a_web_form_keeps_its_key_until_it_is_taken(
    citizens: Citizens, hub: FaultyServer
) -> None:
    hub.faults.for_next(1, Fault.UNAVAILABLE_503)
    hub.faults.for_next(1, Fault.RESET_AFTER_COMMIT)

    sent = citizens.write_web()

    keys = [request.headers["idempotency-key"] for request in hub.requests]
    form = hub.requests[0].json()
    assert sent.accepted
    assert (sent.code, sent.public_number) == ("ABCD-EFGH-J", "P-1")
    assert keys == [sent.key] * 3
    assert sent.marker in form["body"]
    assert form["incident_on"] <= "2026-11-24"
    assert form["reporter"]["email"] == sent.contact


def test_an_sms_goes_through_the_gateway(citizens: Citizens, hub: FaultyServer) -> None:
    sent = citizens.write_sms()

    (request,) = hub.requests
    assert sent.accepted
    assert request.json()["id"] == sent.key
    assert request.json()["from"] == sent.contact
    assert sent.marker in request.json()["text"]


def test_a_citizen_gives_up_when_there_is_no_hub() -> None:
    nowhere = free_port()
    citizens = Citizens(
        1,
        hub=HubAddresses(f"http://127.0.0.1:{nowhere}", "127.0.0.1", nowhere),
        deadline_seconds=0.2,
    )

    assert not citizens.write_mail().accepted
    assert not citizens.write_web().accepted


def test_a_refused_form_is_not_sent_again(citizens: Citizens) -> None:
    def refuse(_: RecordedRequest) -> Answer:
        return Answer.of(422, {"title": "body"})

    with hub_stand_in(refuse) as strict:
        citizens.hub = HubAddresses(strict.url, "127.0.0.1", 1)
        sent = citizens.write_web()

    assert (sent.accepted, sent.attempts) == (False, 1)


def test_many_letters_arrive_in_order_of_their_markers_over_all_channels(
    citizens: Citizens, hub: FaultyServer, smtp_door: MailSink
) -> None:
    sent = citizens.write_many(24)

    assert all(one.accepted for one in sent)
    assert [one.marker for one in sent] == [f"ref-5-{n:06d}" for n in range(1, 25)]
    assert {one.channel for one in sent} == {"email", "sms", "web"}
    assert len(hub.requests) + len(smtp_door.messages) == 24


def test_an_answer_by_mail_names_what_it_answers(
    citizens: Citizens, smtp_door: MailSink
) -> None:
    citizens.write_mail()
    asked = smtp_door.messages[0]

    sent = citizens.answer_mail(asked, "Belum diperbaiki.")

    answer = smtp_door.messages[-1]
    assert answer.in_reply_to == asked.message_id
    assert answer.rcpt_tos == (asked.mail_from,)
    assert answer.subject == f"Re: {asked.subject}"
    assert answer.text.startswith(f"Belum diperbaiki. ({sent.marker})")
    assert "\n> " in answer.text


def test_answers_go_by_web_and_sms_too(citizens: Citizens, hub: FaultyServer) -> None:
    by_web = citizens.answer_web("ABCD-EFGH-J", "Belum")
    by_sms = citizens.answer_sms("08120000001", "ABCD-EFGH-J belum")

    web, sms = hub.requests
    assert web.path == "/api/v1/complaints/ABCD-EFGH-J/replies"
    assert web.json() == {"text": f"Belum ({by_web.marker})"}
    assert sms.json()["text"].endswith(by_sms.marker)
