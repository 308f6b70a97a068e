"""A mailbox on a real IMAP server."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from connectors.channels.email.mailbox import Checkpoint, Mailbox, MailboxConfig
from connectors.channels.email.raw import SIZE
from connectors.contract import Page, PollAsk
from connectors.errors import Misconfigured, Retryable
from tests.services.dovecot import PASSWORD, USER, Dovecot


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


def mailbox(server: Dovecot, **settings: object) -> Mailbox:
    config = MailboxConfig(
        name="utama",
        host="127.0.0.1",
        port=server.port,
        tls=False,
        user=USER,
        password=SecretStr(PASSWORD),
    )
    return Mailbox(config.model_copy(update=settings))


def letter(number: int, size: int = 0) -> bytes:
    head = (
        f"From: Sari <sari{number}@warga.example>\r\nTo: lapor@hub.example\r\n"
        f"Subject: Jalan rusak {number}\r\nMessage-ID: <{number}@warga.example>\r\n\r\n"
    )
    return head.encode() + f"Lubang nomor {number}.\r\n".encode() + b"x" * size


def ask(box: Mailbox, checkpoint: bytes | None = None) -> Page:
    return box.poll(PollAsk(checkpoint, datetime.now(UTC), lambda *_: ()))


def keys(page: Page) -> list[str]:
    return [raw.source_key for raw in page.raws]


def test_only_what_came_after_the_checkpoint_is_fetched(dovecot: Dovecot) -> None:
    box = mailbox(dovecot)
    dovecot.put(letter(1), letter(2))
    first = ask(box)
    dovecot.put(letter(3))

    second = ask(box, first.checkpoint)
    third = ask(box, second.checkpoint)

    assert keys(first) == ["<1@warga.example>", "<2@warga.example>"]
    assert keys(second) == ["<3@warga.example>"]
    assert keys(third) == []
    assert third.checkpoint == second.checkpoint
    assert first.raws[0].body == letter(1)


def test_a_checkpoint_that_was_not_stored_is_asked_again(dovecot: Dovecot) -> None:
    box = mailbox(dovecot)
    dovecot.put(letter(1))

    assert keys(ask(box)) == keys(ask(box)) == ["<1@warga.example>"]


def test_a_folder_that_is_numbered_anew_is_read_whole(dovecot: Dovecot) -> None:
    box = mailbox(dovecot, folder="Masuk")
    dovecot.put(letter(1), letter(2), folder="Masuk")
    first = ask(box)
    dovecot.renew("Masuk")
    dovecot.put(letter(3), folder="Masuk")

    second = ask(box, first.checkpoint)

    assert sorted(keys(second)) == [f"<{n}@warga.example>" for n in (1, 2, 3)]
    assert _of(first).uidvalidity != _of(second).uidvalidity


def test_many_mails_come_page_by_page(dovecot: Dovecot) -> None:
    box = mailbox(dovecot)
    dovecot.put(*(letter(n) for n in range(60)))

    first = ask(box)
    second = ask(box, first.checkpoint)

    assert (len(first.raws), first.more) == (50, True)
    assert (len(second.raws), second.more) == (10, False)


def test_of_a_huge_mail_the_beginning_is_taken(dovecot: Dovecot) -> None:
    box = mailbox(dovecot, size_bytes_max=10_000)
    huge = letter(1, size=50_000)
    dovecot.put(huge, letter(2))

    page = ask(box)

    assert page.raws[0].body == huge[:10_000]
    assert page.raws[0].meta[SIZE] == str(len(huge))
    assert page.raws[1].body == letter(2)


def test_nothing_is_marked_before_it_is_stored(dovecot: Dovecot) -> None:
    box = mailbox(dovecot, seen=True)
    dovecot.put(letter(1))
    first = ask(box)
    assert _unseen(dovecot) == 1

    ask(box, first.checkpoint)

    assert _unseen(dovecot) == 0


def test_a_wrong_password_is_a_matter_of_configuration(dovecot: Dovecot) -> None:
    with pytest.raises(Misconfigured, match="name and password"):
        ask(mailbox(dovecot, password=SecretStr("salah")))


def test_a_server_that_is_away_is_asked_again_later(dovecot: Dovecot) -> None:
    dovecot.kill()

    with pytest.raises(Retryable):
        ask(mailbox(dovecot))


def test_the_ledger_reads_what_the_folder_has(dovecot: Dovecot) -> None:
    dovecot.put(letter(1), letter(2))

    found = list(mailbox(dovecot).contents())

    assert [b"Jalan rusak" in head for _, head in found] == [True, True]


def _of(page: Page) -> Checkpoint:
    assert page.checkpoint is not None
    return Checkpoint.model_validate_json(page.checkpoint)


def _unseen(server: Dovecot) -> int:
    with server.connect() as client:
        client.select("INBOX", readonly=True)
        _, found = client.uid("search", "UNSEEN")
        return len(found[0].split())
