"""Dead letters of later events, asked for again and tried late."""

import random
from typing import Any

from connectors.contract import Capabilities, Delivery, Done, NotFound, Skipped
from connectors.errors import Refused, Retryable
from hub.database import tables as t
from hub.domain.delivery import PlanKind
from hub.domain.settlement import Outcome
from hub.stages.deliver import Deliver, Way, lane_of
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, NEITHER, PUPR, by_action, reply
from tests.contract.world import Call, Known, World

SEND, LATE = PlanKind.SEND, PlanKind.DEAD_LETTER
DOWN = Retryable("answered 503", fingerprint="503")
REFUSED = Refused("answered 422", fingerprint="422")


def submitted(world: World) -> Known:
    """A complaint that its agency has, with one later event due."""
    known = world.register()
    world.hand_over()
    say_more(world, known)
    return known


def say_more(world: World, known: Known) -> None:
    """Let the reporter write: one event more that the agency is told of."""
    world.append(known, by_action(reply("", known.reporter_id)))


def asked_again(world: World) -> Known:
    """A complaint whose later event was refused, and is asked for again."""
    known = submitted(world)
    world.end(world.begin(PUPR, SEND), REFUSED)
    ask_again(world)
    return known


def ask_again(world: World) -> int:
    letters = [row.id for row in world.rows(t.dead_letters, state="open")]
    return world.store.operations.retry(letters, "operator", "mended")


def letter(world: World) -> Any:
    return world.row(t.dead_letters)


def end(
    world: World, call: Call, outcome: Outcome, can: Capabilities = NEITHER
) -> None:
    """End a call at the age that the store itself counts."""
    world.end(call, outcome, can, age=call.lease.cursor.stopped_age_seconds)


def fail(world: World, times: int = 1) -> list[float]:
    """Let late retries fail one after the other; returns the waits after each."""
    waits = []
    for _ in range(times):
        end(world, world.begin(PUPR, LATE), DOWN)
        waits.append(wait_for_it(world))
    return waits


def wait_for_it(world: World) -> float:
    """Move the clock to where the cursor is due; returns the seconds since its call."""
    due = world.row(t.cursors, party=PUPR).due_at
    ended = max(row.ended_at for row in world.rows(t.attempts, party=PUPR))
    with world.store.db.read() as tx:
        left = (due - tx.now).total_seconds()
    world.move_clock(max(0.0, left))
    return float((due - ended).total_seconds())


class MoodyAgency:
    """An agency that takes, refuses or is down, as a seed has it."""

    capabilities = NEITHER

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.is_well = False
        self.taken: list[str] = []
        """Event ids, in the order in which they were taken."""

    def submit(self, delivery: Delivery) -> Done | Skipped:
        return Done(reference=f"PUPR-{delivery.key[:8]}")

    def send(self, delivery: Delivery) -> Done | Skipped:
        mood = self.random.random()
        if not self.is_well and mood < 0.4:
            raise DOWN
        if not self.is_well and mood < 0.6:
            raise REFUSED
        self.taken += [event.event_id for event in delivery.events]
        return Done()

    def find(self, delivery: Delivery) -> NotFound:
        return NotFound()

    def of(self, world: World) -> Deliver:
        """The stage that tells this agency."""
        way = Way(PUPR, PartyKind.AGENCY, self, LIMITS, ("body",), "m1")
        return Deliver(world.store.cursors, {PUPR: way}, lambda: 0.0, 5.0)


def work(deliver: Deliver) -> int:
    """Carry out what is due once; returns how many calls or moves that were."""
    leases = deliver.lease(lane_of(PUPR), [], 10).leases
    for lease in leases:
        deliver(lease)
    return len(leases)
