"""Words without a number or a time, on legs that are ordered by such."""

import pytest

from connectors.contract import Capabilities
from hub.database import tables as t
from schemas.agency import AgencyManifest, OrderBy
from schemas.updates import AgencyView
from tests.contract import above, asking
from tests.contract.above import LAPOR, begun, hear, said
from tests.contract.asking import Asking, Feed
from tests.contract.builders import NOON, PUPR
from tests.contract.world import World


def counted(monkeypatch: pytest.MonkeyPatch, order_by: OrderBy) -> None:
    """Let the agency's updates be ordered so."""
    agencies = {
        name: one if name == LAPOR else one.model_copy(update={"order_by": order_by})
        for name, one in above.AGENCIES.items()
    }
    monkeypatch.setattr(above, "AGENCIES", agencies)


def leg_status(world: World) -> str:
    return str(world.row(t.legs).status)


def test_how_a_case_stood_at_its_birth_comes_before_every_number(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(monkeypatch, OrderBy.SEQUENCE)
    born = begun("PUPR-7", event_type="work_started", raw_status="Dikerjakan")
    hear(world, born, party_=PUPR)
    hear(world, said("leg_put_on_hold", 5, "PUPR-7", sequence=2), party_=PUPR)

    assert leg_status(world) == "on_hold"
    assert world.violated() == set()


def test_a_number_that_comes_with_the_birth_orders_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted(monkeypatch, OrderBy.SEQUENCE)
    given = {"event_type": "work_started", "raw_status": "Dikerjakan"}
    hear(world, begun("PUPR-7", sequence=3, **given), party_=PUPR)
    hear(world, said("leg_put_on_hold", 5, "PUPR-7", sequence=2), party_=PUPR)
    assert leg_status(world) == "in_progress"

    (row,) = hear(
        world,
        begun("PUPR-7", sequence=4, event_type="leg_put_on_hold", raw_status="Ditunda"),
        party_=PUPR,
    )
    assert row.state == "done"
    assert leg_status(world) == "on_hold"


def test_a_word_without_a_time_counts_from_its_arrival_among_those_with_one(
    world: World,
) -> None:
    hear(world, begun("PUPR-7"), party_=PUPR)
    word = said("work_started", reference="PUPR-7", occurred_at=None)
    (row,) = hear(world, word, party_=PUPR)
    world.move_clock(3600)
    late = (row.received_at - NOON).total_seconds() / 60 + 30
    hear(world, said("leg_put_on_hold", late, "PUPR-7"), party_=PUPR)

    assert leg_status(world) == "on_hold"
    assert world.violated() == set()


def test_what_a_comparison_let_in_stands_behind_the_numbers_before_it_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Asking.manifests.fget  # type: ignore[attr-defined]

    def manifests(self: Asking) -> dict[str, AgencyManifest]:
        return {
            name: one.model_copy(update={"order_by": OrderBy.SEQUENCE})
            for name, one in made(self).items()
        }

    monkeypatch.setattr(asking.Asking, "manifests", property(manifests))
    world.register()
    world.hand_over(PUPR, "PUPR-26-1")
    view = AgencyView(
        reference="PUPR-26-1", event_type="work_started", raw_status="Dikerjakan"
    )
    can = Capabilities(polls="feed", snapshots="cases")
    feed = Feed(
        said=[asking.word(1, "acknowledged", sequence=1)],
        views=[view],
        capabilities=can,
    )
    asks = Asking(world, {PUPR: feed})
    asks.poll()
    asks.hear()
    assert asks.heal() == ["its word in_progress comes in"]
    asks.hear()
    assert world.row(t.legs, agency=PUPR).status == "in_progress"

    feed.said += [asking.word(2, "leg_put_on_hold", sequence=2)]
    asks.wait()
    asks.poll()
    asks.hear()
    assert world.row(t.legs, agency=PUPR).status == "on_hold"
    assert world.violated() == set()
