import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors import registry
from connectors.contract import New
from hub.bootstrap.sandbox import Sandbox
from hub.ports import NormaliseError
from schemas.raw import JournalEntry, RawMessage

CONFIG = {"domain": "simpul.example", "relay": "127.0.0.1:25"}
MAIL = b"From: Warga <warga@example.org>\r\nSubject: Jalan\r\n\r\nBerlubang.\r\n"


def sandbox(*, seconds_max: float = 20, memory_mb_max: int = 2048) -> Sandbox:
    return Sandbox(
        {"email": registry.channel("email", CONFIG, {})},
        {"email": CONFIG},
        seconds_max=seconds_max,
        memory_mb_max=memory_mb_max,
    )


def entry(body: bytes) -> JournalEntry:
    raw = RawMessage(
        source="email", lane="intake.email", source_key="<a@example.org>", body=body
    )
    return JournalEntry(journal_id="1", received_at=datetime.now(UTC), raw=raw)


@pytest.fixture
def quick() -> Iterator[Sandbox]:
    made = sandbox()
    yield made
    made.close()


def test_a_mail_is_read_in_a_child_process(quick: Sandbox) -> None:
    items = quick.run("email", entry(MAIL))

    assert isinstance(items[0], New)
    assert items[0].complaint.title == "Jalan"


def test_a_reader_that_takes_too_long_is_killed_and_replaced(quick: Sandbox) -> None:
    quick.run("email", entry(MAIL))
    child = quick._children["email"]
    first = child._process.pid
    child._seconds_max = 0.3
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(NormaliseError, match="took longer") as caught:
        quick.run("email", entry(MAIL))
    child._seconds_max = 20
    again = quick.run("email", entry(MAIL))

    assert caught.value.crashed
    assert isinstance(again[0], New)
    assert child._process.pid != first


def test_a_reader_that_died_between_two_mails_is_replaced(quick: Sandbox) -> None:
    quick.run("email", entry(MAIL))
    quick._children["email"]._process.kill()
    quick._children["email"]._process.join(5)
    assert isinstance(quick.run("email", entry(MAIL))[0], New)


def test_a_message_beyond_the_size_is_refused_before_it_is_read(quick: Sandbox) -> None:
    with pytest.raises(NormaliseError, match="larger than"):
        quick.run("email", entry(b"x" * 32_000_001))


def test_the_memory_limit_is_the_one_that_was_set(quick: Sandbox) -> None:
    quick.run("email", entry(MAIL))
    pid = quick._children["email"]._process.pid
    with open(f"/proc/{pid}/limits") as file:  # noqa: PTH123 - no file, a view
        line = next(row for row in file if row.startswith("Max address space"))

    assert line.split()[3] == str(2048 * 1024 * 1024)
