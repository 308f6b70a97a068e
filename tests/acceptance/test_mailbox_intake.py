"""Complaints in a mailbox: taken, answered, gone on with, accounted for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub, build_hub, open_store
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.settings import Server, Settings
from hub.simulator.mail import MailMessage, MailSink
from tests.acceptance.command import started
from tests.services.dovecot import PASSWORD, Box
from tests.unit.simulator.stand_in import eventually

SECONDS_MAX = 20
SARI = "sari@warga.example"


@dataclass
class Office:
    """A hub that reads a mailbox, and the mailbox."""

    settings: Settings
    hub: Hub
    sink: MailSink
    box: Box

    def mails(self, to: str = SARI) -> list[MailMessage]:
        return [mail for mail in self.sink.distinct if to in mail.rcpt_tos]

    def put(self, number: int, text: str, **headers: str) -> None:
        mail = EmailMessage()
        given = {
            "From": f"Sari <{SARI}>",
            "To": "lapor@hub.example",
            "Subject": f"Lampu jalan {number}",
            "Message-ID": f"<surat-{number}@warga.example>",
        }
        for name, value in (given | headers).items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.box.put(mail.as_bytes())

    def lines(self, code: str) -> list[str]:
        """What happened to a complaint, in its order."""
        queries = self.hub.store.queries
        found = queries.find_complaint(code)
        assert found is not None
        return [row["what"] for row in queries.trace(found)]

    def ledger(self, *options: str) -> tuple[int, dict[str, Any]]:
        """What the command says, with its exit status."""
        data = str(self.settings.data_dir)
        command = ("channels", "ledger", "email", "--json", "--data-dir", data)
        channels = json.dumps(self.settings.channels)
        with started(*command, *options, SIMPUL_CHANNELS=channels) as process:
            out, err = process.communicate(timeout=60)
        assert out, err
        return process.returncode, json.loads(out)[0]


@pytest.fixture
def office(tmp_path: Path, box: Box) -> Iterator[Office]:
    with MailSink() as sink:
        server = {
            "host": "127.0.0.1",
            "port": box.server.port,
            "security": "none",
            "user": box.user,
            "password": PASSWORD,
        }
        settings = Settings(
            data_dir=tmp_path / "data",
            server=Server(port=0),
            channels={
                "web": {},
                "email": {
                    "domain": "hub.example",
                    "relay": sink.address,
                    "mailboxes": [{"name": "utama", "server": server}],
                },
            },
        )
        hub = build_hub(settings, {})
        hub.start()
        try:
            yield Office(settings, hub, sink, box)
        finally:
            hub.stop()


def test_a_mail_in_the_mailbox_becomes_a_complaint_and_the_conversation_goes_on(
    office: Office,
) -> None:
    office.put(1, "Lampu di depan pasar mati sejak Senin.")
    assert eventually(lambda: len(office.mails()) == 1, SECONDS_MAX)
    (first,) = office.mails()
    code = first.reply_to.partition("+")[2].partition("@")[0]
    assert first.subject.startswith("Re: Lampu jalan 1")

    office.put(2, "Masih mati.", To=first.reply_to, Subject=f"Re: {first.subject}")

    def said() -> bool:
        return "reporter_replied" in " ".join(office.lines(code))

    assert eventually(said, SECONDS_MAX)
    assert check_invariants(office.hub.store.db) == []
    status, ledger = office.ledger("--deep")
    assert (status, ledger["messages"], ledger["kept"]) == (0, 2, 2)
    assert ledger["states"] == {"done": 2}


def test_a_machine_in_the_mailbox_is_never_answered(office: Office) -> None:
    office.put(1, "Saya sedang cuti.", Auto_Submitted="auto-replied")
    office.put(2, "Got tersumbat di gang tiga.")

    assert eventually(lambda: len(office.mails()) == 1, SECONDS_MAX)
    assert "Lampu jalan 2" in office.mails()[0].subject
    _, ledger = office.ledger()
    assert ledger["states"] == {"done": 1, "ignored": 1}


def test_what_the_journal_lacks_is_named_and_taken(office: Office) -> None:
    office.put(1, "Jembatan retak.")
    assert eventually(lambda: len(office.mails()) == 1, SECONDS_MAX)
    office.hub.stop()
    office.put(2, "Belum dibaca.")
    _forget(office.settings)

    status, before = office.ledger()
    taking, during = office.ledger("--take")
    after, whole = office.ledger()

    assert (status, before["hole"], before["unread"]) == (1, 1, 1)
    assert (taking, during["taken"]) == (0, before["holes"])
    assert (after, whole["kept"], whole["unread"]) == (0, 1, 1)


def _forget(settings: Settings) -> None:
    """Lose a message, as a restored database does that kept its checkpoint."""
    store = open_store(settings, migrate=False)
    with store.db.write() as tx:
        tx.conn.execute(t.source_keys.delete())
    store.close()
