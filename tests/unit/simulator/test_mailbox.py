"""The unit that has only a mailbox: what it files, and how its officer answers."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from hub.simulator.mail import MailSink
from hub.simulator.mail_programs import PROGRAMS, answer_to
from hub.simulator.mailbox import SimulatedMailbox
from tests.unit.simulator.stand_in import eventually

MENU = """Antre lama (ref-1-000001)

  1  DITERIMA / RECEIVED   dibaca
  2  SELESAI  beres
"""


@contextmanager
def unit(work: tuple[float, float] | None = None) -> Iterator["Unit"]:
    with MailSink() as own, MailSink() as hub:
        mailbox = SimulatedMailbox(
            own, seed=3, hub_smtp=lambda: hub.address, work_seconds=work
        )
        with mailbox:
            yield Unit(own, hub, mailbox)


class Unit:
    def __init__(self, own: MailSink, hub: MailSink, mailbox: SimulatedMailbox) -> None:
        self.own, self.hub, self.mailbox = own, hub, mailbox

    def send(self, number: str, message_id: str, text: str = MENU, **more: str) -> None:
        mail = EmailMessage()
        mail["To"] = "registrasi@kemenkes-sukamaju.example"
        mail["Reply-To"] = f"lapor+{number}@simpul.example"
        mail["Subject"] = f"[LAPOR {number}] Antre lama"
        mail["Message-ID"] = message_id
        mail["Auto-Submitted"] = more.get("auto", "auto-generated")
        mail.set_content(text)
        host, _, port = self.own.address.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=5) as client:
            client.send_message(mail, "lapor@simpul.example", [mail["To"]])


def test_a_mail_is_one_case_however_often_it_comes() -> None:
    with unit() as found:
        found.send("41-1", "<a@x>")
        found.send("41-1", "<a@x>")
        found.send("41-1", "<b@x>", "Pelapor menulis lagi (jwb-1-000001)")
        found.send("42-1", "<c@x>", auto="auto-replied")

        (case,) = found.mailbox.cases
        assert (case.nomor, len(case.events)) == ("41-1", 1)
        assert len(found.mailbox.requests) == 3


def test_an_officer_works_by_himself_and_answers_each_step() -> None:
    with unit(work=(0, 0.01)) as found:
        found.send("41-1", "<a@x>")

        assert eventually(lambda: len(found.mailbox.cases[0].history) == 3)
        assert eventually(lambda: found.mailbox.at_rest)
        answers = found.hub.received("lapor+41-1@simpul.example")
        assert len([m for m in answers if not m.header("Auto-Submitted")]) == 3
        assert {mail.in_reply_to for mail in answers} == {"<a@x>"}


def test_answers_wait_in_order_while_the_hub_is_away() -> None:
    with unit() as found:
        found.send("41-1", "<a@x>")
        found.hub.stop()
        found.mailbox.move("41-1", "DITERIMA")
        found.mailbox.move("41-1", "SELESAI")
        assert eventually(lambda: found.mailbox.told.attempts > 0)

        found.hub.start()

        assert eventually(lambda: found.mailbox.at_rest)
        sent = [m for m in found.hub.messages if not m.header("Auto-Submitted")]
        assert [m.message_id for m in sent] == [
            "<jawab-1@kemenkes-sukamaju.example>",
            "<jawab-2@kemenkes-sukamaju.example>",
        ]


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_every_mail_program_says_the_answer_before_what_it_quotes(program: str) -> None:
    with unit() as found:
        found.send("41-1", "<a@x>")
        answer = answer_to(found.own.messages[0], "SELESAI\nSudah.", 1, program)

    said = answer.get_content()
    assert said.index("SELESAI") < said.index("Sudah.")
    assert ("ref-1-000001" in said) == (program != "bare")
