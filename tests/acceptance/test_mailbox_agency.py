"""An agency that has only a mailbox: mails out, an officer's word back."""

import json
import smtplib
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.bootstrap import Hub, build_hub, open_store
from hub.database.invariants import check_invariants
from hub.domain.workflow import Actor, ActorRole
from hub.settings import Server, Settings
from hub.simulator.mail import MailMessage, MailSink
from hub.stages.act import Act, Request
from hub.stages.officers import ANSWERS_A_DAY_MAX
from schemas.parties import Author, AuthorKind
from tests.unit.simulator.stand_in import eventually

SECONDS_MAX = 20
NAME = "puskesmas_kota"
OFFICER = "petugas@puskesmas.example"
MANIFEST = """
name = "puskesmas_kota"
title = "Puskesmas Kota"
system = "email"
allow = ["public_number", "title", "body", "category"]

[statuses]
"DITERIMA" = "acknowledged"
"DIKERJAKAN" = "work_started"
"SELESAI" = "resolved"

[settings]
to = ["pengaduan@puskesmas.example"]
relay = "env:UJI_RELAY"
domain = "simpul.example"
reply_secret = "env:UJI_REPLY_SECRET"
"""
ROUTING = """
[[rules]]
id = "all"
why = "Everything is for the health centre."
main = ["puskesmas_kota"]
"""


@dataclass
class Centre:
    """The hub, and everything that mails reach."""

    hub: Hub
    sink: MailSink

    def mails(self, to: str) -> list[MailMessage]:
        """Every mail to an address, oldest first."""
        return [mail for mail in self.sink.distinct if to in mail.rcpt_tos]

    def answer(self, mail: MailMessage, text: str, number: int, **more: str) -> None:
        """Let the officer answer a mail as a mail program does."""
        reply = EmailMessage()
        reply["From"] = f"Petugas <{OFFICER}>"
        reply["To"] = mail.reply_to
        reply["Subject"] = f"Re: {mail.subject}"
        reply["In-Reply-To"] = mail.message_id
        reply["Message-ID"] = f"<jawab-{number}@puskesmas.example>"
        for name, value in more.items():
            reply[name.replace("_", "-")] = value
        quoted = "".join(f"> {line}\n" for line in mail.text.splitlines())
        reply.set_content(
            f"{text}\n\nPada Sen, 1 Jun 2026 pukul 10.00 Layanan "
            f"<lapor@simpul.example> menulis:\n\n{quoted}"
        )
        self.post(reply, OFFICER, _address(mail.reply_to))

    def post(self, mail: EmailMessage, sender: str, to: str) -> None:
        """Hand a mail over at the hub's own SMTP door."""
        host, _, port = self.hub.smtp_address.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=10) as client:
            client.send_message(mail, sender, [to])

    def decide(self, verb: str) -> None:
        """Let an operator at a command decide about the one complaint there is."""
        siti = Author(kind=AuthorKind.OPERATOR, id="cli:siti")
        actor = Actor(siti, ActorRole.OPERATOR)
        with closing(open_store(self.hub.store.settings)) as desk:
            (found,) = desk.queries.complaints(limit=10)
            Act(desk.cases)(Request(found["id"], verb, actor, verb, agency=NAME))

    def quarantined(self) -> list[str]:
        """Causes of what waits for an operator."""
        return [row["cause"] for row in self.hub.store.quarantine.waiting(limit=100)]

    def track(self, code: str) -> dict[str, Any]:
        """The complaint as its reporter sees it."""
        found: dict[str, Any] = httpx2.get(f"{self.hub.http_url}/t/{code}").json()
        return found


def _address(header: str) -> str:
    return header.rpartition("<")[2].strip("> ")


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    agencies = tmp_path / "agencies"
    (agencies / "puskesmas_kota").mkdir(parents=True)
    (agencies / "puskesmas_kota" / "agency.toml").write_text(MANIFEST)
    (agencies / "routing.toml").write_text(ROUTING)
    with MailSink() as sink:
        environ = {"UJI_RELAY": sink.address, "UJI_REPLY_SECRET": "rahasia-uji-balasan"}
        settings = Settings(
            data_dir=tmp_path / "data",
            agencies_dir=agencies,
            server=Server(port=0),
            channels={
                "web": {},
                "email": {
                    "domain": "simpul.example",
                    "relay": sink.address,
                    "reply_secret": environ["UJI_REPLY_SECRET"],
                },
            },
        )
        hub = build_hub(settings, environ)
        hub.start()
        try:
            yield Centre(hub, sink)
        finally:
            hub.stop()


def complain(centre: Centre) -> str:
    answer = httpx2.post(
        f"{centre.hub.http_url}/api/v1/complaints",
        content=json.dumps({"title": "Antrean", "body": "Antre sejak pukul lima."}),
        headers={
            "Content-Type": "application/json",
            "Idempotency-Key": f"kunci-{time.time_ns()}",
        },
    )
    return str(answer.json()["code"])


def test_an_officer_answers_by_mail_and_hears_what_became_of_it(centre: Centre) -> None:
    code = complain(centre)
    to = "pengaduan@puskesmas.example"
    assert eventually(lambda: bool(centre.mails(to)), SECONDS_MAX)
    (mail,) = centre.mails(to)
    assert "Antre sejak pukul lima." in mail.text

    centre.answer(mail, "2\nPetugas loket ditambah.", 1)
    assert eventually(
        lambda: centre.track(code)["status"] == "in_progress", SECONDS_MAX
    )
    assert eventually(lambda: len(centre.mails(OFFICER)) == 1, SECONDS_MAX)
    assert "dicatat: DIKERJAKAN" in centre.mails(OFFICER)[0].text

    centre.answer(mail, "Sudah kami cek semua.", 2)
    assert eventually(lambda: len(centre.mails(OFFICER)) == 2, SECONDS_MAX)
    asked = centre.mails(OFFICER)[1]
    assert '"Sudah kami cek semua."' in asked.text
    assert "1  DITERIMA\r\n2  DIKERJAKAN\r\n3  SELESAI" in asked.text

    centre.answer(mail, "Saya sedang cuti.", 3, Auto_Submitted="auto-replied")
    centre.answer(asked, "selesai", 4)  # whoever is asked answers what asked
    assert eventually(lambda: centre.track(code)["status"] == "closed", SECONDS_MAX)
    assert eventually(lambda: len(centre.mails(OFFICER)) == 3, SECONDS_MAX)

    store = centre.hub.store
    assert check_invariants(store.db, store.edge, store.erased, store.deadlines) == []
    assert "Petugas loket ditambah." in json.dumps(centre.track(code))


def test_a_mail_that_comes_back_is_for_the_operator_and_told_to_nobody_else(
    centre: Centre,
) -> None:
    code = complain(centre)
    to = "pengaduan@puskesmas.example"
    assert eventually(lambda: bool(centre.mails(to)), SECONDS_MAX)
    (mail,) = centre.mails(to)
    before = centre.track(code)

    report = EmailMessage()
    report["From"] = "MAILER-DAEMON@puskesmas.example"
    report["To"] = mail.mail_from
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Message-ID"] = "<laporan-1@puskesmas.example>"
    report.set_content("Action: failed\nStatus: 5.1.1\n550 user unknown")
    centre.post(report, "", _address(mail.mail_from))

    assert eventually(lambda: centre.quarantined() == ["bounce"], SECONDS_MAX)
    assert centre.track(code) == before
    assert centre.mails("MAILER-DAEMON@puskesmas.example") == []

    # The way out: it is sent again, as a mail that no program knows yet.
    for verb in ("take-back", "assign"):
        centre.decide(verb)
    assert eventually(lambda: len(centre.mails(to)) == 2, SECONDS_MAX)
    again = centre.mails(to)[1]
    assert again.message_id != mail.message_id
    assert (again.reply_to, again.references) == (mail.reply_to, mail.references)


def test_two_programs_that_answer_each_other_stop(centre: Centre) -> None:
    complain(centre)
    to = "pengaduan@puskesmas.example"
    assert eventually(lambda: bool(centre.mails(to)), SECONDS_MAX)
    (mail,) = centre.mails(to)

    for number in range(ANSWERS_A_DAY_MAX + 2):
        centre.answer(mail, f"Tiket #{number} sudah kami terima.", 100 + number)
        unclear = ["unmapped_status"] * (number + 1)
        assert eventually(lambda: centre.quarantined() == unclear, SECONDS_MAX)  # noqa: B023 - waited for here

    assert eventually(
        lambda: len(centre.mails(OFFICER)) == ANSWERS_A_DAY_MAX, SECONDS_MAX
    )
