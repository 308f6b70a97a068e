"""How a normalised complaint becomes the first events of its log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, overload

from connectors.contract import New
from hub.domain.routing import VERIFYING_RULE, RoutingDecision
from schemas.complaint import Category, NewComplaint, Region
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName
from schemas.payloads import Assigned, Reasoned, Registered, TriageRequested

REGION_LENGTH = 5
"""Clear facts hold a region down to kabupaten or kota only: `32.76`."""
_REGISTRATION = Author(kind=AuthorKind.RULE, id="registration")
_VERIFIER = Author(kind=AuthorKind.RULE, id=VERIFYING_RULE)
_ANY = Cause(kind=CauseKind.JOURNAL, id="")
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal knows of the message that became a complaint."""

    journal_id: str
    received_at: datetime
    code: str
    public_number: str
    written_at: datetime | None = None
    """The sender's own time, where it is believed: never after it came in."""

    @property
    def occurred_at(self) -> datetime:
        """When the citizen spoke."""
        return self.written_at or self.received_at


@dataclass(frozen=True)
class Beginning(Sequence[NewEvent]):
    """The events that an accepted complaint begins with.

    Only `received` and `registered` differ from complaint to complaint; what the rules
    decided is shared by all that they decide alike, and is made into events when
    somebody looks.
    """

    entry: Entry
    reporter_id: str
    now: datetime
    facts: Mapping[str, Any]
    """Clear facts of `received`."""
    sealed: Mapping[str, Any]
    """What may name a person or a house."""
    decided: tuple[NewEvent, ...]
    """What follows `registered`; cause and instant are not set."""

    @property
    def names(self) -> dict[str, Any]:
        """The facts of `registered`."""
        names = {"code": self.entry.code, "public_number": self.entry.public_number}
        return names | {"truncated": True} if self.facts["truncated"] else names

    @cached_property
    def events(self) -> tuple[NewEvent, ...]:
        """All of them, each with its number within the cause."""
        registered = _REGISTERED.model_copy(update={"facts": self.names})
        first = NewEvent(
            type="received",
            author=Author(kind=AuthorKind.REPORTER, id=self.reporter_id),
            cause=Cause(kind=CauseKind.JOURNAL, id=self.entry.journal_id),
            occurred_at=self.entry.occurred_at,
            facts=dict(self.facts),
            sealed=dict(self.sealed),
        )
        rest = (
            event.model_copy(update={"cause": self._cause(no), "occurred_at": self.now})
            for no, event in enumerate((registered, *self.decided), start=2)
        )
        return (first, *rest)

    def _cause(self, no: int) -> Cause:
        return Cause(kind=CauseKind.JOURNAL, id=self.entry.journal_id, no=no)

    @overload
    def __getitem__(self, index: int) -> NewEvent: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NewEvent]: ...
    def __getitem__(self, index: int | slice) -> NewEvent | Sequence[NewEvent]:
        return self.events[index]

    def __len__(self) -> int:
        return 2 + len(self.decided)


def first_events(
    entry: Entry,
    item: New,
    decision: RoutingDecision,
    order_by: Mapping[str, str],
    reporter_id: str,
    now: datetime,
) -> Beginning:
    """Make the events that an accepted complaint begins with.

    `order_by` names how each agency orders its updates. Without agencies an officer is
    asked to place it.
    """
    orders = tuple([order_by[agency] for agency, _ in decision.agencies])
    return Beginning(
        entry,
        reporter_id,
        now,
        received_facts(item, reporter_id),
        received_words(item),
        _decided(decision, orders),
    )


def received_facts(item: New, reporter_id: str) -> dict[str, Any]:
    """Give the clear facts of `received`, as its payload has them in JSON."""
    c = item.complaint
    facts: dict[str, Any] = {
        "channel": str(c.channel),
        "report_type": str(c.type),
        "reporter_id": reporter_id,
        "anonymous": c.anonymous,
        "confidential": c.confidential,
        "language": c.language,
        "keyword": c.keyword,
        "attachments": len(item.files),
        "truncated": c.truncated,
    }
    if c.category is not None:
        facts["category"] = {"scheme": c.category.scheme, "code": c.category.code}
    if c.region is not None:
        code = c.region.code[:REGION_LENGTH]
        facts["region"] = {"scheme": str(c.region.scheme), "code": code}
    if c.incident_on is not None:
        facts["incident_on"] = c.incident_on.isoformat()
    return facts


def received_words(item: New) -> dict[str, Any]:
    """Give the sealed part of `received`: what may name a person or a house."""
    c, place = item.complaint, item.complaint.place
    words: dict[str, Any] = {
        "title": c.title,
        "body": c.body,
        "claimed_agency": c.claimed_agency,
        "place_text": place.text,
        "landmark": place.landmark,
        "region_detail": c.region.code if c.region else "",
        "latitude": place.latitude,
        "longitude": place.longitude,
    }
    return {k: v for k, v in words.items() if v is not None and v != ""}


def complaint_of(
    facts: Mapping[str, Any], words: Mapping[str, Any]
) -> NewComplaint | None:
    """Make anew what rules look at, out of `received`; None: its words were erased."""
    if not words.get("body"):
        return None
    region = dict(facts["region"]) if facts.get("region") else None
    if region and words.get("region_detail"):
        region["code"] = words["region_detail"]
    return NewComplaint(
        title=words.get("title", ""),
        body=words["body"],
        claimed_agency=words.get("claimed_agency", ""),
        keyword=facts.get("keyword", ""),
        channel=ChannelName(facts["channel"]),
        category=Category(**facts["category"]) if facts.get("category") else None,
        region=Region(**region) if region else None,
    )


_REGISTERED = new_event(
    "registered", Registered(code="", public_number=""), _REGISTRATION, _ANY, _EVER
)
_ADVISED = new_event(
    "emergency_advised",
    Reasoned(reason_code="emergency"),
    Author(kind=AuthorKind.RULE, id="emergency_words"),
    _ANY,
    _EVER,
)
_VERIFIED = new_event(
    "verified", Reasoned(reason_code="complete"), _VERIFIER, _ANY, _EVER
)


@lru_cache(maxsize=4096)
def _decided(
    decision: RoutingDecision, orders: tuple[str, ...]
) -> tuple[NewEvent, ...]:
    """Rules decide the same over and over: what they decide is made once."""
    first = (_ADVISED,) if decision.emergency else ()
    if decision.to_triage:
        triage = TriageRequested(why=f"{decision.rule_id}: {decision.why}")
        asked = new_event("triage_requested", triage, _REGISTRATION, _ANY, _EVER)
        return (*first, asked)
    router = Author(kind=AuthorKind.RULE, id=decision.rule_id)
    assigned = (
        new_event(
            "assigned",
            Assigned(
                agency=agency,
                assignment_no=1,
                role=role,
                order_by=order_by,
                rule_id=decision.rule_id,
                why=decision.why,
            ),
            router,
            _ANY,
            _EVER,
            leg=(agency, 1),
        )
        for (agency, role), order_by in zip(decision.agencies, orders, strict=True)
    )
    return (*first, _VERIFIED, *assigned)
