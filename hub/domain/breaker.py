"""How fast, and whether at all, a party is called: breaker, bucket, pause, slow start.

The state lives in the database, so all workers share it and operators see it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hub.domain.settlement import SAME_REFUSALS_BEFORE_PAUSE, PartySignal

OPEN_DOUBLINGS_MAX = 4
"""The breaker stays open up to 16 times its first span."""


class PartyState(StrEnum):
    """Whether a party's cursors are driven."""

    ACTIVE = "active"
    PAUSED = "paused"


class Breaker(StrEnum):
    """Closed lets calls through, open none, half-open one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Party:
    """A party's run-time state."""

    party: str
    rate: float
    """Calls a second; also the burst."""
    ramp_seconds: float
    breaker_failures: int
    breaker_open_seconds: float
    state: PartyState = PartyState.ACTIVE
    why: str = ""
    breaker: Breaker = Breaker.CLOSED
    failures: int = 0
    open_count: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    throttled_until: datetime | None = None
    tokens: float = 0.0
    tokens_at: datetime | None = None
    ramp_until: datetime | None = None
    stopped_seconds: float = 0.0
    stopped_since: datetime | None = None
    same_refusals: int = 0
    last_fingerprint: str = ""
    last_success_at: datetime | None = None

    @property
    def is_stopped(self) -> bool:
        """True while ages of failures stand still."""
        return self.state is PartyState.PAUSED or self.breaker is not Breaker.CLOSED

    def stopped_at(self, now: datetime) -> float:
        """Sum up all pauses and open breakers until now, in seconds."""
        running = (
            (now - self.stopped_since).total_seconds() if self.stopped_since else 0.0
        )
        return self.stopped_seconds + max(0.0, running)


def permits(
    party: Party, wanted: int, now: datetime, probe_seconds: float
) -> tuple[int, Party]:
    """Grant up to `wanted` calls now; tokens are taken, a probe is marked."""
    if wanted <= 0 or party.state is PartyState.PAUSED:
        return 0, party
    if party.throttled_until is not None and now < party.throttled_until:
        return 0, party
    if party.breaker is not Breaker.CLOSED:
        return _probe(party, now, probe_seconds)
    rate = _ramped_rate(party, now)
    burst = max(1.0, rate)
    filled = (
        burst if party.tokens_at is None else party.tokens + rate * _since(party, now)
    )
    filled = min(burst, filled)
    granted = min(wanted, int(filled))
    return granted, replace(party, tokens=filled - granted, tokens_at=now)


def next_permit_at(party: Party, now: datetime) -> datetime | None:
    """Say when asking again is worth while; None while an operator must act."""
    if party.state is PartyState.PAUSED:
        return None
    if party.throttled_until is not None and now < party.throttled_until:
        return party.throttled_until
    if party.breaker is not Breaker.CLOSED:
        waits = [at for at in (party.open_until, party.probe_until) if at and at > now]
        return min(waits) if waits else now
    rate = _ramped_rate(party, now)
    return now + timedelta(seconds=max(0.0, 1.0 - party.tokens) / rate)


def _probe(party: Party, now: datetime, probe_seconds: float) -> tuple[int, Party]:
    if party.open_until is not None and now < party.open_until:
        return 0, party
    if party.probe_until is not None and now < party.probe_until:
        return 0, party
    until = now + timedelta(seconds=probe_seconds)
    return 1, replace(party, breaker=Breaker.HALF_OPEN, probe_until=until)


def _since(party: Party, now: datetime) -> float:
    return max(0.0, (now - party.tokens_at).total_seconds()) if party.tokens_at else 0.0


def _ramped_rate(party: Party, now: datetime) -> float:
    if party.ramp_until is None or now >= party.ramp_until or party.ramp_seconds <= 0:
        return party.rate
    left = (party.ramp_until - now).total_seconds() / party.ramp_seconds
    return max(min(1.0, party.rate), party.rate * (1.0 - left))


def report(
    party: Party,
    signal: PartySignal,
    now: datetime,
    *,
    why: str = "",
    fingerprint: str = "",
    wait_seconds: float = 0.0,
) -> Party:
    """Take the outcome of one call into account."""
    match signal:
        case PartySignal.NONE:
            return party
        case PartySignal.HEALTHY:
            return _healthy(party, now)
        case PartySignal.FAILING:
            return _failing(party, now)
        case PartySignal.THROTTLED:
            until = now + timedelta(seconds=wait_seconds)
            until = max(until, party.throttled_until or until)
            return replace(_answered(party, now), throttled_until=until)
        case PartySignal.REFUSING:
            return _refusing(party, now, why, fingerprint)
        case PartySignal.MISCONFIGURED:
            return pause(party, now, why)


def _answered(party: Party, now: datetime) -> Party:
    """Close the breaker of a reachable party, with a slow start."""
    if party.breaker is Breaker.CLOSED:
        return replace(party, failures=0)
    reopened = replace(
        party,
        breaker=Breaker.CLOSED,
        failures=0,
        open_count=0,
        open_until=None,
        probe_until=None,
        tokens=0.0,
        tokens_at=now,
        ramp_until=now + timedelta(seconds=party.ramp_seconds),
    )
    return _clocked(party, reopened, now)


def _healthy(party: Party, now: datetime) -> Party:
    found = _answered(party, now)
    return replace(found, same_refusals=0, last_fingerprint="", last_success_at=now)


def _failing(party: Party, now: datetime) -> Party:
    failures = party.failures + 1
    probing = party.breaker is Breaker.HALF_OPEN
    if not probing and (
        party.breaker is Breaker.OPEN or failures < party.breaker_failures
    ):
        return replace(party, failures=failures)
    doublings = min(party.open_count, OPEN_DOUBLINGS_MAX)
    span = party.breaker_open_seconds * 2.0**doublings
    opened = replace(
        party,
        breaker=Breaker.OPEN,
        failures=failures,
        open_count=party.open_count + 1,
        open_until=now + timedelta(seconds=span),
        probe_until=None,
    )
    return _clocked(party, opened, now)


def _refusing(party: Party, now: datetime, why: str, fingerprint: str) -> Party:
    same = party.same_refusals + 1 if fingerprint == party.last_fingerprint else 1
    found = replace(
        _answered(party, now), same_refusals=same, last_fingerprint=fingerprint
    )
    if same >= SAME_REFUSALS_BEFORE_PAUSE:
        return pause(found, now, f"{same} equal refusals in a row: {why}")
    return found


def pause(party: Party, now: datetime, why: str) -> Party:
    """Stop driving the party's cursors; nothing is burnt."""
    return _clocked(party, replace(party, state=PartyState.PAUSED, why=why), now)


def resume(party: Party, now: datetime) -> Party:
    """Drive them again, with a slow start."""
    resumed = replace(
        party,
        state=PartyState.ACTIVE,
        why="",
        breaker=Breaker.CLOSED,
        failures=0,
        open_count=0,
        open_until=None,
        probe_until=None,
        throttled_until=None,
        same_refusals=0,
        last_fingerprint="",
        tokens=0.0,
        tokens_at=now,
        ramp_until=now + timedelta(seconds=party.ramp_seconds),
    )
    return _clocked(party, resumed, now)


def _clocked(before: Party, after: Party, now: datetime) -> Party:
    """Keep the sum of stopped time right over a change."""
    if before.is_stopped == after.is_stopped:
        return after
    if after.is_stopped:
        return replace(after, stopped_since=now)
    return replace(after, stopped_seconds=before.stopped_at(now), stopped_since=None)
