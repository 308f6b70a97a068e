"""A complaint with photos, its agency, and the stage that tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Capabilities, Delivery, Done, File, Found, Pending
from hub.database import tables as t
from hub.stages.attaching import Links
from hub.stages.deliver import Deliver, Way, lane_of
from schemas.agency import Limits
from schemas.events import Cause, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName, PartyKind
from schemas.payloads import Said
from tests.contract.builders import LIMITS, NOON, PUPR, Words, by_action
from tests.contract.world import Known, World

HUB = "https://simpul.example"
ALLOW = ("public_number", "body", "attachments")
Answer = Done | Pending | Exception


@dataclass
class Agency:
    """Takes what it is told; `answers` says otherwise, call by call."""

    capabilities: Capabilities
    answers: list[Answer] = field(default_factory=list)
    got: list[Delivery] = field(default_factory=list)
    found: list[Delivery] = field(default_factory=list)

    def submit(self, delivery: Delivery) -> Done | Pending:
        return self._take(delivery)

    def send(self, delivery: Delivery) -> Done | Pending:
        return self._take(delivery)

    def find(self, delivery: Delivery) -> Found:
        self.found.append(delivery)
        return Found(reference="PUPR-26-1")

    def _take(self, delivery: Delivery) -> Done | Pending:
        self.got.append(delivery)
        answer = self.answers.pop(0) if self.answers else Done(reference="PUPR-26-1")
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Album:
    """One complaint whose reporter sent a photo along."""

    world: World
    known: Known
    agency: Agency
    deliver: Deliver

    def turn(self) -> None:
        """Carry out what is due now."""
        for lease in self.deliver.lease(lane_of(PUPR), [], 10).leases:
            self.deliver(lease)

    def later(self, seconds: float) -> None:
        """Let time pass, and carry out what is due then."""
        self.world.move_clock(seconds)
        self.turn()

    def reply(self, *files: File, text: str = "Masih rusak") -> None:
        """Let the reporter answer with files."""
        said = Said(channel=ChannelName.WEB, text=text, attachments=len(files))
        author = Author(kind=AuthorKind.REPORTER, id=self.known.reporter_id)
        cause = Cause(kind=CauseKind.JOURNAL, id="")
        event = by_action(new_event("reporter_replied", said, author, cause, NOON))
        with self.world.store.journal.claim([]) as work:
            work.append(self.known.id, [event], files)

    @property
    def rows(self) -> list[Any]:
        """What the agency got of each file, in the order of the files."""
        found = self.world.rows(t.attachment_deliveries, party=PUPR)
        return sorted(found, key=lambda row: (row.event_id, row.n))

    @property
    def states(self) -> list[tuple[str, str]]:
        """State and why of each file."""
        return [(row.state, row.why) for row in self.rows]


def album(
    world: World,
    can: Capabilities,
    *,
    public_url: str = HUB,
    allow: Sequence[str] = ALLOW,
    limits: Limits = LIMITS,
    answers: Sequence[Answer] = (),
    words: Words | None = None,
) -> Album:
    """Register a complaint with a photo for an agency with such a system."""
    agency = Agency(can, list(answers))
    way = Way(PUPR, PartyKind.AGENCY, agency, limits, tuple(allow), "m1")
    links = Links(public_url, 14)
    deliver = Deliver(world.store.cursors, {PUPR: way}, lambda: 0.0, 5.0, links)
    return Album(world, world.register(words=words), agency, deliver)


def photo(name: str = "balasan.jpg", content: bytes = b"\xff\xd8balasan") -> File:
    return File(name=name, media_type="image/jpeg", content=content)
