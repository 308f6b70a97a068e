"""Every interleaving of two workers, with everything that may go wrong at every step.

What decides is the hub's own pure code (delivery, settlement, fold, who is told); the
model has the transactions, leases and hints around it. `SIMPUL_MODEL_FAULTS` says how
many things go wrong in one life: deaths, slow holders, lost requests and replies,
stale look-ups, refusals.
"""

import os

import pytest

from connectors.contract import Capabilities
from schemas.parties import PartyKind
from tests.unit.small_model import mistakes
from tests.unit.small_model.place import BrokenError, Party
from tests.unit.small_model.rules import Rules
from tests.unit.small_model.search import Found, search
from tests.unit.small_model.stories import FINE, WIDE, A, B, Plot
from tests.unit.small_model.world import World

pytestmark = pytest.mark.slow

FAULTS = int(os.environ.get("SIMPUL_MODEL_FAULTS", "2"))
KEY = Capabilities(honours_key=True)
LOOK_UP = Capabilities(finds=True)
NEITHER = Capabilities()
CHANNEL = Party(
    "reporter:email",
    Capabilities(submits=False, resends_once=True),
    PartyKind.REPORTER,
)
Pair = tuple[Party, Party]


def pair(of_a: Capabilities, of_b: Capabilities) -> Pair:
    return Party(A, of_a), Party(B, of_b)


PAIRS = {
    "key and look-up": pair(KEY, LOOK_UP),
    "look-up and neither": pair(LOOK_UP, NEITHER),
    "neither and key": pair(NEITHER, KEY),
    "key and reporter": (Party(A, KEY), CHANNEL),
}


def searched(plot: Plot, parties: Pair, faults: int) -> Found:
    found = search(World(plot, Rules, parties, faults))
    print(f"{found.states} states, {found.steps} steps, {found.ends} ends")  # noqa: T201 - how much was seen
    return found


@pytest.mark.parametrize("parties", list(PAIRS)[:3])
def test_two_complaints_two_agencies_two_workers_keep_every_promise(
    parties: str,
) -> None:
    found = searched(WIDE, PAIRS[parties], FAULTS)

    assert found.states > 50_000
    assert found.ends > 1


@pytest.mark.parametrize("parties", PAIRS)
def test_lost_and_doubled_hints_and_updates_change_nothing(parties: str) -> None:
    found = searched(FINE, PAIRS[parties], FAULTS - 1)

    assert found.states > 5_000


def test_where_nothing_goes_wrong_there_is_one_end() -> None:
    assert searched(WIDE, PAIRS["key and look-up"], 0).ends == 1


@pytest.mark.parametrize(
    ("rules", "plot", "parties", "told"),
    [
        (mistakes.HearsWhoeverSpeaks, WIDE, "look-up and neither", "refused, but"),
        (mistakes.CallsAfterItsLease, WIDE, "key and look-up", "refused, but"),
        (mistakes.CallsWithoutCommit, WIDE, "look-up and neither", "told 2 times"),
        (mistakes.TakesLostCallsForNone, WIDE, "key and look-up", "told 2 times"),
        (mistakes.LeasesWhileACallIsOpen, WIDE, "neither and key", "again by itself"),
        (mistakes.MakesANewKeyForEveryTry, WIDE, "neither and key", "told 2 times"),
        (mistakes.BelievesOneLookUp, WIDE, "key and look-up", "told 2 times"),
        (mistakes.TriesTheUnknownAgain, WIDE, "neither and key", "told 2 times"),
        (mistakes.TriesTheUnknownAgain, FINE, "key and reporter", "refused, but"),
        (mistakes.GoesOnAfterAFailure, WIDE, "key and look-up", "passed over"),
        (mistakes.NeverSweeps, FINE, "key and look-up", "never comes to an end"),
        (mistakes.KeepsRepetitions, FINE, "key and look-up", "order of arrival"),
    ],
)
def test_the_model_sees_a_hub_with_one_mistake(
    rules: type[mistakes.Mistaken], plot: Plot, parties: str, told: str
) -> None:
    with pytest.raises(BrokenError, match=told):
        search(World(plot, rules, PAIRS[parties], rules.faults))
