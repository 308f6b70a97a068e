"""An agency that has only a mailbox: what it gets, and what its officers answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Delivery, EventView, File
from connectors.protocols.mail import reply_address
from connectors.systems.email import EmailSystem
from connectors.systems.email.menu import menu_of, read_choice
from hub.simulator.mail import MailSink
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyUpdate, Corrupt

NAME, NUMBER, SECRET = "dinkes_sukamaju", "412345678901234", "rahasia-balasan-uji-1"
STATUSES = {
    "DITERIMA": "acknowledged",
    "DIKERJAKAN": "work_started",
    "SELESAI": "resolved",
    "BUKAN WEWENANG": "return_requested",
}
MENU = menu_of(STATUSES)
NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


def system(relay: str = "127.0.0.1:1", **fields: Any) -> EmailSystem:
    manifest = {
        "name": NAME,
        "title": "Dinas Kesehatan",
        "system": "email",
        "allow": ["public_number", "title", "body", "attachments"],
        "statuses": STATUSES,
        "settings": {
            "to": ["pengaduan@dinkes.example"],
            "relay": relay,
            "domain": "hub.example",
            "reply_secret": SECRET,
        },
    }
    return EmailSystem.from_manifest(AgencyManifest.model_validate(manifest | fields))


def case(**fields: Any) -> Delivery:
    complaint = {
        "public_number": NUMBER,
        "title": "Puskesmas tutup",
        "body": "Puskesmas tutup sejak Senin.\n.titik di awal baris",
    }
    return Delivery(party=NAME, key="k" * 40, complaint=complaint, events=(), **fields)


def news(*types: str) -> Delivery:
    events = tuple(
        EventView(
            event_id=f"e-{n}",
            type=name,
            occurred_at=NOW,
            status="in_progress",
            words={"text": f"Kata {n}."},
        )
        for n, name in enumerate(types)
    )
    return case().model_copy(
        update={"events": events, "reference": NUMBER, "key": "n" * 40}
    )


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as server:
        yield server


def mails(sink: MailSink) -> list[EmailMessage]:
    found = [message_from_bytes(m.raw, policy=default) for m in sink.messages]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def answer(text: str, to: str = "", **headers: str) -> JournalEntry:
    local = reply_address.make(SECRET.encode(), "lapor", NAME, NUMBER)
    mail = EmailMessage()
    mail["From"] = "Petugas <petugas@dinkes.example>"
    mail["To"] = to or f"{local}@hub.example"
    mail["Message-ID"] = "<jawab-1@dinkes.example>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(text)
    raw = RawMessage(
        source=f"agency:{NAME}",
        lane=f"updates.{NAME}",
        source_key="1",
        body=b"Date: Mon, 01 Jun 2026 11:00:00 WITA\n" + mail.as_bytes(),
    )
    return JournalEntry(journal_id="j", received_at=NOW, raw=raw)


def test_a_case_is_mailed_with_its_menu_and_files(sink: MailSink) -> None:
    photo = File(name="foto.jpg", media_type="image/jpeg", content=b"\xff\xd8-foto")

    done = system(sink.address).submit(case(files=(photo,)))

    (mail,) = mails(sink)
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert done.reference == NUMBER
    assert f"[LAPOR {NUMBER}] Puskesmas tutup" in mail["Subject"]
    assert "Puskesmas tutup sejak Senin.\n.titik di awal baris" in text
    assert "  4  BUKAN WEWENANG" in text
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("foto.jpg", b"\xff\xd8-foto")


def test_a_repetition_has_the_same_message_id(sink: MailSink) -> None:
    mailbox = system(sink.address)
    mailbox.submit(case())
    mailbox.submit(case())

    assert (len(sink.messages), len(sink.distinct)) == (2, 1)


def test_news_answer_the_first_mail_of_the_case(sink: MailSink) -> None:
    mailbox = system(sink.address)
    mailbox.submit(case())
    mailbox.send(news("reporter_replied", "work_started"))

    first, second = mails(sink)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert first["Reply-To"] == second["Reply-To"]
    body = second.get_body(("plain",))
    assert body is not None
    assert "Kata 0." in body.get_content()
    assert "Kata 1." in body.get_content()


@pytest.mark.parametrize(
    ("text", "word", "said"),
    [
        ("1", "DITERIMA", ""),
        ("2.", "DIKERJAKAN", ""),
        ("selesai\nSudah dibuka lagi.", "SELESAI", "Sudah dibuka lagi."),
        ("SELESAI: sudah dibuka, Bu.", "SELESAI", "sudah dibuka, Bu."),
        ("[3] Sudah dibuka", "SELESAI", "Sudah dibuka"),
        ("bukan  wewenang", "BUKAN WEWENANG", ""),
        (
            "2\n\nPada Sen, 1 Jun 2026 pukul 10.00 L <l@hub.example> menulis:\n> 1",
            "DIKERJAKAN",
            "",
        ),
    ],
)
def test_an_officer_answers_with_a_word_or_number(
    text: str, word: str, said: str
) -> None:
    (update,) = system().read(answer(text))

    assert isinstance(update, AgencyUpdate)
    assert update.reference == NUMBER
    assert (update.raw_status, update.event_type) == (word, STATUSES[word])
    assert update.text == said
    assert update.event_id == "<jawab-1@dinkes.example>"
    assert update.occurred_at == NOW


@pytest.mark.parametrize(
    "text", ["9", "Terima kasih, akan kami cek.", "3 hari lagi kami kerjakan", "oke"]
)
def test_what_is_no_word_of_the_menu_is_for_a_person(text: str) -> None:
    (record,) = system().read(answer(text))

    assert isinstance(record, Corrupt)
    assert (record.code, record.reference) == ("unmapped_status", NUMBER)


def test_whoever_answered_can_be_told_what_became_of_it() -> None:
    (update,) = system().read(answer("1"))

    assert isinstance(update, AgencyUpdate)
    assert update.answer_to is not None
    assert update.answer_to.address == "petugas@dinkes.example"
    assert update.answer_to.choices.startswith("1 DITERIMA, 2 DIKERJAKAN")


def test_a_machine_is_not_heard_and_a_bounce_is_for_an_operator() -> None:
    away = answer("3", **{"Auto-Submitted": "auto-replied"})
    assert list(system().read(away)) == []

    back = answer("550 5.1.1 user unknown", **{"X-Failed-Recipients": "a@b.example"})
    (record,) = system().read(back)
    assert isinstance(record, Corrupt)
    assert (record.code, record.answer_to) == ("bounce", None)


def test_a_forged_address_names_no_case() -> None:
    forged = f"lapor+a.{NAME}.{NUMBER}.aaaaaaaaaaaa@hub.example"

    (record,) = system().read(answer("3", to=forged))

    assert isinstance(record, Corrupt)
    assert record.reference == ""


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    entry = answer("1")
    broken = entry.raw.model_copy(update={"body": raw})

    found = system().read(entry.model_copy(update={"raw": broken}))

    assert len(found) <= 1


@given(
    st.from_regex(r"[a-z][a-z0-9_]{1,20}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{14}", fullmatch=True),
    st.booleans(),
)
def test_only_our_own_addresses_are_read(agency: str, number: str, up: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    local = reply_address.make(b"x" * 16, "lapor", agency, number)
    address = f"{local.upper() if up else local}@hub.example"

    assert reply_address.read(b"x" * 16, address, "lapor") == reply_address.Addressed(
        agency, number
    )
    assert reply_address.read(b"y" * 16, address, "lapor") is None


@given(st.text(max_size=40))
def test_a_choice_is_found_or_not_whatever_is_said(text: str) -> None:
    found = read_choice(MENU, text)

    assert found is None or found.choice in MENU


def test_a_manifest_that_cannot_work_says_why() -> None:
    with pytest.raises(ValueError, match="public_number"):
        system(allow=["title"])
    with pytest.raises(ValueError, match="statuses"):
        system(statuses={})
    with pytest.raises(ValueError, match="at most 24"):
        system(name="a" * 25)
