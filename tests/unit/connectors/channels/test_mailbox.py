"""A mailbox on a real IMAP server."""

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from connectors.channels.email import EmailChannel
from connectors.channels.email.mailbox import RENUMBERED, UNFETCHED
from connectors.channels.email.raw import SIZE, UNFETCHABLE
from connectors.contract import New, Page, PollAsk, Source, Unreadable
from connectors.errors import Misconfigured, Refused, Retryable
from connectors.protocols.mail.envelope import ENVELOPE_FROM
from connectors.protocols.mail.reply_address import make
from schemas.raw import JournalEntry, RawMessage
from tests.services.dovecot import PASSWORD, Box, Dovecot
from tests.services.fault_proxy import Cut, FaultProxy

SECRET = "rahasia-alamat-balasan"


@pytest.fixture
def own_dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


def channel(box: Box, *, limit: int = 25_000_000, **settings: object) -> EmailChannel:
    server = {"host": "127.0.0.1", "port": box.server.port, "security": "none"}
    credentials = {"user": box.user, "password": PASSWORD}
    given = dict(settings)
    server |= credentials | dict(given.pop("server", {}))  # type: ignore[call-overload]
    return EmailChannel.from_config(
        {
            "domain": "hub.example",
            "relay": "127.0.0.1:25",
            "size_bytes_max": limit,
            "reply_secret": SECRET,
            "mailboxes": [{"name": "utama", "server": server, **given}],
        }
    )


def mailbox(box: Box, **settings: object) -> Source:
    return channel(box, **settings).sources()[0]  # type: ignore[arg-type]


def letter(number: int, size: int = 0) -> bytes:
    head = (
        f"From: Sari <sari{number}@warga.example>\r\nTo: lapor@hub.example\r\n"
        f"Subject: Jalan rusak {number}\r\nMessage-ID: <{number}@warga.example>\r\n\r\n"
    )
    return head.encode() + f"Lubang nomor {number}.\r\n".encode() + b"x" * size


def ask(source: Source, checkpoint: bytes | None = None) -> Page:
    return source.poll(PollAsk(checkpoint, datetime.now(UTC), lambda *_: ()))


def keys(page: Page) -> list[str]:
    return [raw.source_key for raw in page.raws]


def entry(raw: RawMessage) -> JournalEntry:
    return JournalEntry(journal_id="1", received_at=datetime.now(UTC), raw=raw)


def test_only_what_came_after_the_checkpoint_is_fetched(box: Box) -> None:
    source = mailbox(box)
    box.put(letter(1), letter(2))
    first = ask(source)
    box.put(letter(3))

    second = ask(source, first.checkpoint)
    third = ask(source, second.checkpoint)

    assert keys(first) == ["<1@warga.example>", "<2@warga.example>"]
    assert keys(second) == ["<3@warga.example>"]
    assert keys(third) == []
    assert third.checkpoint == second.checkpoint
    assert first.raws[0].body == letter(1)


def test_a_mail_of_a_mailbox_is_read_like_one_that_was_delivered(box: Box) -> None:
    box.put(letter(1))
    used = channel(box)

    (raw,) = ask(used.sources()[0]).raws
    (item,) = used.normalise(entry(raw))

    assert (raw.source, raw.lane) == ("email", "intake.email")
    assert ENVELOPE_FROM not in raw.meta
    assert isinstance(item, New)
    assert item.complaint.title == "Jalan rusak 1"


def test_a_checkpoint_that_was_not_stored_is_asked_again(box: Box) -> None:
    source = mailbox(box)
    box.put(letter(1))

    assert keys(ask(source)) == keys(ask(source)) == ["<1@warga.example>"]


def test_a_mail_that_was_removed_meanwhile_hides_no_other(box: Box) -> None:
    source = mailbox(box)
    box.put(letter(1), letter(2))
    first = ask(source)
    box.put(letter(3), letter(4))
    box.remove(2, 3)

    assert keys(ask(source, first.checkpoint)) == ["<4@warga.example>"]


def test_a_folder_that_is_numbered_anew_is_read_whole(box: Box) -> None:
    source = mailbox(box, server={"folder": "Masuk"})
    box.put(letter(1), letter(2), folder="Masuk")
    first = ask(source)
    box.renumber("Masuk")
    box.put(letter(3), folder="Masuk")

    second = ask(source, first.checkpoint)

    assert sorted(keys(second)) == [f"<{n}@warga.example>" for n in (1, 2, 3)]
    assert second.notes == (RENUMBERED,)
    assert _at(first)["uidvalidity"] != _at(second)["uidvalidity"]


def test_many_mails_come_page_by_page(box: Box) -> None:
    source = mailbox(box)
    box.put(*(letter(n) for n in range(60)))

    first = ask(source)
    second = ask(source, first.checkpoint)

    assert (len(first.raws), first.more) == (50, True)
    assert (len(second.raws), second.more) == (10, False)


def test_of_a_huge_mail_the_words_and_small_files_are_taken(box: Box) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Sari <sari@warga.example>", "lapor@hub.example"
    mail["Subject"], mail["Message-ID"] = "Foto jalan", "<besar@warga.example>"
    mail.set_content("Lubang di depan pasar.")
    mail.add_attachment(
        b"v" * 90_000, maintype="video", subtype="mp4", filename="jalan.mp4"
    )
    mail.add_attachment(
        b"f" * 2_000, maintype="image", subtype="jpeg", filename="lubang.jpg"
    )
    huge = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    box.put(huge, letter(2))
    used = channel(box, limit=10_000)

    page = ask(used.sources()[0])
    (item,) = used.normalise(entry(page.raws[0]))

    assert page.raws[0].meta[SIZE] == str(len(huge))
    assert len(page.raws[0].body) < 10_000
    assert page.raws[1].body == letter(2)
    assert isinstance(item, New)
    assert "Lubang di depan pasar." in item.complaint.body
    assert item.complaint.truncated
    assert [(f.name, len(f.content)) for f in item.files] == [("lubang.jpg", 2_000)]


def test_a_huge_mail_of_words_alone_is_cut(box: Box) -> None:
    box.put(letter(1, size=50_000))
    used = channel(box, limit=10_000)

    (raw,) = ask(used.sources()[0]).raws

    assert 9_000 < len(raw.body) <= 10_000
    assert b"Lubang nomor 1." in raw.body


def test_nothing_is_marked_before_it_is_stored(box: Box) -> None:
    source = mailbox(box, mark_seen=True)
    box.put(letter(1))
    first = ask(source)
    assert box.unseen() == 1

    ask(source, first.checkpoint)

    assert box.unseen() == 0


def test_a_mailbox_is_left_as_it_is_unless_told(box: Box) -> None:
    source = mailbox(box)
    box.put(letter(1))

    ask(source, ask(source).checkpoint)

    assert box.unseen() == 1


def test_mails_from_before_are_left_alone(box: Box) -> None:
    box.put(letter(1))
    later = datetime.now(UTC) + timedelta(hours=1)

    old = ask(mailbox(box, since=later.isoformat()))
    new = ask(mailbox(box, since=(later - timedelta(hours=2)).isoformat()))

    assert keys(old) == []
    assert keys(new) == ["<1@warga.example>"]


def test_an_officer_s_answer_goes_to_the_lane_of_the_agency(box: Box) -> None:
    local = make(SECRET.encode(), "lapor", "dinkes", "4711-0815")
    mail = letter(1).replace(b"To: lapor@", f"To: {local}@".encode())
    box.put(mail)

    (raw,) = ask(mailbox(box)).raws

    assert (raw.source, raw.lane) == ("agency:dinkes", "updates.dinkes")


def test_the_same_mail_by_another_way_is_the_same_message(box: Box) -> None:
    way = b"Received: from mx.example by imap.example; 25 Nov 2026 10:00 +0700\r\n"
    box.put(way + letter(1), letter(1), letter(1) + b"Satu kalimat lagi.\r\n")

    first, same, other = ask(mailbox(box)).raws

    assert first.body != same.body
    assert (first.source_key, first.compared) == (same.source_key, same.compared)
    assert first.source_key == other.source_key
    assert first.compared != other.compared


def test_a_wrong_password_is_a_matter_of_configuration(box: Box) -> None:
    with pytest.raises(Misconfigured, match="name and password"):
        ask(mailbox(box, server={"password": "salah"}))


def test_a_folder_that_is_not_there_is_a_matter_of_configuration(box: Box) -> None:
    with pytest.raises(Misconfigured, match="folder"):
        ask(mailbox(box, server={"folder": "Tidak ada"}))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_is_verified(box: Box, security: str) -> None:
    port = box.server.tls_port if security == "tls" else box.server.port
    wire = {"security": security, "port": port}
    trusted = {**wire, "ca_file": str(box.server.certificate)}
    box.put(letter(1))

    assert keys(ask(mailbox(box, server=trusted))) == ["<1@warga.example>"]
    with pytest.raises(Misconfigured, match="certificate"):
        ask(mailbox(box, server=wire))
    with pytest.raises(Misconfigured, match="file of trusted"):
        ask(mailbox(box, server={**wire, "ca_file": "/tidak/ada.pem"}))


def test_a_server_that_is_away_is_asked_again_later(own_dovecot: Dovecot) -> None:
    box = own_dovecot.box()
    own_dovecot.kill()

    with pytest.raises(Retryable):
        ask(mailbox(box))


def test_a_mail_that_breaks_the_connection_is_noted_alone(box: Box) -> None:
    box.put(letter(1), letter(2), letter(3))
    with FaultProxy("127.0.0.1", box.server.port) as proxy:
        source = mailbox(box, server={"port": proxy.port}, idle=False)
        proxy.cut_at(re.compile(rb"UID FETCH 2 .*BODY.PEEK\[\]"), Cut.BEFORE, times=9)
        first = ask(source)
        second = ask(source, first.checkpoint)
        third = ask(source, second.checkpoint)

    assert keys(first) == ["<1@warga.example>"]
    (noted,) = second.raws
    assert noted.meta[UNFETCHABLE]
    assert second.notes == (UNFETCHED,)
    assert keys(third) == ["<3@warga.example>"]
    (item,) = channel(box).normalise(entry(noted))
    assert isinstance(item, Unreadable)


def test_a_server_that_drips_is_left_at_the_deadline(box: Box) -> None:
    box.put(letter(1, size=100_000))
    with FaultProxy("127.0.0.1", box.server.port) as proxy:
        proxy.slow(bytes_per_second=200)
        source = mailbox(box, server={"port": proxy.port}, deadline_seconds=5)
        began = time.monotonic()
        with pytest.raises(Retryable):
            ask(source)

    assert time.monotonic() - began < 10


def test_news_are_told_at_once(box: Box) -> None:
    told = threading.Semaphore(0)
    stopping = threading.Event()
    source = mailbox(box)
    watching = threading.Thread(target=source.watch, args=(told.release, stopping))
    watching.start()
    try:
        assert told.acquire(timeout=10)  # it has begun
        box.put(letter(1))
        assert told.acquire(timeout=10)
    finally:
        stopping.set()
        watching.join(10)
    assert not watching.is_alive()


def test_watching_goes_on_after_the_server_was_away(own_dovecot: Dovecot) -> None:
    told = threading.Semaphore(0)
    stopping = threading.Event()
    box = own_dovecot.box()
    source = mailbox(box)
    watching = threading.Thread(target=source.watch, args=(told.release, stopping))
    watching.start()
    try:
        assert told.acquire(timeout=10)
        own_dovecot.kill()
        own_dovecot.start()
        assert told.acquire(timeout=20)
        box.put(letter(1))
        assert told.acquire(timeout=10)
    finally:
        stopping.set()
        watching.join(10)


def test_what_the_folder_has_is_named_for_the_ledger(box: Box) -> None:
    source = mailbox(box)
    nameless = letter(2).replace(b"Message-ID: <2@warga.example>\r\n", b"")
    box.put(letter(1), nameless)
    page = ask(source)
    box.put(letter(3))

    held = list(source.held(page.checkpoint))

    assert [one.source_key for one in held[:2]] == keys(page)
    assert [one.is_read for one in held] == [True, True, False]
    assert source.fetch(held[0].place).body == letter(1)


def test_a_mail_that_is_gone_cannot_be_fetched_again(box: Box) -> None:
    source = mailbox(box)
    box.put(letter(1))
    (held,) = source.held(None)
    box.remove(1)

    with pytest.raises(Refused, match="not in the folder"):
        source.fetch(held.place)
    with pytest.raises(Refused, match="numbered anew"):
        source.fetch("7:1")


def test_connections_to_one_host_are_counted(box: Box) -> None:
    server = {
        "host": "127.0.0.1",
        "port": box.server.port,
        "security": "none",
        "user": box.user,
        "password": PASSWORD,
    }
    boxes = [
        {"name": name, "server": server, "deadline_seconds": 5} for name in ("a", "b")
    ]
    first, second = EmailChannel.from_config(
        {
            "domain": "hub.example",
            "relay": "127.0.0.1:25",
            "mailboxes": boxes,
            "connections_per_host_max": 1,
        }
    ).sources()
    box.put(letter(1))

    for _ in first.held(None):
        with pytest.raises(Retryable, match="too many connections"):
            ask(second)
    assert keys(ask(second)) == ["<1@warga.example>"]


def test_a_new_password_is_another_version(box: Box) -> None:
    one, other = (mailbox(box, server={"password": word}) for word in ("a", "b"))

    assert one.version == mailbox(box, server={"password": "a"}).version
    assert one.version != other.version


def _at(page: Page) -> dict[str, int]:
    assert page.checkpoint is not None
    found: dict[str, int] = json.loads(page.checkpoint)
    return found
