"""Answers to messages that are no events: whom they go to, and when none is given."""

from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Decision, OptOut, Query, decided
from hub.domain.capping import Caps, why_unanswered
from hub.domain.notices import STANDARD, Wording
from hub.ports import JournalRow, KnownCase, NewAnswer, Settled, Work
from schemas.complaint import NewComplaint
from schemas.parties import ChannelName, reporter_party
from schemas.status import Status

MAIL, SMS = reporter_party(ChannelName.EMAIL), reporter_party(ChannelName.SMS)
CAPPED = "capped"
"""Name of the decision that an answer is not given."""


@dataclass(frozen=True)
class Asker:
    """Who is answered, and where."""

    kind: str
    """phone or email."""
    contact: str = field(repr=False)
    line: str = ""
    thread_id: str = field(default="", repr=False)
    thread_subject: str = field(default="", repr=False)
    conversation: str = field(default="", repr=False)
    language: str = ""

    @classmethod
    def of(cls, item: Query | OptOut, language: str = "") -> "Asker":
        """Answer whoever asked."""
        return cls(
            item.contact_kind,
            item.contact,
            item.line,
            item.thread_id,
            item.thread_subject,
            conversation=item.conversation,
            language=language,
        )

    @classmethod
    def who_wrote(cls, complaint: NewComplaint, conversation: str) -> "Asker":
        """Answer on the contact by which a reporter is known: the first one."""
        person = complaint.reporter
        kind = "email" if person.email else "phone"
        return cls(
            kind,
            person.email or person.phone,
            person.line,
            person.thread_id,
            person.thread_subject,
            conversation,
            complaint.language,
        )

    @property
    def party(self) -> str:
        """The way by which it hears."""
        return MAIL if self.kind == "email" else SMS

    def where(self) -> dict[str, str]:
        """Say where an answer goes, as it is stored."""
        found = {
            ("email" if self.kind == "email" else "phone"): self.contact,
            "line": self.line,
            "thread_id": self.thread_id,
            "thread_subject": self.thread_subject,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Manner:
    """How a deployment answers: in which words, and how often."""

    words: Wording = STANDARD
    caps: Caps = field(default_factory=Caps)


class Answerer:
    """Stores answers, unless the address was answered often enough."""

    def __init__(self, manner: Manner, ways_back: frozenset[str]) -> None:
        self._words = manner.words
        self._ways_back = ways_back
        self._caps = manner.caps

    def say(
        self,
        work: Work,
        row: JournalRow,
        asker: Asker,
        kind: str,
        known: KnownCase | None = None,
        status: Status | None = None,
    ) -> Settled:
        """Answer with a sentence; what became of the row says whether it was given."""
        if not asker.contact or asker.party not in self._ways_back:
            return _done("nobody to answer", "none", decided("answer", "no_way_back"))
        limit = self._limit(work, asker)
        if limit:
            return _done("answered often enough", CAPPED, decided(CAPPED, limit))
        text = self._words.answer(kind, known.code if known else "", status)
        params: dict[str, Any] = {
            "id": text[0],
            "en": text[1],
            "language": asker.language,
        }
        where = asker.where()
        # Once: it may have been answered when it was read otherwise.
        answer = NewAnswer(
            asker.party,
            "text",
            params,
            where,
            once=True,
            conversation=asker.conversation,
        )
        work.answer(row, answer)
        return _done("answered", f"{row.id}.1", decided("answer", kind))

    def _limit(self, work: Work, asker: Asker) -> str:
        if asker.party != MAIL:  # a gateway's price and pace limit SMS
            return ""
        told = work.answers_to(asker.contact, asker.conversation)
        return why_unanswered(self._caps, told.in_day, told.in_conversation)


def _done(why: str, result: str, *trace: Decision) -> Settled:
    return Settled("done", why, "answer", result, trace=trace)
