"""What the holder of a tracking code reads, in Indonesian and English."""

from typing import Any

from hub.domain.notices import notice, speaker
from hub.domain.privacy import event_facts, event_words, visible
from hub.ports import PublicCase
from schemas.parties import PartyKind
from schemas.status import LABELS


def tracking_json(case: PublicCase) -> dict[str, Any]:
    """Build the answer for one complaint; only what its reporter may see."""
    label = LABELS[case.status]
    return {
        "code": case.code,
        "public_number": case.public_number,
        "status": case.status,
        "label": {"id": label[0], "en": label[1]},
        "agencies": case.agencies,
        "timeline": [
            line for e in case.timeline if (line := _line(e, case)) is not None
        ],
    }


def _line(event: Any, case: PublicCase) -> dict[str, Any] | None:
    if not visible(event, PartyKind.REPORTER, "reporter"):
        return None
    words = event_words(event, PartyKind.REPORTER, "reporter", ())
    agency = speaker(event)
    title = case.titles.get(agency, agency)
    facts = {**event_facts(event), "code": case.code}
    told = notice(event.type, facts, words, title)
    if not told[0]:
        return None
    return {
        "at": event.occurred_at.isoformat(),
        "type": event.type,
        "agency": agency,
        "status": event.status_after,
        "text": {"id": told[0], "en": told[1]},
        "overtaken": event.event_id in case.overtaken,
    }
