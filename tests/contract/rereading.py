"""A channel whose reader has two versions, and the stage that reads past ones anew."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from connectors.contract import (
    File,
    Ignored,
    Item,
    New,
    Query,
    Reply,
    Unreadable,
)
from hub.database import tables as t
from hub.database.projection import read_events
from hub.ports import NormaliseError
from hub.ports.again import Which
from hub.stages.replay import Found, Replay, Who
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, Reporter
from schemas.raw import JournalEntry, RawMessage
from tests.contract.test_batches import intake
from tests.contract.world import Known, World

LANE = "intake.email"
BUDI = "budi@warga.example"
STATES = ("quarantined", "ignored", "done", "duplicate")
ALL = Which(channels=("email",), states=STATES)
SITI = Who("cli:siti", "pembaca diperbaiki")
FILE = {"name": "foto.jpg", "media_type": "image/jpeg", "content": "jalan"}

Said = dict[str, Any]


class Reader:
    """Reads what a message says for the version that is in use."""

    def __init__(self) -> None:
        self.version = 1

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        assert channel == "email"
        said = json.loads(entry.raw.body)
        return [_item(said[min(self.version, len(said)) - 1])]


def _item(said: Said) -> Item:
    files = tuple(
        File(**{**one, "content": one["content"].encode()})
        for one in said.get("files", ())
    )
    contact = {"contact_kind": "email", "contact": said.get("email", BUDI)}
    match said["kind"]:
        case "new":
            review = said.get("review", "")
            return New(complaint=_complaint(said), files=files, review=review)
        case "reply":
            named = {
                k: said[k] for k in ("text", "code", "number", "level") if k in said
            }
            return Reply(carrier="code", files=files, **named, **contact)
        case "help":
            return Query(kind="help", **contact)
        case "machine":
            return Ignored(rule=said.get("rule", "auto_reply"), why="a machine")
        case "deadly":
            msg = "reading it ended its process"
            raise NormaliseError(msg, crashed=True)
        case _:
            return Unreadable(why="nobody understands it")


def _complaint(said: Said) -> NewComplaint:
    others = {"kind", "email", "files", "review"}
    given = {k: v for k, v in said.items() if k not in others}
    return NewComplaint(
        channel=ChannelName.EMAIL,
        reporter=Reporter(name="Budi Contoh", email=said.get("email", BUDI)),
        **{"title": "Jalan rusak", "body": "Lubang di depan pasar"} | given,
    )


def new(**said: Any) -> Said:
    return {"kind": "new", "category": {"code": "roads"}, **said}


def reply(code: str, text: str, **said: Any) -> Said:
    return {"kind": "reply", "code": code, "text": text, **said}


ODD: Said = {"kind": "odd"}
MACHINE: Said = {"kind": "machine"}
HELP: Said = {"kind": "help"}
DEADLY: Said = {"kind": "deadly"}


class Desk:
    """Takes messages in with the first reader, and reads them again with the second."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reader = Reader()
        self.pauses = 0

    def post(self, *versions: Said, **raw: Any) -> str:
        """Accept and work one message; returns its row."""
        message = RawMessage(
            source="email",
            lane=LANE,
            source_key=f"k{uuid7()}",
            body=json.dumps(versions).encode(),
            **raw,
        )
        row_id = self.world.store.journal.accept(message).journal_id
        self.work(row_id)
        return row_id

    def work(self, *ids: str) -> None:
        """Let intake work rows, if they are to be worked."""
        intake(self.world, self.reader)(LANE, ids)

    def mend(self) -> None:
        """Bring the second version of the reader."""
        self.reader.version = 2

    def row(self, row_id: str) -> Any:
        return self.world.row(t.journal, id=row_id)

    def known(self, row_id: str) -> Known:
        row = self.row(row_id)
        case = self.world.row(t.complaints, id=row.result_id)
        (reporter,) = self.world.rows(t.reporters, complaint_id=case.id)
        return Known(case.id, case.code, reporter.id, row_id)

    def stage(self) -> Replay:
        store = self.world.store
        return Replay(store.past, store.cases, self.reader, self._pause)

    def _pause(self) -> None:
        self.pauses += 1

    def look(self, which: Which = ALL) -> dict[str, Found]:
        return {found.past.row.id: found for found in self.stage()(which)}

    def changes(self, which: Which = ALL) -> dict[str, str]:
        return {k: str(v.verdict.change) for k, v in self.look(which).items()}

    def apply(
        self, which: Which = ALL, meanwhile: Callable[[], object] = lambda: None
    ) -> dict[str, Found]:
        """Apply what follows; `meanwhile` happens between reading and writing."""
        stage, done = self.stage(), {}
        for found in stage(which):
            meanwhile()
            done[found.past.row.id] = stage.apply(found, SITI)
        return done

    def words(self, known: Known) -> list[dict[str, Any]]:
        """Open the words of each event of a complaint, where it has some."""
        store = self.world.store
        with store.db.read() as tx:
            ids = {row.data_key_id for row in self.world.log(known)}
            events = read_events(tx, known.id, store.vault.keys(tx.conn, ids))
        return [dict(event.sealed) for event in events if event.sealed]


def picture(world: World) -> dict[str, tuple[int, str]]:
    """Count and hash every table."""
    found = {}
    with world.store.db.read() as tx:
        for name, table in t.metadata.tables.items():
            rows = sorted(map(repr, tx.conn.execute(sa.select(table))))
            digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
            found[name] = (len(rows), digest)
    return found
