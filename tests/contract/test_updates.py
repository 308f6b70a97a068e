"""Agencies' words become events, on both engines."""

from datetime import UTC, datetime

from tests.contract.builders import PUPR
from tests.contract.updating import hear
from tests.contract.world import World


def test_an_update_from_the_future_counts_from_its_arrival(world: World) -> None:
    known = world.register()
    world.hand_over()
    claimed = datetime(2099, 1, 1, tzinfo=UTC)

    row = hear(world, PUPR, occurred_at=claimed, event_id="1")

    event = world.log(known)[-1]
    assert (row.state, event.type) == ("done", "followed_up")
    assert event.occurred_at == row.received_at
    assert datetime.fromisoformat(event.facts["claimed_at"]) == claimed
    assert world.violated() == set()


def test_an_update_that_comes_twice_is_one_event_and_a_duplicate(world: World) -> None:
    known = world.register()
    world.hand_over()

    rows = [hear(world, PUPR, event_id="1") for _ in range(2)]

    assert [row.state for row in rows] == ["done", "duplicate"]
    assert [e.type for e in world.log(known)].count("followed_up") == 1
    assert world.violated() == set()
