"""A reporter's mailbox, the clock on the wall, and the stage that tells a reporter."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from connectors.contract import Capabilities, Delivery, Done, NotFound, Skipped
from hub.domain.local_time import WIB
from hub.domain.pacing import Pace, QuietHours
from hub.ports import Ended
from hub.stages.deliver import Deliver, Way, lane_of
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, PartyKind
from schemas.payloads import Reasoned
from tests.contract.builders import LIMITS, MAIL, NOON, PUPR, by_action, party_rows
from tests.contract.world import Known, World

BURST = 120.0
NIGHT = QuietHours(time(21), time(7))
OFFICER = Author(kind=AuthorKind.OFFICER, id="officer")


@dataclass
class Mailbox:
    """Takes messages, unless it is told to fail with an error."""

    capabilities = Capabilities(submits=False, coalesces=True, resends_once=True)
    messages: list[list[str]] = field(default_factory=list)
    """Event types of each message, in order."""
    event_ids: list[str] = field(default_factory=list)
    error: Exception | None = None

    def submit(self, delivery: Delivery) -> Skipped:
        del delivery
        return Skipped(why="nothing is handed over to a reporter")

    def send(self, delivery: Delivery) -> Done:
        if self.error is not None:
            raise self.error
        self.messages.append([event.type for event in delivery.events])
        self.event_ids += [event.event_id for event in delivery.events]
        return Done(reference="m")

    def find(self, delivery: Delivery) -> NotFound:
        del delivery
        return NotFound()


@dataclass
class Told:
    """One complaint whose reporter is told with a pace."""

    world: World
    known: Known
    mailbox: Mailbox
    deliver: Deliver
    numbers: int = 0

    def turn(self) -> int:
        """Carry out what is due now; returns how many leases that were."""
        leases = self.deliver.lease(lane_of(MAIL), [], 10).leases
        for lease in leases:
            self.deliver(lease)
        return len(leases)

    def put_off(self) -> Ended:
        """Lease, and let the turn be put off; it is not settled yet."""
        (lease,) = self.deliver.lease(lane_of(MAIL), [], 10).leases
        (ended,) = self.deliver.begin([lease], 0.0)
        assert isinstance(ended, Ended), ended
        return ended

    def news(self, name: str) -> None:
        """Let the agency say something."""
        self.numbers += 1
        self.world.say(self.known, PUPR, name, f"id:{self.numbers}", f"{self.numbers}")

    def ask(self) -> None:
        """Let an officer ask the reporter: urgent."""
        self.decide("put_on_hold")

    def decide(self, name: str) -> None:
        self.world.append(self.known, decision(name))

    def due_in(self) -> float:
        """Count the seconds until the reporter's cursor is due."""
        due = self.world.cursor(self.known, MAIL).due_at
        assert due is not None
        return float((due - now_of(self.world)).total_seconds())


def decision(name: str) -> NewEvent:
    cause = Cause(kind=CauseKind.ACTION, id="x")
    return by_action(new_event(name, Reasoned(), OFFICER, cause, NOON))


def told(
    world: World, *, burst: float = BURST, quiet: QuietHours | None = None
) -> Told:
    """Register a complaint at noon; its reporter has the code already."""
    set_clock(world, 12)
    rows = [
        row | ({"burst_s": burst} if row["party"] == MAIL else {})
        for row in party_rows()
    ]
    world.store.parties.configure(rows)
    mailbox = Mailbox()
    pace = Pace(burst, quiet)
    way = Way(MAIL, PartyKind.REPORTER, mailbox, LIMITS, (), "1", pace=pace)
    deliver = Deliver(world.store.cursors, {MAIL: way}, lambda: 0.0, 5.0)
    found = Told(world, world.register(), mailbox, deliver)
    assert found.turn() == 1
    assert mailbox.messages == [["registered"]]
    mailbox.messages.clear()
    return found


def now_of(world: World) -> datetime:
    with world.store.db.read() as tx:
        return tx.now


def set_clock(world: World, hour: float) -> None:
    """Move the clock forward to the next such hour in Jakarta."""
    local = now_of(world).astimezone(WIB)
    wanted = datetime.combine(local.date(), time(0), WIB) + timedelta(hours=hour)
    if wanted < local:
        wanted += timedelta(days=1)
    world.move_clock((wanted - local).total_seconds())


def types(messages: Sequence[Sequence[str]]) -> list[str]:
    return [name for message in messages for name in message]
