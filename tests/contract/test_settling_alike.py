"""Outcomes settled together leave the rows that they leave one after the other.

Twins: what happens to the complaints of one agency in groups happens to those of
another one by one; then everything but ids, times and ciphertext must be the same.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import (
    CannotTell,
    Capabilities,
    Done,
    Found,
    NotFound,
    Pending,
    Skipped,
)
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from hub.database import tables as t
from hub.domain.delivery import Plan, PlanKind, Step
from hub.domain.settlement import Outcome
from hub.ports import Ended, Lease
from tests.contract.builders import (
    DINKES,
    FINDS,
    HONOURS_KEY,
    LIMITS,
    NEITHER,
    PUPR,
    by_action,
    delivery,
    reply,
    settlement,
)
from tests.contract.world import Known, World

COMPLAINTS = 4
TOO_OLD = LIMITS.give_up_after_seconds + 1
HOUR = 3600.0
OUTCOMES: dict[str, Outcome] = {
    "done": Done(reference="REF", response=b"ya"),
    "without a reference": Done(),
    "pending": Pending(progress=b"langkah", poll_after_seconds=5),
    "skipped": Skipped(why="not taken"),
    "found": Found(reference="REF"),
    "not found": NotFound(),
    "cannot tell": CannotTell(why="a page"),
    "retry": Retryable("503", fingerprint="503"),
    "throttled": Retryable("429", after_seconds=20, throttled=True),
    "unknown": OutcomeUnknown("reset"),
    "refused": Refused("422", fingerprint="422"),
    "misconfigured": Misconfigured("401"),
}
USUAL = ["done", "done", "skipped", "retry", *OUTCOMES]


@dataclass(frozen=True)
class Turn:
    """What happens to one complaint in one round."""

    outcome: str
    can: Capabilities
    is_old: bool
    is_lost: bool
    """Somebody else takes its lease over meanwhile."""
    replies: int
    """Events that come during the call."""


TURNS = st.builds(
    Turn,
    st.sampled_from(USUAL),
    st.sampled_from([NEITHER, HONOURS_KEY, FINDS]),
    is_old=st.sampled_from([False, False, False, True]),
    is_lost=st.sampled_from([False, False, False, False, True]),
    replies=st.sampled_from([0, 0, 1, 2]),
)
ROUNDS = st.lists(
    st.tuples(
        st.lists(TURNS, min_size=COMPLAINTS, max_size=COMPLAINTS),
        st.permutations(range(COMPLAINTS)),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
_examples = count()


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rounds=ROUNDS)
def test_a_group_leaves_the_same_rows_as_one_after_the_other(
    world: World, rounds: list[tuple[list[Turn], list[int], bool]]
) -> None:
    _rest(world)
    example = next(_examples)
    twins = {
        party: [
            world.register(f"{example}-{party}-{n}", agencies=(party,))
            for n in range(COMPLAINTS)
        ]
        for party in (PUPR, DINKES)
    }
    for turns, order, asks_again in rounds:
        together = _play(world, PUPR, twins[PUPR], turns, order)
        kept = world.store.cursors.settle(together)
        alone = _play(world, DINKES, twins[DINKES], turns, order)
        kept_alone = [world.store.cursors.settle([ended])[0] for ended in alone]
        assert kept == kept_alone
        _compare(world, twins)
        if asks_again:
            letters = [row.id for row in world.rows(t.dead_letters, state="open")]
            world.store.operations.retry(letters, "operator", "mended")
        for party in (PUPR, DINKES):
            world.store.parties.resume(party, "operator", "go on")
        world.move_clock(HOUR)
    assert world.violated() == set()


def _rest(world: World) -> None:
    """Let earlier examples rest: nothing of theirs is due, and no party remembers."""
    ended = {"state": "ended", "due_at": None, "lease_until": None}
    world.write(sa.update(t.cursors).values(**ended, sending_open=False))
    world.write(sa.update(t.dead_letters).values(state="discarded"))
    for party in (PUPR, DINKES):
        world.store.parties.resume(party, "operator", "anew")


def _play(
    world: World, party: str, knowns: list[Known], turns: list[Turn], order: list[int]
) -> list[Ended]:
    """Call what is due of one party; returns how the calls ended, in some order."""
    leases = {x.cursor.complaint_id: x for x in world.leases(party, slots=50)}
    group = []
    for n in order:
        known, turn, lease = knowns[n], turns[n], leases.get(knowns[n].id)
        if lease is None:
            continue
        plan = _plan(lease)
        attempt = None
        if plan.kind is not PlanKind.ADVANCE:
            sent = delivery(lease, lease.cursor.sending_key or f"key-{n}")
            attempt = world.send(lease, plan, sent, 1.0)
        for _ in range(turn.replies):
            world.append(known, by_action(reply("", known.reporter_id)))
        if turn.is_lost:
            c = t.cursors.c
            mine = (c.complaint_id == known.id, c.party == party)
            world.write(
                sa.update(t.cursors).where(*mine).values(lease_epoch=c.lease_epoch + 1)
            )
        age = TOO_OLD if turn.is_old else 0.0
        outcome = OUTCOMES[turn.outcome]
        found = settlement(lease, plan, outcome, turn.can, age=age)
        group.append(Ended(lease, plan, found, attempt))
    return group


def _plan(lease: Lease) -> Plan:
    cursor = lease.cursor
    if cursor.sending_to_seq is not None and cursor.sending_from_seq is not None:
        kind = PlanKind.SEND if cursor.reference else PlanKind.SUBMIT
        if cursor.sending_step is Step.FIND:
            kind = PlanKind.FIND
        return Plan(kind, cursor.sending_from_seq, cursor.sending_to_seq, frozen=True)
    if cursor.dead_letter_seq is not None:
        seq = cursor.dead_letter_seq
        return Plan(PlanKind.DEAD_LETTER, seq, seq)
    first = cursor.delivered_seq + 1
    if first > cursor.target_seq:
        return Plan(PlanKind.ADVANCE, first, cursor.target_seq)
    kind = PlanKind.SEND if cursor.reference else PlanKind.SUBMIT
    return Plan(kind, first, first)


def _compare(world: World, twins: dict[str, list[Known]]) -> None:
    for one, other in zip(twins[PUPR], twins[DINKES], strict=True):
        together = _everything(world, one, PUPR)
        alone = _everything(world, other, DINKES)
        assert together == alone
    parties = [world.row(t.parties, party=party) for party in (PUPR, DINKES)]
    assert _plain(parties[0], PUPR) == _plain(parties[1], DINKES)


def _everything(world: World, known: Known, party: str) -> dict[str, Any]:
    tables = {
        t.complaints: "id",
        t.log: "complaint_id",
        t.legs: "complaint_id",
        t.cursors: "complaint_id",
        t.dead_letters: "complaint_id",
        t.attempts: "subject_id",
    }
    found: dict[str, Any] = {
        table.name: [_plain(r, party) for r in world.rows(table, **{key: known.id})]
        for table, key in tables.items()
    }
    found["due in"] = _due_in(world, known, party)
    return found


def _plain(row: Any, party: str) -> dict[str, Any]:
    """Leave out ids, instants and ciphertext, but tell whether they are there."""
    return {name: _shown(name, value, party) for name, value in row._mapping.items()}


_DRAWN = ("id", "code", "public_number", "recipient", "tokens", "by", "text_mark")
_MEASURED = ("party_stopped_s", "stopped_s")


def _shown(name: str, value: Any, party: str) -> Any:
    if name in _MEASURED:
        return round(value / HOUR)
    drawn = name in _DRAWN or name.endswith(("_id", "_at", "_until", "_since"))
    if drawn or isinstance(value, bytes):
        return value is not None
    return _without(value, party)


def _without(value: Any, party: str) -> Any:
    if isinstance(value, str):
        return value.replace(party, "it").replace(f"deliver.{party}", "its lane")
    if isinstance(value, dict):
        return {
            k: _without(v, party)
            for k, v in value.items()
            if k not in _DRAWN and not k.endswith("_id")
        } | {"keys": len(value)}
    return value


def _due_in(world: World, known: Known, party: str) -> list[float]:
    """Whole seconds between the last outcome and the next try."""
    due = world.cursor(known, party).due_at
    ended = [r.ended_at for r in world.rows(t.attempts, subject_id=known.id)]
    last = max((at for at in ended if at is not None), default=None)
    if due is None or last is None:
        return []
    return [max(0.0, round((due - last).total_seconds()))]
