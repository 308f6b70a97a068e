import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.channels.email import EmailChannel
from connectors.channels.email.raw import raw_message
from connectors.contract import Listener, Receiptful
from connectors.protocols.mail.reply_address import make
from schemas.raw import RawMessage
from tests.services.dovecot import write_certificate
from tests.unit.connectors.channels.builders import (
    CITIZEN,
    DOMAIN,
    MAILBOX,
    email_channel,
    mail,
)

RECEIPT = Receiptful(state="new", journal_id="j1")
Accept = Callable[[RawMessage], Receiptful]


def source_key(body: bytes) -> str:
    return raw_message(body, sender=None, recipients=(), remote="").source_key


class Journal:
    """Keeps what it accepts; waits and fails as it is told."""

    def __init__(self, failing: Exception | None = None) -> None:
        self.failing = failing
        self.kept: list[RawMessage] = []
        self.may_commit = threading.Event()
        self.may_commit.set()
        self.waiting = threading.Semaphore(0)

    def accept(self, raw: RawMessage) -> Receiptful:
        self.waiting.release()
        assert self.may_commit.wait(10)
        if self.failing:
            raise self.failing
        self.kept.append(raw)
        return RECEIPT


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    write_certificate(tmp_path)
    return tmp_path / "certificate.pem", tmp_path / "key.pem"


@contextmanager
def listening(journal: Journal, **changes: object) -> Iterator[tuple[Listener, int]]:
    (listener,) = email_channel(**changes).listeners()
    listener.start(journal.accept)
    try:
        yield listener, int(listener.address.rpartition(":")[2])
    finally:
        journal.may_commit.set()
        listener.stop()


def client(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, timeout=10)


def send(port: int, body: bytes | None = None, to: str = MAILBOX) -> None:
    with client(port) as smtp:
        smtp.sendmail(CITIZEN, [to], body or mail())


def test_a_mail_is_handed_over_untouched_with_its_envelope() -> None:
    journal = Journal()
    body = mail().replace(b"\n", b"\r\n") + b".titik\r\nAkhir\xff\r\n"

    with listening(journal) as (_, port):
        send(port, body, f"lapor+ABCD-EFGH-J@{DOMAIN}")

    (raw,) = journal.kept
    assert raw.body == body
    assert (raw.source, raw.lane) == ("email", "intake.email")
    assert raw.source_key == "<satu@warga.example>"
    assert raw.content_type == "message/rfc822"
    assert raw.meta["envelope_from"] == CITIZEN
    assert raw.meta["envelope_to"] == f"lapor+ABCD-EFGH-J@{DOMAIN}"
    assert not raw.spoolable


def test_the_sender_hears_of_success_only_after_the_commit() -> None:
    journal = Journal()
    journal.may_commit.clear()

    with listening(journal) as (_, port), ThreadPoolExecutor() as pool:
        sending = pool.submit(send, port)
        assert journal.waiting.acquire(timeout=5)
        time.sleep(0.05)
        assert not sending.done()
        journal.may_commit.set()
        sending.result(5)

    assert len(journal.kept) == 1


@pytest.mark.parametrize("failing", [ConnectionError("down"), RuntimeError("bug")])
def test_what_could_not_be_stored_is_to_be_sent_again(failing: Exception) -> None:
    with listening(Journal(failing)) as (_, port), client(port) as smtp:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            smtp.sendmail(CITIZEN, [MAILBOX], mail())

        assert caught.value.smtp_code == 451
        assert smtp.noop()[0] == 250


def test_a_mail_that_is_too_large_is_refused_and_the_next_is_taken() -> None:
    journal = Journal()

    with listening(journal, size_bytes_max=20_000) as (_, port):
        with client(port) as smtp, pytest.raises(smtplib.SMTPException) as declared:
            smtp.sendmail(CITIZEN, [MAILBOX], mail("x" * 60 + "\n") * 400)
        with client(port) as smtp:
            smtp.ehlo()
            smtp.mail(f"{CITIZEN}")
            smtp.rcpt(MAILBOX)
            undeclared = smtp.data(b"kata " * 10_000)[0]
            smtp.sendmail(CITIZEN, [MAILBOX], mail())

    assert "552" in str(declared.value) or "too much" in str(declared.value).lower()
    assert undeclared == 552
    assert len(journal.kept) == 1


def test_many_sessions_are_served_at_the_same_time() -> None:
    journal = Journal()
    journal.may_commit.clear()

    with listening(journal) as (_, port), ThreadPoolExecutor(10) as pool:
        sending = [pool.submit(send, port) for _ in range(10)]
        assert all(journal.waiting.acquire(timeout=5) for _ in sending)
        journal.may_commit.set()
        for each in sending:
            each.result(5)

    assert len(journal.kept) == 10


def test_a_session_too_many_is_told_to_come_later() -> None:
    with listening(Journal(), sessions_max=1) as (_, port), client(port):
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            client(port).close()

        assert caught.value.smtp_code == 421


@pytest.mark.parametrize(
    "recipient", ["orang@lain.example", f"camat@{DOMAIN}", f"xlapor@{DOMAIN}"]
)
def test_mail_for_others_is_refused(recipient: str) -> None:
    with (
        listening(Journal()) as (_, port),
        pytest.raises(smtplib.SMTPRecipientsRefused),
    ):
        send(port, to=recipient)


@pytest.mark.parametrize(
    "recipient",
    [f"LAPOR@{DOMAIN.upper()}", f"lapor+x@{DOMAIN}", f"Postmaster@{DOMAIN}"],
)
def test_our_mailbox_is_found_in_any_spelling(recipient: str) -> None:
    journal = Journal()

    with listening(journal) as (_, port):
        send(port, to=recipient)

    assert len(journal.kept) == 1


def test_a_line_longer_than_the_standard_allows_is_taken() -> None:
    journal = Journal()

    with listening(journal) as (_, port):
        send(port, mail() + b"x" * 50_000 + b"\r\n")

    assert len(journal.kept) == 1


def test_a_delivery_report_with_an_empty_sender_is_taken() -> None:
    journal = Journal()

    with listening(journal) as (_, port), client(port) as smtp:
        smtp.sendmail("", [MAILBOX], mail())

    assert journal.kept[0].meta["envelope_from"] == ""


def test_stopping_answers_what_is_being_committed() -> None:
    journal = Journal()
    journal.may_commit.clear()

    with listening(journal) as (listener, port), ThreadPoolExecutor() as pool:
        sending = pool.submit(_send_and_tell, port)
        assert journal.waiting.acquire(timeout=5)
        stopping = pool.submit(listener.stop)
        time.sleep(0.05)
        journal.may_commit.set()
        stopping.result(5)
        assert sending.result(5) == 250

    assert len(journal.kept) == 1


def _send_and_tell(port: int) -> int:
    smtp = client(port)
    smtp.ehlo()
    smtp.mail(CITIZEN)
    smtp.rcpt(MAILBOX)
    code = smtp.data(mail())[0]
    smtp.close()
    return code


def test_stopping_does_not_wait_for_idle_sessions() -> None:
    began = time.monotonic()

    with listening(Journal()) as (listener, port):
        idle = client(port)
        listener.stop()
        idle.close()

    assert time.monotonic() - began < 3


def test_a_client_that_vanishes_in_the_middle_leaves_nothing_behind() -> None:
    journal = Journal()

    with listening(journal) as (_, port):
        smtp = client(port)
        smtp.ehlo()
        smtp.mail(CITIZEN)
        smtp.rcpt(MAILBOX)
        smtp.docmd("DATA")
        smtp.send(b"Subject: potong")
        smtp.close()
        send(port)

    assert len(journal.kept) == 1


def test_it_can_be_started_again_after_it_was_stopped() -> None:
    journal = Journal()
    (listener,) = email_channel().listeners()

    for _ in range(2):
        listener.start(journal.accept)
        send(int(listener.address.rpartition(":")[2]))
        listener.stop()
        listener.stop()

    assert len(journal.kept) == 2


def test_a_taken_port_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (listener,) = email_channel(listen_port=taken.getsockname()[1]).listeners()

        with pytest.raises(OSError, match="use"):
            listener.start(Journal().accept)


def test_without_a_message_id_the_key_leaves_out_the_way() -> None:
    base = mail().replace(b"Message-ID: <satu@warga.example>\n", b"")
    one_way = b"Received: from a\r\n\tby b\nX-Spam: no\n" + base
    other_way = b"Received: from c\nDelivered-To: lapor@simpul.example\n" + base

    assert source_key(one_way) == source_key(other_way) == source_key(base)
    assert source_key(base).startswith("sha256:")
    assert source_key(base + b"!") != source_key(base)
    assert source_key(
        b"X-Simpul: 1\n" + base.replace(b"Lampu", b"Jalan")
    ) != source_key(base)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (b"Message-ID: <a@b.example>", "<a@b.example>"),
        (b"message-id:\r\n <a@b.example>  ", "<a@b.example>"),
        (b"Message-Id: a@b.example", "<a@b.example>"),
    ],
)
def test_the_key_is_the_message_id(header: bytes, key: str) -> None:
    assert source_key(b"Subject: x\r\n" + header + b"\r\n\r\nteks") == key


@pytest.mark.parametrize(
    "header",
    [
        b"Message-ID: ",
        b"Message-ID: <>",
        b"Message-ID: <a\x00@b>",
        b"Message-ID: <\xff@b>",
    ],
)
def test_a_message_id_that_is_none_is_not_a_key(header: bytes) -> None:
    assert source_key(header + b"\r\n\r\nteks").startswith("sha256:")


def test_a_message_id_in_the_text_is_no_key() -> None:
    assert source_key(b"Subject: x\n\nMessage-ID: <a@b>\n").startswith("sha256:")


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"relay": "nowhere"},
        {"domain": "Simpul!"},
        {"listen_port": -1},
    ],
)
def test_a_wrong_configuration_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EmailChannel.from_config({"domain": DOMAIN, "relay": "a:25"} | changes)


def test_an_officer_s_answer_goes_to_the_lane_of_the_agency() -> None:
    journal = Journal()
    secret = "rahasia-balasan-uji"
    local = make(secret.encode(), "lapor", "dinkes_kota", "412345678901234")

    with listening(journal, reply_secret=secret) as (_, port):
        send(port, to=f"{local.upper()}@{DOMAIN}")
        send(port, mail("lain"), to=f"{local[:-1]}a@{DOMAIN}")

    answer, forged = journal.kept
    assert (answer.source, answer.lane) == ("agency:dinkes_kota", "updates.dinkes_kota")
    assert not answer.expects_complaint
    assert (forged.source, forged.lane) == ("email", "intake.email")


def test_by_lmtp_each_recipient_is_answered() -> None:
    journal = Journal()
    with listening(journal, listen_protocol="lmtp") as (_, port):
        with smtplib.LMTP("127.0.0.1", port, timeout=10) as lmtp:
            assert lmtp.sendmail(CITIZEN, [MAILBOX], mail()) == {}
            lmtp.mail(CITIZEN)
            lmtp.rcpt(MAILBOX)
            lmtp.rcpt(f"postmaster@{DOMAIN}")
            answers = [lmtp.data(mail())[0], lmtp.getreply()[0], lmtp.noop()[0]]
        with client(port) as smtp:
            assert smtp.ehlo()[0] == 500

    assert answers == [250, 250, 250]
    assert len(journal.kept) == 2
    assert "postmaster" in journal.kept[1].meta["envelope_to"]


def test_by_lmtp_what_could_not_be_stored_is_to_be_sent_again() -> None:
    with (
        listening(Journal(ConnectionError()), listen_protocol="lmtp") as (_, port),
        smtplib.LMTP("127.0.0.1", port, timeout=10) as lmtp,
        pytest.raises(smtplib.SMTPDataError) as caught,
    ):
        lmtp.sendmail(CITIZEN, [MAILBOX], mail())

    assert caught.value.smtp_code == 451


def test_starttls_is_offered_with_a_certificate(certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    journal = Journal()
    given = {"tls_certificate": str(chain), "tls_key": str(key)}
    trusting = ssl.create_default_context(cafile=chain)
    with listening(journal, **given) as (_, port), client(port) as smtp:
        smtp.starttls(context=trusting)
        smtp.sendmail(CITIZEN, [MAILBOX], mail())

    assert len(journal.kept) == 1


def test_where_mailboxes_are_asked_only_there_is_no_door() -> None:
    assert email_channel(listen_protocol="none").listeners() == ()


@pytest.mark.parametrize(
    "broken",
    [
        b"%s",
        b"Message-ID: <satu@warga.example>\r\n\r\n%s",
        b"Message-ID: <satu@warga.example>\r\nbaris tanpa titik dua %s\r\n\r\nteks",
        b"Message-ID: <satu@warga.example>\rSubject: x\r\r%s",
        b"Message-ID: <satu@warga.example>\r\nX-A: " + b"y" * 300_000 + b"\r\n\r\n%s",
        b"Received: dari a\r\n%s\r\n\r\nteks",
    ],
)
def test_no_two_mails_are_one_however_broken_they_are(broken: bytes) -> None:
    one, other = (
        raw_message(broken % words, sender="", recipients=(), remote="")
        for words in (b"jalan rusak", b"jembatan retak")
    )

    assert one.compared != other.compared


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_mails_are_compared_by_all_but_their_way(one: bytes, other: bytes) -> None:
    way, head = b"Received: dari a\r\n\tlewat b\r\nX-Spam: 1\r\n", b"Subject: x\r\n\r\n"
    first, again, second = (
        raw_message(body, sender="", recipients=(), remote="").compared
        for body in (head + one, way + head + one, head + other)
    )

    assert first == again
    assert (first == second) == (lines(one) == lines(other))


def lines(text: bytes) -> bytes:
    """Mail servers write line ends as they like, and end a mail with one."""
    return text.replace(b"\r\n", b"\n").rstrip(b"\n")


def test_how_lines_end_is_no_part_of_a_mail() -> None:
    sent = b"Subject: x\r\n\r\nbaris satu\r\nbaris dua\r\n"
    one, other, shorter = (
        raw_message(body, sender="", recipients=(), remote="").compared
        for body in (sent, sent.replace(b"\r\n", b"\n"), sent.rstrip())
    )

    assert one == other == shorter


def test_what_the_way_adds_below_is_no_part_of_a_mail() -> None:
    said, way = b"Subject: x\r\n", b"X-Spam-Score: 1\r\n"
    one, other = (
        raw_message(head + b"\r\nteks", sender="", recipients=(), remote="").compared
        for head in (said, said + way)
    )

    assert one == other
