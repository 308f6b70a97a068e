import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from hub.simulator.mail import MailSink


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as started:
        yield started


def send(sink: MailSink, message_id: str = "<a@simpul.example>") -> None:
    message = EmailMessage()
    message["From"] = "lapor@simpul.example"
    message["To"] = "warga@example.org"
    message["Message-ID"] = message_id
    message["In-Reply-To"] = "<m1@warga.example>"
    message["Reply-To"] = "lapor+ABCDEFGHJ@simpul.example"
    message["Subject"] = "[LAPOR ABCD-EFGH-J] Jalan berlubang, sudah diperbaiki"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("Laporan Anda diterima — terima kasih.\n")
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as smtp:
        smtp.send_message(message)


def test_a_mail_is_kept_with_its_headers_and_text(sink: MailSink) -> None:
    send(sink)

    (mail,) = sink.received("Warga@example.org")
    assert mail.message_id == "<a@simpul.example>"
    assert mail.in_reply_to == "<m1@warga.example>"
    assert mail.reply_to == "lapor+ABCDEFGHJ@simpul.example"
    assert mail.subject.startswith("[LAPOR ABCD-EFGH-J] Jalan")
    assert "diterima — terima" in mail.text
    assert mail.header("auto-submitted") == "auto-generated"
    assert mail.rcpt_tos == ("warga@example.org",)
    assert sink.received("other@example.org") == []


def test_a_repeated_message_id_is_a_wire_duplicate(sink: MailSink) -> None:
    send(sink)
    send(sink)
    send(sink, "<b@simpul.example>")

    ids = [mail.message_id for mail in sink.received("warga@example.org")]
    assert ids == ["<a@simpul.example>", "<b@simpul.example>"]
    assert sink.wire_duplicates == 1
    assert len(sink.messages) == 3


def test_the_next_mails_are_refused_for_now(sink: MailSink) -> None:
    sink.refuse_next(1)

    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(sink)

    assert refused.value.smtp_code == 451
    assert sink.messages == []
    send(sink)
    assert len(sink.messages) == 1


def test_the_connection_is_reset_after_a_mail_was_taken(sink: MailSink) -> None:
    sink.drop_next(1)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(sink)

    assert len(sink.messages) == 1
    send(sink)
    assert sink.wire_duplicates == 1


def test_a_slow_sink_answers_late(sink: MailSink) -> None:
    sink.slow(0.2)
    begin = time.monotonic()

    send(sink)

    assert time.monotonic() - begin >= 0.2
    sink.clear()


def test_a_sink_comes_back_on_its_port_with_its_mails(sink: MailSink) -> None:
    send(sink)
    before = sink.address
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as left_open:
        sink.stop()
        with pytest.raises(ConnectionRefusedError):
            send(sink)
        sink.start()
        left_open.close()

    send(sink, "<b@simpul.example>")
    assert sink.address == before
    assert len(sink.messages) == 2
