"""`simpul channels replay`: mails that were read by a reader with a mistake."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.channels.email import EmailChannel
from connectors.channels.email.raw import raw_message
from connectors.contract import Item, New, Unreadable
from hub.bootstrap import Store, open_store
from hub.database import tables as t
from hub.settings import Edge, Settings
from schemas.raw import JournalEntry
from tests.acceptance.command import FAILED, USAGE, Run, started
from tests.contract.rereading import picture
from tests.contract.test_batches import intake
from tests.contract.world import World
from tests.unit.connectors.channels.builders import MAILBOX, email_channel, mail

RIGHT, WRONG = "simpul.example", "warga.example"
"""Our mail domain, and the citizens': as ours it makes each of their mails our own."""
LANE = "intake.email"
SECRET_WORDS = "gang rahasia nomor tujuh"
Spoil = Callable[[Item], Item]


class Reader:
    """The e-mail channel, whose reading may be spoilt as an older version would."""

    def __init__(self, channel: EmailChannel, spoil: Spoil = lambda item: item) -> None:
        self._channel = channel
        self._spoil = spoil

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        assert channel == "email"
        return [self._spoil(item) for item in self._channel.normalise(entry)]


def quoting(item: Item) -> Item:
    """An older version that left something of a quotation in the text."""
    assert isinstance(item, New)
    spoilt = item.complaint.model_copy(update={"body": f"{item.complaint.body} > Yth."})
    return item.model_copy(update={"complaint": spoilt})


def refusing(item: Item) -> Item:
    del item
    return Unreadable(why="the mail cannot be read: LookupError")


@dataclass
class Office:
    """A hub that is not running, and its mails."""

    world: World

    @property
    def store(self) -> Store:
        return self.world.store

    def post(self, n: int, words: str = "Lampu padam") -> str:
        letter = mail(
            f"{words} di gang {n}.",
            subject=f"Lampu {n}",
            sender=f"Sari <sari{n}@warga.example>",
        ).replace(b"<satu@", b"<surat%d@" % n)
        raw = raw_message(
            letter,
            sender=f"sari{n}@warga.example",
            recipients=[MAILBOX],
            remote="192.0.2.1",
        )
        return self.store.journal.accept(raw).journal_id

    def work(
        self, ids: Sequence[str], spoil: Spoil = lambda item: item, domain: str = RIGHT
    ) -> None:
        intake(self.world, Reader(email_channel(domain=domain), spoil))(LANE, ids)

    def row(self, row_id: str) -> Any:
        return self.world.row(t.journal, id=row_id)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    del run  # it clears the environment first
    url = ""
    if request.param == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("SIMPUL_DATABASE_URL", url)
    channels = {"email": {"domain": RIGHT, "relay": "127.0.0.1:9"}}
    monkeypatch.setenv("SIMPUL_CHANNELS", json.dumps(channels))
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=SecretStr(url),
        edge=Edge(fsync=False),
    )
    store = open_store(settings)
    yield Office(World(store, lambda: None, lambda: None, lambda: ""))
    store.close()


@pytest.fixture
def own_loops(office: Office) -> list[str]:
    """Mails that a wrong domain made us take for our own."""
    ids = [office.post(n, SECRET_WORDS) for n in range(3)]
    office.work(ids, domain=WRONG)
    assert {office.row(one).state for one in ids} == {"ignored"}
    return ids


@pytest.fixture
def quoted(office: Office) -> list[str]:
    """Complaints of an older reader."""
    ids = [office.post(n, SECRET_WORDS) for n in range(3, 6)]
    office.work(ids, quoting)
    assert {office.row(one).state for one in ids} == {"done"}
    return ids


def corrections(office: Office) -> list[int]:
    """Count the corrections of each complaint."""
    rows = office.world.rows(t.log, type="corrected")
    cases = office.world.rows(t.complaints)
    return [sum(row.complaint_id == case.id for row in rows) for case in cases]


def test_a_dry_run_writes_nothing_and_shows_nobodys_words(
    office: Office, run: Run, own_loops: list[str], quoted: list[str]
) -> None:
    before = picture(office.world)
    found = run("channels", "replay", "--json")
    told = run("channels", "replay")

    assert (found.code, told.code) == (0, 0)
    assert picture(office.world) == before
    document = found.document
    assert document["summary"]["dry_run"] is True
    assert document["summary"]["changes"]["work_again"] == len(own_loops)
    assert document["summary"]["changes"]["correct"] == len(quoted)
    row = next(one for one in document["messages"] if one["id"] == quoted[0])
    (field,) = row["fields"]
    assert (field["field"], field["words_gone"], field["words_new"]) == ("body", 2, 0)
    assert own_loops[0] in told.out
    for shown in (found.out, told.out, told.err):
        assert "rahasia" not in shown
        assert "sari" not in shown


def test_whoever_reads_the_words_says_why_and_is_noted(
    office: Office, run: Run, quoted: list[str]
) -> None:
    assert run("channels", "replay", "--open").code == USAGE
    given = ("--id", quoted[1], "--reason", "dicek", "--json")
    (row,) = run("channels", "replay", "--open", *given).document["messages"]

    assert row["fields"][0]["before"].endswith("> Yth.")
    assert SECRET_WORDS in row["fields"][0]["after"]
    noted = office.world.row(t.audit)
    assert (noted.action, noted.subject, noted.reason) == (
        "journal_read",
        quoted[1],
        "dicek",
    )


def test_what_is_applied_is_worked_once_and_differs_no_more(
    office: Office, run: Run, own_loops: list[str], quoted: list[str]
) -> None:
    apply = ("channels", "replay", "--apply", "--yes", "--why", "pembaca", "--json")
    codes = [office.row(one).code for one in own_loops]

    first = run(*apply).document["summary"]
    assert run(*apply).document["summary"]["applied"] == 0
    office.work(own_loops)
    last = run(*apply).document["summary"]

    assert (first["applied"], last["applied"]) == (6, 0)
    assert last["changes"]["unchanged"] == 6
    assert {one.code for one in office.world.rows(t.complaints)} >= set(codes)
    assert sorted(corrections(office)) == [0, 0, 0, 1, 1, 1]
    assert office.world.violated() == set()


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_nothing_is_applied_without_a_reason_and_an_answer(
    office: Office, run: Run, own_loops: list[str]
) -> None:
    before = picture(office.world)
    apply = ("channels", "replay", "--apply")

    assert run(*apply, "--yes").code == USAGE
    assert run(*apply, "--reason", "x", "--json").code == USAGE
    asked = run(*apply, "--reason", "x")
    assert (asked.code, "from 3 messages?" in asked.err) == (USAGE, True)
    assert run("channels", "replay", "--channel", "fax").code == FAILED
    assert run("channels", "replay", "--id", "nobody").code == USAGE
    assert run("channels", "replay", "--since", "kemarin").code == USAGE
    assert picture(office.world) == before


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_mail_in_quarantine_is_shown_and_worked_again_by_either_command(
    office: Office, run: Run
) -> None:
    ids = [office.post(n) for n in range(2)]
    office.work(ids, refusing)
    listed = run("quarantine", "list", "--json").document
    shown = run("quarantine", "show", ids[0], "--why", "dicek")

    assert [row["id"] for row in listed] == ids
    assert "Subject: Lampu 0" in shown.out
    assert run("quarantine", "replay", ids[0], "--json").document["replayed"] == 1
    apply = ("channels", "replay", "--apply", "--yes", "--reason", "x", "--json")
    summary = run(*apply, "--state", "quarantined").document["summary"]
    assert (summary["read"], summary["applied"]) == (1, 1)
    assert [office.row(one).state for one in ids] == ["new", "new"]
    office.work(ids)
    assert len(office.world.rows(t.complaints)) == 2
    actions = [row.action for row in office.world.rows(t.audit)]
    assert actions == ["journal_read", "journal_replayed", "journal_replayed"]


@pytest.mark.parametrize("office", ["sqlite"], indirect=True)
def test_a_mail_that_its_reader_does_not_end_is_named_and_left(
    office: Office,
    run: Run,
    quoted: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIMPUL_WORK__ITEM_SECONDS_MAX", "0.001")
    before = picture(office.world)
    apply = ("channels", "replay", "--apply", "--yes", "--reason", "x", "--json")
    (row,) = run(*apply, "--id", quoted[0]).document["messages"]

    assert row["change"] == "reader_failed"
    assert "longer than" in row["why"]
    assert picture(office.world) == before


@pytest.mark.parametrize(
    ("office", "point"),
    [("sqlite", "replay.before_commit:2"), ("postgresql", "replay.committed:1")],
    indirect=["office"],
)
def test_a_replay_that_is_killed_half_way_is_begun_again(
    office: Office, run: Run, quoted: list[str], tmp_path: Path, point: str
) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    (faults / "armed").write_text(f"{point} kill")
    apply = ("channels", "replay", "--apply", "--yes", "--reason", "x", "--json")

    with started(*apply, SIMPUL_FAULTS=str(faults)) as process:
        assert process.wait(timeout=60) == -9
    assert sorted(corrections(office)) == [0, 0, 1]

    summary = run(*apply).document["summary"]
    assert (summary["applied"], summary["changes"]["unchanged"]) == (2, 1)
    assert corrections(office) == [1, 1, 1]
    assert office.world.violated() == set()
