import time
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from connectors.channels.email.way_back import EmailTarget
from connectors.contract import (
    CannotTell,
    Contact,
    Delivery,
    Done,
    EventView,
    Ignored,
    Skipped,
)
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from tests.unit.connectors.channels.builders import (
    CITIZEN,
    CODE,
    DOMAIN,
    KEY,
    MAILBOX,
    NOW,
    delivery,
    email_channel,
    read_mail,
)
from tests.unit.connectors.channels.loopback import SmtpSink, free_port, tcp_server

THREAD = Contact(
    address=CITIZEN,
    name="Sari Wulandari",
    thread_id="<satu@warga.example>",
    thread_subject="Lampu jalan padam",
)


def _target(port: int, **changes: object) -> EmailTarget:
    target = email_channel(relay=f"127.0.0.1:{port}", **changes).way_back()
    assert isinstance(target, EmailTarget)
    return target


def _send(sink: SmtpSink, news: Delivery, **changes: object) -> Done:
    with tcp_server(sink.talk) as server:
        done = _target(server.port, **changes).send(news)
    assert isinstance(done, Done)
    return done


def _written(news: Delivery, **changes: object) -> EmailMessage:
    sink = SmtpSink()
    _send(sink, news, **changes)
    parsed = message_from_bytes(sink.mails[0], policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _text(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_one_mail_holds_all_notices_in_both_languages() -> None:
    mail = _written(delivery("Dinas membaca.", "Dinas bekerja."))
    words = ["Dinas membaca.", "Dinas bekerja.", "(en) Dinas membaca.", CODE]

    assert all(word in _text(mail) for word in words)
    assert all(word in _text(mail, "html") for word in words)
    assert _text(mail).startswith("--- balas di atas garis ini")
    assert _text(mail).index("bekerja.") < _text(mail).index("(en)")


def test_a_mail_says_where_the_report_can_be_followed() -> None:
    link = "https://lapor.example/t/{code}"
    mail = _written(delivery("Dinas membaca."), link=link)

    assert f"https://lapor.example/t/{CODE}\n" in _text(mail)
    assert f"https://lapor.example/t/{CODE}" in _text(mail, "html")


def test_no_line_is_longer_than_mail_programs_show() -> None:
    mail = _written(delivery("Dinas membaca laporan Anda dengan saksama. " * 9))

    assert max(map(len, _text(mail).splitlines())) <= 72


def test_who_wrote_in_english_reads_english_first() -> None:
    contact = Contact(address=CITIZEN, language="en")
    mail = _written(delivery("Dinas membaca.", contact=contact))

    assert "Dear reporter," in _text(mail)
    assert _text(mail).index("(en) Dinas") < _text(mail).index("Dalam bahasa Indonesia")
    assert '<html lang="en">' in _text(mail, "html")


def test_a_mail_says_where_to_write_for_no_more_of_them() -> None:
    mail = _written(delivery())
    without = _written(delivery(code=""))

    wanted = f"<mailto:lapor+{CODE}@{DOMAIN}?subject=BERHENTI>"
    assert mail["List-Unsubscribe"] == wanted
    assert without["List-Unsubscribe"] is None


def test_the_mail_goes_on_in_the_conversation_of_the_reporter() -> None:
    mail = _written(delivery(contact=THREAD))

    assert mail["In-Reply-To"] == mail["References"] == "<satu@warga.example>"
    assert mail["Subject"] == f"Re: Lampu jalan padam [LAPOR {CODE}]"
    assert mail["To"] == f"Sari Wulandari <{CITIZEN}>"
    assert mail["From"].endswith(f"<{MAILBOX}>")
    assert mail["Reply-To"] == f"lapor+{CODE}@{DOMAIN}"
    assert mail["Date"]


def test_the_message_id_is_the_key_of_the_delivery() -> None:
    sink = SmtpSink()

    done = _send(sink, delivery())

    assert done.reference == f"<{KEY}@{DOMAIN}>"
    assert f"Message-ID: <{KEY}@{DOMAIN}>".encode() in sink.mails[0]


@pytest.mark.parametrize("key", ["a b", "k\r\nBcc: x@y.example", "ключ", "", "." * 70])
def test_a_strange_key_still_gives_one_message_id(key: str) -> None:
    first, second = _written(delivery(key=key)), _written(delivery(key=key))

    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith(f"@{DOMAIN}>")
    assert first["Bcc"] is None


def test_machines_are_asked_not_to_answer() -> None:
    sink = SmtpSink()
    _send(sink, delivery())
    mail = message_from_bytes(sink.mails[0], policy=default)

    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "bulk"
    assert b"MAIL FROM:<>" in sink.commands
    assert f"RCPT TO:<{CITIZEN}>".encode() in sink.commands


def test_our_own_mail_that_comes_back_is_ignored() -> None:
    sink = SmtpSink()
    _send(sink, delivery())

    assert isinstance(read_mail(sink.mails[0]), Ignored)


def test_no_header_can_be_smuggled_in() -> None:
    contact = Contact(
        address=CITIZEN,
        name="Sari\r\nBcc: x@luar.example",
        thread_id="<a@b>\r\nX-Evil: 1",
        thread_subject="Halo\r\n\r\nX-Evil: 1\nBcc: y@luar.example",
    )

    mail = _written(delivery(contact=contact, code="AB\r\nX-Evil: 1"))

    assert {"Bcc", "X-Evil"}.isdisjoint(mail.keys())
    assert mail["In-Reply-To"] is None


def test_a_long_message_id_of_the_reporter_is_not_broken() -> None:
    thread_id = f"<{'x' * 300}@warga.example>"
    contact = THREAD.model_copy(update={"thread_id": thread_id})
    sink = SmtpSink()

    _send(sink, delivery(contact=contact))

    assert f"In-Reply-To: {thread_id}".encode() in sink.mails[0]


def test_a_tag_in_the_subject_is_not_put_twice() -> None:
    subject = f"Re: Bls: Lampu [LAPOR {CODE}]"
    contact = THREAD.model_copy(update={"thread_subject": subject})

    assert _written(delivery(contact=contact))["Subject"] == f"Re: Lampu [LAPOR {CODE}]"


def test_without_code_and_conversation_there_is_neither_tag_nor_plus() -> None:
    mail = _written(delivery(code="", contact=Contact(address=CITIZEN)))

    assert mail["Subject"] == "Laporan Anda"
    assert mail["Reply-To"] == MAILBOX


def test_words_of_the_agency_are_escaped_and_stand_below_their_notice() -> None:
    event = EventView(
        event_id="e",
        type="followed_up",
        occurred_at=NOW,
        status="in_progress",
        notice=("Dinas menjawab.", "The agency answered."),
        words={"text": "Selesai <b>besok</b>\n.\nSalam & terima kasih"},
    )

    mail = _written(delivery(events=(event,)))

    assert "\n.\nSalam & terima kasih" in _text(mail)
    assert "&lt;b&gt;besok&lt;/b&gt;" in _text(mail, "html")


def test_letters_of_all_scripts_arrive() -> None:
    contact = Contact(address=CITIZEN, name="Señor Ωμέγα 😀", thread_subject="ꦗꦮ")

    mail = _written(delivery("Pengaduan “ꦗꦮ” 😀", contact=contact))

    assert "“ꦗꦮ” 😀" in _text(mail)
    assert "ꦗꦮ" in mail["Subject"]
    assert "Ωμέγα" in mail["To"]


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("greeting", b"421 busy\r\n", Retryable),
        ("greeting", b"554 no service\r\n", Misconfigured),
        ("greeting", b"", Retryable),
        ("greeting", b"HTTP/1.1 400 Bad Request\r\n", Retryable),
        ("EHLO", b"502 what\r\n", Misconfigured),
        ("MAIL", b"530 authenticate first\r\n", Misconfigured),
        ("MAIL", b"451 later\r\n", Retryable),
        ("RCPT", b"450 greylisted sari@warga.example\r\n", Retryable),
        ("RCPT", b"550 no such user sari@warga.example\r\n", Refused),
        ("RCPT", b"", Retryable),
        ("DATA", b"452 full\r\n", Retryable),
        ("DATA", b"554 no\r\n", Refused),
        ("content", b"451 later\r\n", Retryable),
        ("content", b"552 too large\r\n", Refused),
        ("content", b"nonsense\r\n", OutcomeUnknown),
        ("content", b"", OutcomeUnknown),
    ],
)
def test_what_the_relay_says_means_what_the_hub_does_next(
    step: str, answer: bytes, error: type[ConnectorError]
) -> None:
    with pytest.raises(error) as caught:
        _send(SmtpSink({step: answer}), delivery())

    assert type(caught.value) is error
    assert CITIZEN not in caught.value.fingerprint + caught.value.why


@pytest.mark.parametrize(
    ("answer", "gone"),
    [
        (b"550 5.1.1 no such user\r\n", True),
        (b"550 5.2.1 disabled\r\n", True),
        (b"550 5.7.1 blocked\r\n", False),
        (b"550 5.1.8 bad sender\r\n", False),
        (b"550 no\r\n", False),
    ],
)
def test_a_relay_says_that_an_address_is_gone_by_its_enhanced_code(
    answer: bytes, *, gone: bool
) -> None:
    with pytest.raises(Refused) as caught:
        _send(SmtpSink({"RCPT": answer}), delivery())

    assert caught.value.contact_gone is gone


@pytest.mark.parametrize(
    ("step", "error"),
    [("greeting", Retryable), ("RCPT", Retryable), ("content", OutcomeUnknown)],
)
def test_a_silent_relay_is_left_at_the_deadline(
    step: str, error: type[ConnectorError]
) -> None:
    began = time.monotonic()

    with pytest.raises(error):
        _send(SmtpSink({step: None}), delivery(), deadline_seconds=0.3)

    assert time.monotonic() - began < 3


def test_a_relay_that_drips_is_left_at_the_deadline() -> None:
    def drip(connection: object) -> None:
        for _ in range(100):
            connection.sendall(b"2")  # type: ignore[attr-defined]
            time.sleep(0.05)

    began = time.monotonic()
    with tcp_server(drip) as server, pytest.raises(Retryable):
        _target(server.port, deadline_seconds=0.3).send(delivery())

    assert time.monotonic() - began < 6


def test_nobody_listening_means_that_nothing_was_sent() -> None:
    with pytest.raises(Retryable):
        _target(free_port()).send(delivery())


def test_a_name_that_does_not_resolve_means_that_nothing_was_sent() -> None:
    target = email_channel(relay="tidak-ada.invalid:25").way_back()

    with pytest.raises(Retryable):
        target.send(delivery())


def test_a_relay_without_the_wanted_encryption_is_a_wrong_configuration() -> None:
    sink = SmtpSink({"STAR": b"502 no\r\n"})

    with pytest.raises(Misconfigured):
        _send(sink, delivery(), relay_security="starttls")


def test_credentials_are_shown_where_they_are_set() -> None:
    sink = SmtpSink({"AUTH": b"235 welcome\r\n"})

    _send(sink, delivery(), relay_user="simpul", relay_password="rahasia")

    assert b"AUTH PLAIN AHNpbXB1bAByYWhhc2lh" in sink.commands


def test_wrong_credentials_are_a_wrong_configuration() -> None:
    with pytest.raises(Misconfigured):
        _send(SmtpSink({"AUTH": b"535 no\r\n"}), delivery(), relay_user="simpul")


@pytest.mark.parametrize(
    "address",
    ["", "sari", "a b@warga.example", "a>@warga.example", "sari@", "ä@warga.example"],
)
def test_an_address_that_cannot_be_written_to_is_refused(address: str) -> None:
    contact = Contact(address=address)

    with pytest.raises(Refused):
        _send(SmtpSink(), delivery(contact=contact))


def test_without_a_contact_it_is_refused() -> None:
    with pytest.raises(Refused):
        _target(9).send(delivery(contact=None))


def test_nothing_is_handed_over_and_nobody_can_be_asked() -> None:
    target = _target(9)

    assert not target.capabilities.submits
    assert target.capabilities.resends_once
    assert target.capabilities.coalesces
    assert isinstance(target.submit(delivery()), Skipped)
    assert isinstance(target.find(delivery()), CannotTell)
