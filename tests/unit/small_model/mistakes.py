"""Hubs with one mistake each; the model has to see every one of them."""

from dataclasses import replace

from connectors.contract import NotFound
from connectors.errors import OutcomeUnknown, Retryable
from hub.domain.delivery import Cursor, Plan, Step
from hub.domain.settlement import Ground, Outcome, Settlement
from tests.unit.small_model.place import Hold, Lease, Place
from tests.unit.small_model.rules import Rules


class Mistaken(Rules):
    """Its mistake shows when so many things go wrong."""

    faults = 2


class HearsWhoeverSpeaks(Mistaken):
    """An outcome is written although its lease is another's by now."""

    def may_settle(self, place: Place, hold: Hold) -> bool:
        return True


class CallsAfterItsLease(Mistaken):
    """A call is made although its lease ran out while it was prepared."""

    def may_call(self, place: Place, hold: Hold) -> bool:
        return True


class CallsWithoutCommit(Mistaken):
    """Nobody can know of a call whose worker died."""

    commits_its_calls = False


class TakesLostCallsForNone(Mistaken):
    """What a dead worker called is called again at once."""

    def of_a_lost_call(self) -> Outcome:
        return Retryable("the lease ran out")


class LeasesWhileACallIsOpen(Mistaken):
    """A lost call is not looked into before the next one."""

    def may_lease(self, place: Place) -> bool:
        return place.lease is not Lease.HELD


class MakesANewKeyForEveryTry(Mistaken):
    """What was unknown is sent again under another key."""

    def key(self, cursor: Cursor, chosen: Plan, seqs: tuple[int, ...]) -> str:
        anew = replace(cursor, sending_key="", generation=int(cursor.unsure))
        return super().key(anew, chosen, seqs)


class BelievesOneLookUp(Mistaken):
    """It is sent again after one look-up that found nothing."""

    def settlement(self, ground: Ground, outcome: Outcome) -> Settlement:
        found = super().settlement(ground, outcome)
        if isinstance(outcome, NotFound):
            return replace(found, step=Step.CALL, due_in_seconds=0)
        return found


class TriesTheUnknownAgain(Mistaken):
    """What nobody can know is taken for not done."""

    def settlement(self, ground: Ground, outcome: Outcome) -> Settlement:
        if isinstance(outcome, OutcomeUnknown):
            outcome = Retryable("timed out")
        return super().settlement(ground, outcome)


class GoesOnAfterAFailure(Mistaken):
    """A failed event is passed over."""

    def settlement(self, ground: Ground, outcome: Outcome) -> Settlement:
        found = super().settlement(ground, outcome)
        if isinstance(outcome, Retryable):
            return replace(found, forward_to=ground.plan.to_seq, reference="REF")
        return found


class NeverSweeps(Mistaken):
    """A lost hint is lost."""

    sweeps = False
    faults = 0


class KeepsRepetitions(Mistaken):
    """An update that comes by two ways is appended twice."""

    dedupes = False
    faults = 0
