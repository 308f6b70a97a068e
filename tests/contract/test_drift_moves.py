"""Drift: what moves while it is compared, and between comparing and healing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.database import tables as t
from hub.domain.drift import DriftKind, Heal
from schemas.updates import AgencyView
from tests.contract import above
from tests.contract.asking import Asking, Feed
from tests.contract.builders import PUPR
from tests.contract.world import Known, World

REFERENCE = "PUPR-26-1"


@pytest.fixture
def known(world: World) -> Known:
    found = world.register()
    world.hand_over(PUPR, REFERENCE)
    return found


def view(event: str) -> AgencyView:
    return AgencyView(reference=REFERENCE, event_type=event, raw_status=event)


@dataclass
class Racing(Feed):
    """Tells an update by push while it answers how its cases stand."""

    meanwhile: Any = field(default=lambda: None)

    def snapshot(self, references: Sequence[str]) -> list[AgencyView]:
        found = super().snapshot(references)
        self.meanwhile()
        return found


def test_what_was_told_while_we_asked_is_no_drift(world: World, known: Known) -> None:
    feed = Racing(
        views=[view("work_started")],
        meanwhile=lambda: world.say(known, PUPR, "unit_assigned", "a:1"),
    )
    asking = Asking(world, {PUPR: feed})
    assert asking.look() == []

    feed.meanwhile = lambda: None
    feed.views = [view("unit_assigned")]
    assert asking.look() == []


def test_an_old_view_never_takes_back_what_was_told_since(
    world: World, known: Known
) -> None:
    asking = Asking(world, {PUPR: Feed(views=[view("work_started")])})
    items = asking.look()
    world.say(known, PUPR, "unit_assigned", "a:1")

    done = world.store.drifts.heal(PUPR, items, "cli:siti", "uji")
    assert [one["did"] for one in done] == ["nothing: it moved since; compare again"]
    asking.hear()
    assert world.row(t.legs, agency=PUPR).status == "assigned_unit"
    assert world.violated() == set()


def test_what_a_platform_lost_is_found_and_its_statuses_are_its_own(
    world: World,
) -> None:
    world.store.parties.configure([above.party()])
    above.hear(world, above.begun("8"), above.begun("9"))
    gone, kept = AgencyView(reference="8", present=False), view("resolved")
    views = [gone, kept.model_copy(update={"reference": "9"})]
    feed = Feed(views=views)
    asking = Asking(world, {above.LAPOR: feed})

    (drift,) = asking.look(above.LAPOR)

    assert sorted(feed.named[0]) == ["8", "9"]
    assert (drift.kind, drift.heal) == (DriftKind.MISSING_THERE, Heal.OPERATOR)
    assert asking.heal(above.LAPOR) == [""]
    assert len(world.store.drifts.listed(above.LAPOR)) == 1
    feed.views = views[1:]
    assert asking.look(above.LAPOR) == []
