"""Replay: past messages are read anew, compared with what they became, and applied.

Looking takes no lock and writes nothing. Applying is one transaction for each message,
under the ordinary locks; what is applied does not differ any more, so that a replay
that was ended half way is simply begun again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from connectors.contract import File, Item, Reply
from hub import telemetry
from hub.domain.lifecycle import OPEN
from hub.domain.readings import Became, Kept, Named, Now, meaning
from hub.domain.reread_fields import FLAGS, new_files
from hub.domain.rereading import Change, Verdict, compare
from hub.ports import Cases, Moment, NormaliseError, Normaliser
from hub.ports.again import Past, PastMessages, Which
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName
from schemas.payloads import Corrected, FlagsChanged, Said

ACTIONS = UUID("5b0d1f3e-7c54-4f0e-9a43-0d8f6f1c2a77")
"""With a row and the place of its last correction it names one action."""


class _MovedError(Exception):
    """The complaint is not any more what was compared; nothing changes."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who applies, and why; both are audited."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """One message that was read anew."""

    past: Past
    verdict: Verdict
    now: Now | None = None
    """None where it was not read."""
    files: Sequence[File] = field(default=(), repr=False)
    is_applied: bool = False


class Replay:
    """Reads past messages anew; applies what a mended reader makes of them."""

    def __init__(
        self,
        messages: PastMessages,
        cases: Cases,
        normaliser: Normaliser,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """`pause` is called before each message, and keeps the pace."""
        self._messages = messages
        self._cases = cases
        self._normaliser = normaliser
        self._pause = pause

    def __call__(self, which: Which) -> Iterator[Found]:
        """Compare past messages with what is made of them now; writes nothing."""
        for past in self._messages.past(which):
            self._pause()
            yield self._look(past)

    def _look(self, past: Past) -> Found:
        if past.row.closed:
            return Found(past, Verdict(Change.CLOSED, past.row.closed))
        if past.row.raw is None or past.was is None:
            return Found(past, Verdict(Change.ERASED))
        try:
            items = self._normaliser.run(past.channel, past.row.entry)
        except NormaliseError as error:
            return Found(past, Verdict(Change.READER_FAILED, error.why))
        if not items:
            now = Now(Became.IGNORED, "empty")
            return Found(past, compare(past.was, now), now)
        item = items[0]
        now = meaning(item, self._named(item))
        return Found(past, compare(past.was, now), now, getattr(item, "files", ()))

    def _named(self, item: Item) -> Named | None:
        return self._messages.named(item) if isinstance(item, Reply) else None

    # applying

    def apply(self, found: Found, who: Who) -> Found:
        """Carry out what follows from one message, if anything does.

        Idempotent. Where row or complaint moved meanwhile it stands, with the reason.
        """
        with telemetry.doing("replay"):
            match found.verdict.change:
                case Change.WORK_AGAIN:
                    why = self._work_again(found, who)
                case Change.CORRECT:
                    why = self._correct(found, who)
                case _:
                    return found
        if why:
            stands = replace(found.verdict, change=Change.STANDS, why=why)
            return replace(found, verdict=stands)
        return replace(found, is_applied=True)

    def _work_again(self, found: Found, who: Who) -> str:
        done = self._messages.work_again(found.past, who.by, who.reason)
        return "" if done else "its row moved meanwhile"

    def _correct(self, found: Found, who: Who) -> str:
        was = found.past.was
        if was is None or was.kept is None:
            return "nothing is kept of it"
        kept = was.kept
        files = new_files(kept, found.files)

        def decide(now: Moment) -> Sequence[NewEvent]:
            _check(now, was.what, kept)
            return _events(found, was.what, kept, _Frame(who, now, len(files)))

        try:
            moved = self._cases.act(
                kept.complaint_id,
                _cause(found, kept),
                decide,
                by=who.by,
                action="journal_reread",
                reason=who.reason,
                files=files,
            )
        except _MovedError as error:
            return str(error)
        return "" if moved is not None else "there is no such complaint"


def _cause(found: Found, kept: Kept, no: int = 1) -> Cause:
    name = f"{found.past.row.id}.{kept.corrected_seq}"
    return Cause(kind=CauseKind.ACTION, id=str(uuid5(ACTIONS, name)), no=no)


def _check(now: Moment, what: Became, kept: Kept) -> None:
    """Refuse to write what was compared with something else than there is now."""
    if now.is_erased:
        msg = "it was erased, or is to be"
        raise _MovedError(msg)
    if now.state.status not in OPEN:
        msg = f"the complaint is {now.state.status}"
        raise _MovedError(msg)
    corrected = now.last.get("corrected", 0)
    if what is Became.COMPLAINT and corrected != kept.corrected_seq:
        msg = "it was corrected meanwhile"
        raise _MovedError(msg)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every event of one correction has."""

    who: Who
    now: Moment
    files: int


def _events(found: Found, what: Became, kept: Kept, frame: _Frame) -> list[NewEvent]:
    """Make what puts the words right, and then what the stricter flags ask for."""
    changed = {one.name: one.after for one in found.verdict.fields if one.applies}
    changed.pop("files", None)
    flags = {name: changed.pop(name) for name in FLAGS if name in changed}
    payloads: list[tuple[str, Any]] = []
    if changed or frame.files:
        given: Mapping[str, Any] = {
            **changed,
            "rereads": kept.seq,
            "attachments": frame.files,
        }
        payloads.append(_words(what, found.past.channel, given))
    if flags:
        payloads.append(("flags_changed", FlagsChanged(**flags)))
    author = Author(kind=AuthorKind.OPERATOR, id=frame.who.by[:100])
    return [
        new_event(name, payload, author, _cause(found, kept, no), frame.now.at)
        for no, (name, payload) in enumerate(payloads, start=1)
    ]


def _words(what: Became, channel: str, given: Mapping[str, Any]) -> tuple[str, Any]:
    if what is Became.REPLY:
        return "reporter_replied", Said(channel=ChannelName(channel), **given)
    files = given["attachments"] or None
    return "corrected", Corrected(**{**given, "attachments": files})
