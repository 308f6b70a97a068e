"""What must hold of one cursor in every state, over every step, and at the end."""

from hub.domain.delivery import CursorState, DeadKind
from tests.unit.small_model.place import Lease, Place, require


def judge(place: Place) -> None:
    """Judge one cursor with its party; raises BrokenError."""
    _judge_effects(place)
    _judge_order(place)
    _judge_cursor(place)
    for kind, first, last in place.letters:
        done = [seq for seq in place.told if first <= seq <= last]
        known = kind is DeadKind.HELD or not done
        require(known, f"{kind}, but it was done: {done}")


def _judge_effects(place: Place) -> None:
    most = 2 if place.party.can.resends_once else 1
    for seq in place.told:
        times = place.told.count(seq)
        require(times <= most, f"event {seq} was told {times} times")


def _judge_order(place: Place) -> None:
    heard = list(dict.fromkeys(place.told))
    require(heard == sorted(heard), f"told in the order {heard}")
    aside = {s for _, first, last in place.letters for s in range(first, last + 1)}
    for seq in heard:
        missed = {s for s in place.wanted if s < seq} - set(heard) - aside
        require(not missed, f"{seq} was told before {sorted(missed)}")


def _judge_cursor(place: Place) -> None:
    cursor = place.cursor
    lags = cursor.delivered_seq < cursor.target_seq
    require(lags or cursor.delivered_seq == cursor.target_seq, "beyond its target")
    stopped = cursor.state in {CursorState.HELD, CursorState.PARKED}
    require(place.letters or not stopped, f"{cursor.state}, and no letter says so")
    require(stopped or place.is_due or not lags, "it lags, and is never due")
    require(stopped or lags or not place.is_due, "it is in step, and due")
    vanished = {s for s in place.wanted if s <= cursor.delivered_seq}
    vanished -= set(place.told)
    for _, first, last in place.letters:
        vanished -= set(range(first, last + 1))
    require(not vanished, f"passed over, and nobody is told: {sorted(vanished)}")


def judge_step(before: Place, after: Place) -> None:
    """Judge one step; raises BrokenError."""
    goes_on = after.cursor.delivered_seq >= before.cursor.delivered_seq
    require(goes_on, "the cursor went back")
    require(after.epoch >= before.epoch, "an epoch went back")
    kept = after.effects[: len(before.effects)] == before.effects
    require(kept, "an effect was taken back")


def judge_end(place: Place) -> None:
    """Judge one cursor when nothing can happen any more; raises BrokenError."""
    is_free = place.lease is Lease.FREE and not place.is_open
    require(is_free, "a call is open, and nobody makes it")
    behind = place.cursor.state is not CursorState.ACTIVE
    aside = {s for _, first, last in place.letters for s in range(first, last + 1)}
    for seq in place.wanted:
        past = seq > place.cursor.delivered_seq
        accounted = seq in place.told or seq in aside or (behind and past)
        require(accounted, f"event {seq} vanished")
