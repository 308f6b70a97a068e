"""A late retry whose outcome is unknown keeps the mapping that it was begun with."""

from dataclasses import dataclass, field

from connectors.contract import Capabilities, Delivery, Done, NotFound
from connectors.errors import OutcomeUnknown
from hub.stages.deliver import Deliver, Way
from schemas.parties import PartyKind
from tests.contract.builders import HONOURS_KEY, LIMITS, PUPR
from tests.contract.late import asked_again, letter, wait_for_it, work
from tests.contract.world import World

LOST = OutcomeUnknown("reset")


@dataclass
class Deaf:
    """An agency that knows our keys, and whose first answer is lost."""

    fails: int = 0
    keys: list[str] = field(default_factory=list)
    capabilities: Capabilities = HONOURS_KEY

    def submit(self, delivery: Delivery) -> Done:
        raise AssertionError

    def send(self, delivery: Delivery) -> Done:
        self.keys.append(delivery.key)
        if self.fails:
            self.fails -= 1
            raise LOST
        return Done()

    def find(self, delivery: Delivery) -> NotFound:
        return NotFound()


def way(system: Deaf, mapping: str) -> Way:
    return Way(PUPR, PartyKind.AGENCY, system, LIMITS, ("body",), mapping)


def test_the_same_key_is_never_sent_with_another_body(world: World) -> None:
    asked_again(world)
    first, second = Deaf(fails=1), Deaf()
    asked: list[tuple[str, str]] = []

    def older(current: Way, mapping: str) -> Way:
        asked.append((current.mapping_version, mapping))
        return way(first, mapping)

    deliver = Deliver(
        world.store.cursors, {PUPR: way(first, "m1")}, lambda: 0.0, 5.0, older=older
    )
    assert work(deliver) == 1
    wait_for_it(world)
    deliver.use({PUPR: way(second, "m2")})
    assert work(deliver) == 1

    assert asked == [("m2", "m1")]
    assert len(first.keys) == 2
    assert len(set(first.keys)) == 1
    assert second.keys == []
    assert letter(world).state == "resolved"
    assert world.violated() == set()


def test_what_was_refused_is_sent_with_the_mended_mapping(world: World) -> None:
    asked_again(world)
    system = Deaf()
    deliver = Deliver(world.store.cursors, {PUPR: way(system, "m2")}, lambda: 0.0, 5.0)
    assert work(deliver) == 1
    assert len(system.keys) == 1
