"""Views of cases: what says again how a case stands is no news."""

from tests.contract.above import begun, hear, said
from tests.contract.builders import PUPR
from tests.contract.world import World


def test_the_same_status_under_a_later_time_is_no_news(world: World) -> None:
    hear(world, begun("PUPR-7"), party_=PUPR)

    states = [
        hear(world, said(event, minutes, "PUPR-7", stands=True), party_=PUPR)[0].state
        for event, minutes in (
            ("work_started", 1),
            ("work_started", 2),
            ("leg_put_on_hold", 3),
            ("work_started", 4),
        )
    ]

    assert states == ["done", "duplicate", "done", "done"]
    assert world.violated() == set()


def test_what_happened_twice_is_news_where_things_that_happened_are_told(
    world: World,
) -> None:
    hear(world, begun("PUPR-7"), party_=PUPR)

    states = [
        hear(world, said("work_started", minutes, "PUPR-7"), party_=PUPR)[0].state
        for minutes in (1, 2)
    ]

    assert states == ["done", "done"]
