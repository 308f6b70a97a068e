"""Reconciliation: an agency's view of its cases is compared with ours, and healed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Page, System
from connectors.errors import ConnectorError, Misconfigured, Retryable
from hub import telemetry
from hub.domain.drift import Drift, DriftKind, OurCase, compare, judged, strangers
from hub.domain.polling import next_turn_seconds
from hub.ports import Drifts, Failure, Sources, Turn
from hub.stages.poll import LEASE_DEADLINES, Asked
from schemas.agency import AgencyManifest
from schemas.updates import AgencyView

READ_AT_ONCE = 1000
"""Cases that are read in one transaction."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One question to an agency's system, and what differs."""

    cases: Sequence[OurCase]
    drifts: Sequence[Drift]
    last: str
    """The complaint that was compared last; empty: that was all."""
    is_whole: bool
    """All that the system has was compared."""


class Reconcile:
    """Compares; what heals is done on demand only, by `Drifts.heal`."""

    def __init__(
        self,
        drifts: Drifts,
        sources: Sources,
        systems: Mapping[str, System],
        agencies: Mapping[str, AgencyManifest],
        chance: Callable[[], float],
        slack_seconds: float,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._drifts = drifts
        self._sources = sources
        self._systems = systems
        self._agencies = agencies
        self._chance = chance
        self._slack_seconds = slack_seconds
        self._is_stopping = is_stopping

    # on the schedule

    def __call__(self, source_id: str, agency: str) -> Asked:
        """Compare some cases; the next turn goes on behind them.

        Every question takes a permit of its party's. Raises ConnectionError when the
        database is away.
        """
        manifest = self._agencies[agency]
        deadline = manifest.limits.deadline_seconds
        ttl = LEASE_DEADLINES * deadline + self._slack_seconds
        turn = self._sources.lease(source_id, ttl)
        for number in range(1, manifest.poll.pages_max + 1):
            if turn is None:
                break
            after = (turn.checkpoint or b"").decode()
            found = self._answered(turn, agency, after)
            if found is None:
                break
            is_last = self._is_stopping() or number == manifest.poll.pages_max
            page = Page(raws=(), checkpoint=found.last.encode(), more=bool(found.last))
            wait = 0.0 if is_last else None
            if not found.last:
                wait = next_turn_seconds(turn.every_seconds, 0, self._chance())
            kept = self._sources.keep(turn, page, wait, ttl)
            if page.more and is_last:
                return Asked(goes_on=not self._is_stopping())
            turn = kept.turn
        return Asked()

    def _answered(self, turn: Turn, agency: str, after: str) -> Compared | None:
        try:
            found = self._compare(agency, after)
        except ConnectorError as error:
            self._failed(turn, error)
            return None
        self.record(agency, found)
        return found

    def _failed(self, turn: Turn, error: ConnectorError) -> None:
        after = error.after_seconds if isinstance(error, Retryable) else None
        throttled = isinstance(error, Retryable) and error.throttled
        # A day would be long: what fails is tried again like updates are.
        every = min(turn.every_seconds, self._agencies[turn.party].poll.every_seconds)
        wait = next_turn_seconds(every, turn.failures + 1, self._chance(), after)
        failure = Failure(
            error.why,
            wait,
            is_misconfigured=isinstance(error, Misconfigured),
            throttled_seconds=(wait if after is None else after) if throttled else None,
        )
        if not self._sources.fail(turn, failure):
            return
        if failure.is_misconfigured:
            telemetry.log.error(
                "source_misconfigured", agency=turn.party, why=error.why
            )
        else:
            telemetry.log.warning("snapshot_failed", agency=turn.party, why=error.why)

    # on demand

    def whole(self, agency: str) -> Iterator[Compared]:
        """Compare every case, question by question; writes nothing.

        Raises the errors of `connectors.errors`.
        """
        after = ""
        while True:
            found = self._compare(agency, after)
            yield found
            if not found.last:
                return
            after = found.last

    def record(self, agency: str, found: Compared) -> None:
        """Note what differs, and forget what agrees by now.

        Of what is still on its way to the agency nothing is forgotten: nor that it was
        healed before.
        """
        compared = [
            (case.complaint_id, case.assignment_no)
            for case in found.cases
            if not case.is_behind
        ]
        self._drifts.record(agency, compared, found.drifts, is_whole=found.is_whole)
        if found.drifts:
            kinds = [one.kind for one in found.drifts]
            counts = {kind: kinds.count(kind) for kind in DriftKind if kind in kinds}
            telemetry.log.warning(
                "drift_found", agency=agency, compared=len(found.cases), **counts
            )

    def _compare(self, agency: str, after: str) -> Compared:
        system = self._systems[agency]
        can = system.capabilities
        if can.snapshots == "all":
            cases, last = self._all_cases(agency), ""
        else:
            limit = self._agencies[agency].reconcile.cases_max
            cases = self._drifts.cases(agency, after, limit)
            last = cases[-1].complaint_id if len(cases) == limit else ""
        views: tuple[AgencyView, ...] = ()
        if cases or can.snapshots == "all":
            views = self._views(agency, [case.reference for case in cases])
        found = compare(cases, views)
        if can.snapshots == "all":
            ours = {case.reference for case in cases}
            others = [v for v in views if v.reference not in ours]
            known = self._drifts.known(agency, [v.reference for v in others])
            keys = [v.key for v in others if v.key]
            handed_over = self._drifts.handed_over(agency, keys)
            found += strangers(others, known, handed_over)
        differing = [
            one.complaint_id for one in found if one.kind is DriftKind.DIFFERENT_STATUS
        ]
        logs = self._drifts.events(differing)
        weighed = [
            judged(one, logs.get(one.complaint_id, ()), agency, can) for one in found
        ]
        drifts = self._drifts.tempered(agency, [one for one in weighed if one])
        return Compared(cases, drifts, last, is_whole=can.snapshots == "all")

    def _views(self, agency: str, references: Sequence[str]) -> tuple[AgencyView, ...]:
        try:
            return tuple(self._systems[agency].snapshot(references))
        except ConnectorError:
            raise
        except Exception as error:
            telemetry.log.error("snapshot_broke", agency=agency, error=error)
            why = f"its reader failed with {type(error).__name__}; see the log"
            raise Retryable(why) from error

    def _all_cases(self, agency: str) -> list[OurCase]:
        cases: list[OurCase] = []
        after = ""
        while some := self._drifts.cases(agency, after, READ_AT_ONCE):
            cases += some
            after = some[-1].complaint_id
        return cases
