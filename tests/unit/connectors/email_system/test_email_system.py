"""An agency that has only a mailbox: what it gets, and what its officers answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
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
    "DONE": "resolved",
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
        del mail[name]
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


def test_all_mails_of_a_case_are_one_conversation(sink: MailSink) -> None:
    mailbox = system(sink.address)
    mailbox.submit(case())
    mailbox.send(news("reporter_replied", "work_started"))
    mailbox.submit(case().model_copy(update={"key": "a" * 40}))

    first, second, anew = mails(sink)
    assert first["References"] == second["References"] == anew["References"]
    assert second["In-Reply-To"] == first["References"]
    assert first["Reply-To"] == second["Reply-To"]
    # What is handed over anew is another mail: programs drop an id that they know.
    assert len({mail["Message-ID"] for mail in (first, second, anew)}) == 3
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
        ("done", "DONE", ""),
        ("SELESAI!", "SELESAI", ""),
        ("Yth. Admin,\n\n3\nSudah dibuka.", "SELESAI", "Sudah dibuka."),
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
    "text",
    [
        "9",
        "Terima kasih, akan kami cek.",
        "3 hari lagi kami kerjakan",
        "3-4 hari lagi",
        "2.30 siang kami ke sana",
        "oke",
        "selesai besok",
        "belum selesai",
        "Selesai?",
        "1 dan 3",
        "DITERIMA, SELESAI",
        "dikerjakan/selesai",
        "",
    ],
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
    assert update.answer_to.choices[:2] == ("1  DITERIMA", "2  DIKERJAKAN")
    assert reply_address.read(
        SECRET.encode(), update.answer_to.reply_to, "lapor"
    ) == reply_address.Addressed(NAME, NUMBER)


@pytest.mark.parametrize(
    ("text", "heard", "meant"),
    [
        ("selesei", "selesei", "3 SELESAI / DONE"),
        ("Selesai besok pagi", "Selesai besok pagi", "3 SELESAI / DONE"),
        ("Terima kasih", "Terima kasih", ""),
        ("> 3\n> 4", "", ""),
    ],
)
def test_whoever_said_no_choice_hears_what_was_understood(
    text: str, heard: str, meant: str
) -> None:
    (record,) = system().read(answer(text))

    assert isinstance(record, Corrupt)
    assert record.answer_to is not None
    assert (record.answer_to.heard, record.answer_to.meant) == (heard, meant)


def test_a_report_of_a_delay_is_no_loss() -> None:
    late = answer(
        "Final-Recipient: rfc822; dumas@dinkes.example\nAction: delayed\nStatus: 4.4.1",
        Subject="Delivery Status Notification",
        From="Mail Delivery System <mailer-daemon@dinkes.example>",
    )

    assert list(system().read(late)) == []


def test_what_is_said_to_another_agency_names_no_case() -> None:
    local = reply_address.make(SECRET.encode(), "lapor", "dinas_lain", NUMBER)

    (record,) = system().read(answer("3", to=f"{local}@hub.example"))

    assert isinstance(record, Corrupt)
    assert record.reference == ""


def test_a_report_that_a_mail_was_lost_comes_to_the_address_of_its_case(
    sink: MailSink,
) -> None:
    system(sink.address).submit(case())

    (mail,) = sink.messages
    found = reply_address.read(SECRET.encode(), mail.mail_from, "lapor")
    assert found == reply_address.Addressed(NAME, NUMBER)
    assert mail.header("Auto-Submitted") == "auto-generated"
    assert "NDR" not in mail.header("X-Auto-Response-Suppress").split(", ")


def test_every_mailbox_of_the_agency_gets_the_mail_or_none(sink: MailSink) -> None:
    both = ["pengaduan@dinkes.example", "dumas@dinkes.example"]
    settings = {"to": both, "relay": sink.address} | {
        "domain": "hub.example",
        "reply_secret": SECRET,
    }
    system(settings=settings).submit(case())

    (mail,) = sink.messages
    assert mail.rcpt_tos == tuple(both)


def test_files_go_along_while_they_fit_and_the_hub_is_told_of_the_others(
    sink: MailSink,
) -> None:
    files = tuple(
        File(name=f"{size}.png", media_type="image/png", content=b"x" * size)
        for size in (600, 500, 300)
    )
    settings = {"to": ["a@dinkes.example"], "relay": sink.address} | {
        "domain": "hub.example",
        "reply_secret": SECRET,
        "files_bytes_max": 1000,
    }

    done = system(settings=settings).submit(case(files=files))

    (mail,) = mails(sink)
    assert [f.get_filename() for f in mail.iter_attachments()] == ["600.png", "300.png"]
    assert [(one.file, one.ok, one.why) for one in done.files] == [
        (1, False, "too_large")
    ]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "500.png (terlalu besar" in body.get_content()


def test_a_mail_shows_what_is_allowed_in_both_languages_and_72_columns(
    sink: MailSink,
) -> None:
    long = {"title": "Puskesmas " * 20, "body": "kata " * 200, "confidential": True}
    given = case(due_at=NOW).model_copy(
        update={"complaint": {"public_number": NUMBER, **long}}
    )
    system(sink.address).submit(given)

    (mail,) = mails(sink)
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    text = plain.get_content().replace("\r\n", "\n")
    assert max(map(len, text.split("\n"))) <= 72
    assert "Batas waktu / Due by  1 Jun 2026 10.00 WIB" in text
    assert "JANGAN DISEBARKAN / CONFIDENTIAL" in text
    assert "Pelapor" not in text.partition("Isi laporan")[0]
    page = rich.get_content()
    assert all(sign not in page for sign in ("<script", "<img", "http"))
    assert "sudah selesai / it is done" in page


def test_markup_in_a_complaint_stays_text(sink: MailSink) -> None:
    system(sink.address).submit(
        case().model_copy(
            update={
                "complaint": {"public_number": NUMBER, "body": "<script>x</script>"}
            }
        )
    )

    (mail,) = mails(sink)
    rich = mail.get_body(("html",))
    assert rich is not None
    assert "&lt;script&gt;" in rich.get_content()


def test_nothing_is_asked_of_whoever_lost_the_case(sink: MailSink) -> None:
    system(sink.address).send(news("reporter_replied", "returned"))

    (mail,) = mails(sink)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Tidak perlu dijawab." in body.get_content()
    assert "DIKERJAKAN" not in body.get_content()


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


@settings(deadline=None)  # guessing a charset takes long on a busy machine
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
    with pytest.raises(ValueError, match="no officer can say registered"):
        system(statuses={"APA": "registered"})
