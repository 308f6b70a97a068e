"""The faults of production mode, each a function that breaks something and mends it."""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from hub.bootstrap import Store
from hub.database import tables as t
from tests.faults.fleet import Fleet, wait_for
from tests.faults.production import World
from tests.services.fault_proxy import POSTGRES_COMMIT, Cut, Direction
from tests.services.postgres import Postgres
from tests.services.rabbitmq import Rabbitmq

ARMED_SECONDS = 8.0
"""A point that nobody passes in this time is reported as not hit."""
CAUSED_SECONDS = 40.0
"""The same for a point that is passed some time after its cause."""
Strike = Callable[[], bool]
Server = Rabbitmq | Postgres


def at_point(
    fleet: Fleet, point: str, nth: int = 1, cause: "Cause | None" = None
) -> Strike:
    """Kill whichever process passes a point for the nth time."""

    def strike() -> bool:
        fleet.arm(point, nth=nth)
        if cause is not None:
            cause.during()
        seconds = ARMED_SECONDS if cause is None else CAUSED_SECONDS
        wait_for(lambda: fleet.fired, seconds, every=0.05)
        return fleet.disarm()

    return strike


def killed_at_random(fleet: Fleet, dice: random.Random) -> Strike:
    """Kill a process that chance picks, at an instant that chance picks."""

    def strike() -> bool:
        time.sleep(1.5 * dice.random())
        fleet.kill(dice.choice(fleet.workers))
        return True

    return strike


def killed(server: Server) -> bool:
    """Kill a server with all its processes, start it again on the same files."""
    time.sleep(0.5)
    server.kill()
    time.sleep(2)
    server.restart()
    return True


@dataclass(frozen=True)
class Cause:
    """What leads to a point that letters alone do not lead to."""

    during: Callable[[], object]
    """Done while the letters are written."""
    before: Callable[[], object] | None = None
    """Done before the first of them."""


def outage(server: Server) -> Cause:
    """Let letters come while a server is away, and then back."""

    def come_back() -> None:
        time.sleep(2)
        server.restart()

    return Cause(during=come_back, before=server.kill)


def new_start(fleet: Fleet, role: str) -> Cause:
    """Kill a process with a role: what it does at its start is done again."""
    (worker,) = (one for one in fleet.workers if role in one.roles)
    return Cause(during=partial(fleet.kill, worker))


def erasure(store: Store) -> Cause:
    """Let the oldest complaint be erased that everybody has heard of."""
    return Cause(during=partial(_erase_one, store))


def _erase_one(store: Store) -> None:
    case, cursor = t.complaints.c, t.cursors.c
    behind = sa.exists().where(
        cursor.complaint_id == case.id,
        sa.or_(cursor.delivered_seq < cursor.target_seq, cursor.state != "active"),
    )
    query = (
        sa.select(case.id)
        .where(case.erasure_due_at.is_(None), ~behind)
        .order_by(case.id)
        .limit(1)
    )
    with store.db.read() as tx:
        complaint_id = str(tx.conn.execute(query).scalar_one())
    store.eraser.request(complaint_id, "operator", "the fault run")


def looking_at_clocks(store: Store) -> Cause:
    """Let the oldest complaint's clocks be looked at: nothing is due, it is noted."""
    return Cause(during=partial(_call_clocks, store))


def _call_clocks(store: Store) -> None:
    c = t.complaints.c
    wound = sa.select(c.id).where(c.next_clock_at.is_not(None))
    oldest = wound.order_by(c.id).limit(1)
    with store.db.write() as tx:
        tx.conn.execute(
            sa.update(t.complaints)
            .where(c.id == oldest.scalar_subquery())
            .values(next_clock_at=tx.now)
        )


def hangs(server: Server, seconds: float) -> bool:
    """Let a server hang: connections stay open and nothing answers."""
    time.sleep(0.5)
    server.suspend()
    time.sleep(seconds)
    server.resume()
    return True


def memory_alarm(world: World, seconds: float) -> bool:
    """Let RabbitMQ take nothing: publishers are blocked, consumers go on."""
    world.rabbitmq.set_memory_alarm(on=True)
    time.sleep(seconds)
    world.rabbitmq.set_memory_alarm(on=False)
    return True


def broker_line_reset(world: World) -> bool:
    """Reset every connection to RabbitMQ, three times."""
    for _ in range(3):
        time.sleep(1)
        world.broker_line.reset_all()
    return True


def broker_line_silent(world: World, seconds: float) -> bool:
    """Deliver nothing from RabbitMQ for a while; sockets stay open."""
    world.broker_line.blackhole(Direction.DOWN)
    time.sleep(seconds)
    world.broker_line.heal()
    return True


def cut_at_commit(world: World, where: Cut, times: int) -> bool:
    """Cut connections at their COMMIT: it is done and nobody knows, or it is not."""
    before = world.database_line.cuts
    world.database_line.cut_at(POSTGRES_COMMIT, where, times=times)
    wait_for(lambda: world.database_line.cuts - before >= times, 20)
    world.database_line.heal()
    return world.database_line.cuts > before


def rolling_restart(world: World, times: int) -> bool:
    """Restart one process after the other; each must end in time and by itself."""
    for _ in range(times):
        codes = world.fleet.rolling_restart()
        assert all(code == 0 for code in codes), codes
    return True


def worker_stopped(fleet: Fleet, dice: random.Random, seconds: float) -> bool:
    """Stop a process as a debugger or a swapping host does, then let it go on."""
    worker = dice.choice(fleet.workers)
    worker.send(signal.SIGSTOP)
    time.sleep(seconds)
    worker.send(signal.SIGCONT)
    return True


def infrastructure(world: World, *, long: bool) -> dict[str, Strike]:
    """Name every fault of broker, database and network."""
    seconds = 30.0 if long else 12.0
    cuts = 25 if long else 4
    return {
        "broker killed": partial(killed, world.rabbitmq),
        f"broker hangs {seconds:g} s": partial(hangs, world.rabbitmq, seconds),
        f"memory alarm {seconds / 2:g} s": partial(memory_alarm, world, seconds / 2),
        "broker line reset x3": partial(broker_line_reset, world),
        "broker line silent 12 s": partial(broker_line_silent, world, 12),
        "database killed": partial(killed, world.postgres),
        "database hangs 5 s": partial(hangs, world.postgres, 5),
        f"cut before COMMIT x{cuts}": partial(cut_at_commit, world, Cut.BEFORE, cuts),
        f"cut at answer x{cuts}": partial(cut_at_commit, world, Cut.ANSWER, cuts),
        "rolling restart": partial(rolling_restart, world, 20 if long else 2),
    }
