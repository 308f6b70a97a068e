"""Complaints that begin elsewhere: on an upstream platform, or at an agency itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import New
from hub.domain.identity import child_id
from hub.domain.placing import Placing
from hub.domain.registration import Entry, first_events
from hub.domain.routing import RoutingDecision
from hub.ports import JournalRow, NewCase, Origin, Work
from schemas.agency import AgencyManifest
from schemas.base import Instant
from schemas.complaint import NewComplaint
from schemas.events import Cause, NewEvent, new_event
from schemas.parties import Author, AuthorKind, CauseKind, ChannelName, PartyKind, Role
from schemas.payloads import HandOver
from schemas.updates import AgencyComplaint

AGENCY_BORN = "agency_born"
"""The rule that gives an agency what began in its own system."""
_NO_WAY_BACK = ""
"""Whoever took the complaint tells its citizen; the hub would only repeat it."""


@dataclass(frozen=True)
class Births:
    """Begins complaints that another system took."""

    place: Placing
    agencies: Mapping[str, AgencyManifest]

    def begin(
        self, work: Work, party: str, row: JournalRow, record: AgencyComplaint
    ) -> str:
        """Register one whose reference is not known; returns the complaint's id.

        From a platform it is placed by the rules, like any other; at an agency it
        is assigned to that agency, whose system has it already. Neither is asked to
        take it: the cursor is born with its reference.
        """
        named = work.allot(row)
        complaint = _as_ours(record.complaint)
        at_agency = self.agencies[party].kind is PartyKind.AGENCY
        decision = _to(party) if at_agency else self.place(complaint, work.now)
        orders = {name: str(each.order_by) for name, each in self.agencies.items()}
        reporter_id = child_id(row.id, 0)
        entry = Entry(row.id, row.received_at, named.code, named.public_number)
        begun = first_events(
            entry, New(complaint=complaint), decision, orders, reporter_id, work.now
        )
        kind = AuthorKind.AGENCY if at_agency else AuthorKind.UPSTREAM
        events = [
            _received(begun[0], Author(kind=kind, id=party), record.occurred_at),
            *begun[1:],
        ]
        if at_agency:
            cause = Cause(kind=CauseKind.JOURNAL, id=row.id, no=len(events) + 1)
            events.append(_handed_over(party, record.reference, cause, work.now))
        origin = Origin(party, record.reference)
        new = NewCase(
            named, complaint, (), events, reporter_id, _NO_WAY_BACK, origin=origin
        )
        work.create(new)
        return named.complaint_id


def _as_ours(complaint: NewComplaint) -> NewComplaint:
    """Note that it came by no channel of ours, whatever its reader says."""
    return complaint.model_copy(update={"channel": ChannelName.PARTNER})


def _to(agency: str) -> RoutingDecision:
    why = "It began in the agency's own system."
    return RoutingDecision(((agency, Role.MAIN),), AGENCY_BORN, why)


def _received(event: NewEvent, author: Author, filed_at: Instant | None) -> NewEvent:
    """Let it be said by who took it; our clocks run from its arrival here."""
    facts: dict[str, Any] = dict(event.facts)
    if filed_at is not None:
        facts["filed_at"] = filed_at.isoformat()
    return event.model_copy(update={"author": author, "facts": facts})


def _handed_over(agency: str, reference: str, cause: Cause, now: datetime) -> NewEvent:
    return new_event(
        "handed_over",
        HandOver(
            agency=agency,
            assignment_no=1,
            reference=reference,
            reason_code=AGENCY_BORN,
        ),
        Author(kind=AuthorKind.RULE, id=AGENCY_BORN),
        cause,
        now,
        leg=(agency, 1),
    )
