"""What a delivery does with attachments: each goes along, is linked, or is mentioned.

Asked for one call only, by the thread that makes it: files are large, and most
deliveries have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.contract import Delivery, Done, File, FileOutcome, Pending, Skipped
from hub.domain.attachments import (
    FileFacts,
    FileState,
    Lack,
    Shown,
    Terms,
    link_ends,
    way_of,
)
from hub.domain.delivery import DeadKind, PlanKind, is_handed_over
from hub.domain.links import Link, token_of
from hub.domain.settlement import Outcome, Settlement
from hub.ports import Cursors, FileSent, KeptFile, Sending
from hub.stages.composing import Way, covered
from hub.stages.mentioning import mention
from schemas.parties import PartyKind

FILES_PATH = "/files/"
"""Where the web door gives files out; the token follows."""


@dataclass(frozen=True, slots=True)
class Links:
    """How links to attachments are made."""

    public_url: str = ""
    """Where the web door is reached; empty: no links."""
    days: int = 14


@dataclass(frozen=True, slots=True)
class _Planned:
    file: KeptFile
    state: FileState
    lack: Lack | None

    @property
    def is_told(self) -> bool:
        """True where the party is told that there is one."""
        return self.state in {FileState.LINKED, FileState.MENTIONED}


@dataclass(frozen=True, slots=True)
class Attached:
    """A delivery as it is sent, and what it does with each attachment."""

    delivery: Delivery
    planned: Sequence[_Planned] = field(default=(), repr=False)


class Attacher:
    """Adds attachments to deliveries, each in the way that its party can take."""

    def __init__(self, cursors: Cursors, links: Links) -> None:
        self._cursors = cursors
        self._links = links

    def attach(self, sending: Sending, way: Way) -> Attached:
        """Add what goes with a delivery; nothing is read where the log names none.

        The same files are planned alike at every repetition of a call.
        """
        seqs = _with_files(sending, way)
        if not seqs:
            return Attached(sending.delivery)
        first = _is_hand_over(sending, way)
        found = self._cursors.files(sending.lease, seqs)
        planned = [self._plan(file, way, hand_over=first) for file in found]
        if not way.can_say_files:
            planned = [*map(_unsaid, planned)]
        if sending.plan.kind is PlanKind.FIND:
            return Attached(sending.delivery, planned)
        delivery = sending.delivery
        uploads = [one.file for one in planned if one.state is FileState.UPLOADED]
        if uploads:
            delivery = delivery.model_copy(update={"files": self._opened(uploads)})
        told = [one for one in planned if one.is_told]
        if not told:
            return Attached(delivery, planned)
        ends = self._ends(sending)
        by_event: dict[str, list[Shown]] = {}
        for one in told:
            shown = self._shown(one, way, ends)
            by_event.setdefault(one.file.event_id, []).append(shown)
        told_of = mention(delivery, by_event, way, hand_over=first)
        return Attached(told_of, planned)

    def _plan(self, file: KeptFile, way: Way, *, hand_over: bool) -> _Planned:
        if "attachments" not in way.allow:
            return _Planned(file, FileState.WITHHELD, Lack.NOT_ALLOWED)
        can = way.target.capabilities.files_after(hand_over=hand_over)
        terms = Terms(can, way.limits, bool(self._links.public_url))
        facts = FileFacts(file.media_type, file.size_bytes, file.blob_id is not None)
        return _Planned(file, *way_of(facts, terms))

    def _opened(self, files: Sequence[KeptFile]) -> tuple[File, ...]:
        contents = self._cursors.contents(files)
        return tuple(
            File(
                name=one.name,
                media_type=one.media_type,
                content=content,
                inline=one.inline,
            )
            for one, content in zip(files, contents, strict=True)
        )

    def _ends(self, sending: Sending) -> datetime:
        """Say when links end: counted from the last event that is told."""
        case, last = sending.case, sending.plan.to_seq
        since = max(e.recorded_at for e in case.events if e.seq <= last)
        ends = link_ends(since, case.read_at, self._links.days)
        return ends.replace(microsecond=0)

    def _shown(self, planned: _Planned, way: Way, ends: datetime) -> Shown:
        file = planned.file
        plain = Shown(file.name, file.media_type, file.size_bytes)
        if planned.state is not FileState.LINKED:
            return plain
        link = Link(file.event_id, file.n, way.party, ends)
        token = token_of(self._cursors.key_secret(), link)
        base = self._links.public_url.rstrip("/")
        return replace(plain, url=f"{base}{FILES_PATH}{token}", ends=ends)


def sent_of(
    attached: Attached, outcome: Outcome, settlement: Settlement
) -> tuple[FileSent, ...]:
    """Say what a party got of each attachment, by how its call ended.

    Nothing where that is not known yet, or the call is tried again.
    """
    planned = attached.planned
    if not planned:
        return ()
    reported = _reported(planned, outcome)
    if settlement.outcome in {"done", "found"}:
        assumed = bool(attached.delivery.progress)
        return tuple(
            reported.get(_place(p.file)) or replace(_as_planned(p), assumed=assumed)
            for p in planned
        )
    if isinstance(outcome, Pending):
        return tuple(reported.values())
    if isinstance(outcome, Skipped):
        return tuple(_not_sent(p, FileState.WITHHELD, Lack.NOT_TOLD) for p in planned)
    if settlement.dead in {DeadKind.REFUSED, DeadKind.GAVE_UP}:
        return tuple(_not_sent(p, FileState.FAILED, settlement.dead) for p in planned)
    return ()


def _with_files(sending: Sending, way: Way) -> list[int]:
    """Name the events of a delivery that have files; a hand-over has the first's."""
    case = sending.case
    having = [e for e in case.events if e.facts.get("attachments")]
    if not having or way.kind is PartyKind.REPORTER:
        return []
    told = {e.seq for e in covered(sending.lease.cursor, way, case, sending.plan)}
    first = _is_hand_over(sending, way)
    return [e.seq for e in having if e.seq in told or (first and e.type == "received")]


def _is_hand_over(sending: Sending, way: Way) -> bool:
    """Tell whether the complaint itself is told, or looked for."""
    kind, cursor = sending.plan.kind, sending.lease.cursor
    if kind is PlanKind.FIND:
        return not is_handed_over(cursor, way.target.capabilities)
    return kind is PlanKind.SUBMIT


def _place(file: KeptFile) -> tuple[str, int]:
    return (file.event_id, file.n)


# what became of them


def _unsaid(planned: _Planned) -> _Planned:
    if not planned.is_told:
        return planned
    return _Planned(planned.file, FileState.WITHHELD, Lack.NO_TEXT)


def _as_planned(planned: _Planned) -> FileSent:
    return FileSent(*_place(planned.file), planned.state, planned.lack or "")


def _not_sent(planned: _Planned, state: FileState, why: str) -> FileSent:
    if planned.state is FileState.WITHHELD:
        return _as_planned(planned)
    return FileSent(*_place(planned.file), state, why)


def _reported(
    planned: Sequence[_Planned], outcome: Outcome
) -> dict[tuple[str, int], FileSent]:
    """Read what the system said of files that were uploaded."""
    if not isinstance(outcome, Done | Pending):
        return {}
    uploads = [one.file for one in planned if one.state is FileState.UPLOADED]
    return {
        _place(uploads[one.file]): _reported_one(uploads[one.file], one)
        for one in outcome.files
        if one.file < len(uploads)
    }


def _reported_one(file: KeptFile, said: FileOutcome) -> FileSent:
    state = FileState.UPLOADED if said.ok else FileState.FAILED
    why = "" if said.ok else said.why or "not_taken"
    return FileSent(*_place(file), state, why, said.remote_ref)
