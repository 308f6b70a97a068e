"""Merging what began on a platform above: its reporter is told there only."""

import pytest

from hub.database import tables as t
from hub.stages.act import NotPossibleError
from tests.contract.above import LAPOR, begun, hear, known, party
from tests.contract.builders import PUPR
from tests.contract.test_casework import act
from tests.contract.world import World


def test_what_began_above_follows_none_and_may_be_followed(world: World) -> None:
    world.store.parties.configure([party()])
    hear(world, begun())
    above = known(world)
    ours = world.register()

    with pytest.raises(NotPossibleError, match="let the other one follow it"):
        act(world, above, "merge", details={"other": ours.id})
    act(world, ours, "merge", details={"other": above.id})

    assert world.row(t.complaints, id=ours.id).merged_into == above.id
    hear(world, begun("9"))
    (second,) = [
        row for row in world.rows(t.complaints) if row.id not in {above.id, ours.id}
    ]
    assert second.status != "merged"
    assert world.cursor(above, LAPOR).state == "active"
    assert world.cursor(above, PUPR).state == "active"
    assert world.violated() == set()
