"""What both fault runs share: how long they are, and the kills at every point."""

import os
import random
from collections.abc import Mapping, Sequence

from hub.simulator.faults import Fault
from tests.faults import strikes
from tests.faults.fleet import Fleet
from tests.faults.verdict import Judge

LONG = "SIMPUL_FAULT_ROUNDS" in os.environ
"""`make faults` sets it; `make test` runs the short form."""
KILLS_AT_POINT, KILLS_AT_RANDOM = (2, 4) if LONG else (1, 1)
"""All of `make faults` is to end within half an hour on two cores."""
SHORT_POINTS = (
    "accept.committed",
    "intake.committed",
    "deliver.called",
    "publisher.sent",
    "consumer.handled",
)
NOWHERE = (
    "late_hand_overs.before_commit",
    "late_hand_overs.committed",
    "poll.before_commit",  # its agencies speak by themselves
    "poll.committed",
    "replay.before_commit",  # a command passes it, no process of the hub
    "replay.committed",
)
"""An agency would have to be away for a day."""
Causes = Mapping[str, strikes.Cause]

LETTERS = 12
"""Complaints sent through each fault."""
IN_STEP_SECONDS_MAX = 120
MIX = {
    Fault.TIMEOUT_AFTER_COMMIT: 0.02,
    Fault.RESET_AFTER_COMMIT: 0.03,
    Fault.ERROR_500: 0.03,
    Fault.UNAVAILABLE_503: 0.03,
}


def kill_at_points(
    fleet: Fleet,
    judge: Judge,
    dice: random.Random,
    points: Sequence[str],
    causes: Causes,
) -> None:
    """Kill at each point in turn, then at random instants.

    `causes` says by the first part of a point's name what leads there beside letters.
    """
    for point in points:
        cause = causes.get(point.partition(".")[0])
        for time in range(KILLS_AT_POINT):
            # The first passing of a batch, which never fails to come, and another.
            nth = 1 if cause or not time else dice.choice((1, 2, 5))
            strike = strikes.at_point(fleet, point, nth, cause)
            letters = LETTERS if cause else LETTERS // 2
            before = cause.before if cause else None
            judge.through(f"kill at {point}", letters, strike, before=before)
    for _ in range(KILLS_AT_RANDOM):
        strike = strikes.killed_at_random(fleet, dice)
        judge.through("kill at random", LETTERS, strike)


def passed(fleet: Fleet, points: Sequence[str]) -> str:
    """Write how often every point was passed, and how often processes started."""
    hits = fleet.hits()
    lines = [f"{point:<26}{hits.get(point, 0):>8}" for point in points]
    starts = sum(worker.starts for worker in fleet.workers)
    return "\n".join(["passed points", *lines, f"process starts {starts}"])


def assert_nothing_wrong(judge: Judge) -> None:
    """Fail unless all records agree and every fault happened without a loss."""
    wrong = judge.final()
    lines = judge.lines.values()

    assert wrong == []
    assert {line.fault: line.lost for line in lines if line.lost} == {}
    assert [line.fault for line in lines if line.doubled] == []
    assert judge.doubled() == []
    assert [line.fault for line in lines if not line.times] == []
