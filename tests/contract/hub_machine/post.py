"""A channel whose messages say what they are, and a broker that keeps no promise."""

import json
import random
from collections.abc import Iterable, Sequence
from typing import Any

from connectors.contract import Item, New, Query, Reply, Unreadable
from hub.ports import NormaliseError
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, Reporter
from schemas.raw import JournalEntry, RawMessage

LANE = "intake.email"


def letter(key: str, **said: Any) -> RawMessage:
    """Write a message; `kind` is new, reply, query, odd or deadly."""
    return RawMessage(
        source="email",
        lane=LANE,
        source_key=key,
        body=json.dumps(said).encode(),
        expects_complaint=said["kind"] == "new",
    )


def page(agency: str, key: str, body: bytes) -> RawMessage:
    """Write a request of an agency's system."""
    return RawMessage(
        source=f"agency:{agency}",
        lane=f"updates.{agency}",
        source_key=key,
        body=body,
        expects_complaint=False,
    )


class Reader:
    """Reads letters. Implements `hub.ports.Normaliser`."""

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        """Read one; raises NormaliseError for a deadly one."""
        said = json.loads(entry.raw.body)
        contact = {"contact_kind": "email", "contact": said.get("email", "")}
        match said["kind"]:
            case "new":
                return [New(complaint=_complaint(said))]
            case "reply":
                text, code = said["text"], said["code"]
                return [Reply(code=code, text=text, carrier="code", **contact)]
            case "query":
                return [Query(kind="status", code=said["code"], **contact)]
            case "deadly":
                why = "reading it ended its process"
                raise NormaliseError(why, crashed=True)
            case _:
                return [Unreadable(why="nobody understands it")]


def _complaint(said: dict[str, Any]) -> NewComplaint:
    return NewComplaint(
        title=said["title"],
        body=said["text"],
        channel=ChannelName.EMAIL,
        reporter=Reporter(name="Budi Contoh", email=said["email"]),
        anonymous=bool(said.get("anonymous")),
    )


class FakeBroker:
    """Keeps hints until they are taken, lost, or given out twice."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, str]] = []

    def publish(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take (lane, id) pairs."""
        self.hints += pairs

    def lose(self, dice: random.Random) -> None:
        """Lose some of them, perhaps all."""
        part = dice.choice((0.0, 0.5))
        self.hints = [hint for hint in self.hints if dice.random() < part]

    def take(self, dice: random.Random) -> tuple[str, list[str]]:
        """Take a batch of one lane: any lane, in any order."""
        lane = dice.choice(sorted({lane for lane, _ in self.hints}))
        ids = sorted({one for where, one in self.hints if where == lane})
        dice.shuffle(ids)
        self.hints = [hint for hint in self.hints if hint[0] != lane]
        return lane, ids
