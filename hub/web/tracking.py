"""What the holder of a tracking code reads, in Indonesian and English."""

from datetime import timezone
from typing import Any

from hub.domain.local_time import clock_of
from hub.domain.notices import STANDARD, Wording, reason_words, speaker
from hub.domain.privacy import event_facts, event_words, visible
from hub.ports import PublicCase
from schemas.events import LogEvent
from schemas.parties import PartyKind
from schemas.status import LABELS


def tracking_json(case: PublicCase, wording: Wording = STANDARD) -> dict[str, Any]:
    """Build the answer for one complaint; only what its reporter may see."""
    zone = _zone(case)
    lines = (_line(event, case, wording, zone) for event in case.timeline)
    return {
        "code": case.code,
        "public_number": case.public_number,
        "status": case.status,
        "label": _both(LABELS[case.status]),
        "agencies": case.agencies,
        "timeline": [line for line in lines if line is not None],
    }


def _zone(case: PublicCase) -> timezone:
    first = next((e for e in case.timeline if e.type == "received"), None)
    return clock_of(first.facts.get("region") if first is not None else None)


def _line(
    event: LogEvent, case: PublicCase, wording: Wording, zone: timezone
) -> dict[str, Any] | None:
    if not visible(event, PartyKind.REPORTER, "reporter"):
        return None
    words = event_words(event, PartyKind.REPORTER, "reporter", ())
    agency = speaker(event)
    title = case.titles.get(agency, agency)
    facts = {**event_facts(event), "code": case.code}
    told = wording.notice(event.type, facts, words, title, zone=zone)
    if not told[0]:
        return None
    line = {
        "at": event.occurred_at.isoformat(),
        "type": event.type,
        "agency": agency,
        "status": event.status_after,
        "text": _both(told),
        "overtaken": event.event_id in case.overtaken,
    }
    reason = reason_words(facts)
    if reason[0]:
        line["reason"] = {"code": facts["reason_code"], **_both(reason)}
    return line


def _both(pair: tuple[str, str]) -> dict[str, str]:
    return {"id": pair[0], "en": pair[1]}
