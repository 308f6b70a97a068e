"""kill -9 at every point of a mail's way, over a real IMAP server and a real client.

Mails are put into a mailbox and sent to the door at the same time. Afterwards the
ledger of the mailbox has no hole, no mail became two complaints, and whoever heard
"250" is in the journal.
"""

import json
import os
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.channels.email import EmailChannel
from hub.bootstrap import Store, open_store
from hub.database import tables as t
from hub.database.invariants import check_invariants
from hub.domain.ledger import Ledger
from hub.settings import Settings
from hub.simulator.ports import free_port
from hub.simulator.region import SimulatedRegion
from hub.stages.ledger import Balance
from tests.faults.fleet import EMBEDDED, Fleet, wait_for
from tests.faults.production import production
from tests.services.dovecot import PASSWORD, Box

ROUNDS = int(os.environ.get("SIMPUL_FAULT_ROUNDS", "1"))
Mode = Callable[
    [Path, SimulatedRegion, dict[str, str]],
    AbstractContextManager[tuple[Fleet, Store]],
]
PROCESSES = ("web,mail,poll", "intake,updates,deliver,schedule")
WAY = (
    ("poll.asked", 1),
    ("poll.before_commit", 1),  # the lease
    ("poll.committed", 1),
    ("poll.before_commit", 2),  # the page with its checkpoint
    ("poll.committed", 2),
    ("edge.copied", 1),
    ("accept.before_commit", 1),
    ("accept.committed", 1),
    ("edge.marked", 1),
    ("intake.before_commit", 1),
    ("intake.committed", 1),
)
"""Where a process dies, at the how many-th passing."""
SHORT_WAY = WAY[3:5] + WAY[6:8]
"""In the short form: the commits, with everything that a deployment has around them."""
STRIKE_SECONDS_MAX = 30
REST_SECONDS_MAX = 60


@dataclass
class Post:
    """Citizens who write to the mailbox, and others who send to the door."""

    box: Box
    smtp_port: int
    put: int = 0
    taken: list[str] = field(default_factory=list)
    """Message-IDs that the door answered with 250."""

    def into_the_mailbox(self) -> None:
        self.put += 1
        self.box.put(_mail(f"kotak-{self.put}"))

    def to_the_door(self) -> None:
        """Send one mail until it is taken, as mail servers do."""
        name = f"pintu-{len(self.taken) + 1}"
        until = time.monotonic() + STRIKE_SECONDS_MAX
        while time.monotonic() < until:
            try:
                with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as client:
                    client.sendmail(f"{name}@warga.example", _TO, _mail(name))
            except (OSError, smtplib.SMTPException):
                time.sleep(0.1)
            else:
                self.taken.append(name)
                return
        pytest.fail("the door takes no mail")


_TO = "lapor@simpul.example"


def _mail(name: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"{name}@warga.example", _TO
    mail["Subject"], mail["Message-ID"] = f"Surat {name}", f"<{name}@warga.example>"
    mail.set_content(f"Lubang di jalan, dilaporkan oleh {name}.")
    return mail.as_bytes()


def _channels(region: SimulatedRegion, box: Box, smtp_port: int) -> dict[str, object]:
    server = {
        "host": "127.0.0.1",
        "port": box.server.port,
        "security": "none",
        "user": box.user,
        "password": PASSWORD,
    }
    mailbox = {
        "name": "utama",
        "server": server,
        "every_seconds": 1,
        # What holds a source after a kill is its lease: two of these.
        "deadline_seconds": 2,
    }
    email = {
        "domain": "simpul.example",
        "relay": region.mail.address,
        "listen_port": smtp_port,
        "mailboxes": [mailbox],
    }
    return {"email": email}


@contextmanager
def _embedded(
    folder: Path, region: SimulatedRegion, more: dict[str, str]
) -> Iterator[tuple[Fleet, Store]]:
    fleet = Fleet(folder, region, EMBEDDED, more)
    fleet.command("db", "upgrade")
    data = Path(fleet.settings["SIMPUL_DATA_DIR"])
    store = open_store(Settings(data_dir=data), migrate=False)
    fleet.start()
    try:
        yield fleet, store
    finally:
        fleet.stop()
        store.close()


@contextmanager
def _production(
    folder: Path, region: SimulatedRegion, more: dict[str, str]
) -> Iterator[tuple[Fleet, Store]]:
    with production(folder, region, PROCESSES, more) as world:
        yield world.fleet, world.store


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "way"),
    [(_embedded, WAY), (_production, WAY if ROUNDS > 1 else SHORT_WAY)],
)
def test_kills_on_a_mail_s_way_leave_no_hole_and_no_double(
    mode: Mode,
    way: tuple[tuple[str, int], ...],
    tmp_path: Path,
    region: SimulatedRegion,
    box: Box,
) -> None:
    smtp_port = free_port()
    channels = _channels(region, box, smtp_port)
    post = Post(box, smtp_port)
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    more = {
        "SIMPUL_CHANNELS": json.dumps(channels),
        "SIMPUL_AGENCIES_DIR": str(nobody),
    }
    with mode(tmp_path, region, more) as made:
        fleet, store = made
        post.to_the_door()  # it is up
        for point, nth in way:
            fleet.arm(point, nth=nth)
            sending = threading.Thread(target=post.to_the_door)
            sending.start()
            post.into_the_mailbox()
            assert wait_for(lambda: fleet.fired, STRIKE_SECONDS_MAX, 0.05), point
            sending.join(STRIKE_SECONDS_MAX)
            assert not sending.is_alive()
        at_rest = wait_for(lambda: _at_rest(store, channels, post), REST_SECONDS_MAX)
        assert at_rest, _ledger(store, channels).told()
        _judge(store, channels, post)


def _at_rest(store: Store, channels: dict[str, object], post: Post) -> bool:
    ledger = _ledger(store, channels)
    counts = store.queries.counts()
    return ledger.told()["kept"] == post.put and counts["to_work"] == 0


def _judge(store: Store, channels: dict[str, object], post: Post) -> None:
    ledger = _ledger(store, channels)
    assert ledger.is_whole, ledger.told()
    assert ledger.messages == post.put
    with store.db.read() as tx:
        rows = tx.conn.execute(sa.select(t.journal.c.state)).scalars()
        states = Counter(rows)
        complaints = tx.conn.execute(
            sa.select(sa.func.count()).select_from(t.complaints)
        ).scalar_one()
    assert states == {"done": post.put + len(post.taken)}
    assert complaints == post.put + len(post.taken)
    assert check_invariants(store.db, store.edge) == []


def _ledger(store: Store, channels: dict[str, object]) -> Ledger:
    table = channels["email"]
    assert isinstance(table, dict)
    (source,) = EmailChannel.from_config(table).sources()
    name = "email:utama"
    return Balance(store.ledger)(name, source, store.sources.checkpoint(name))
