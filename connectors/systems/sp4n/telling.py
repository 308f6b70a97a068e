"""Telling SP4N-LAPOR! what became of a complaint: follow-ups, and "not ours"."""

from connectors.contract import (
    CannotTell,
    Delivery,
    Done,
    EventView,
    Found,
    NotFound,
    Skipped,
)
from connectors.errors import ConnectorError, Refused
from connectors.systems.sp4n.filing import fitting
from connectors.systems.sp4n.settings import Sp4nSettings
from connectors.systems.sp4n.wire import Wire, results, rows

ADD = "/complaints/followup/add"
REJECTED = "rejected"
"""The event that goes back as a request: not of our competence."""
TEXT_CHARACTERS_MAX = 1000
MARK_CHARACTERS = 12


def tell(wire: Wire, settings: Sp4nSettings, delivery: Delivery) -> Done | Skipped:
    """Tell one event; raises the errors of `connectors.errors`."""
    if len(delivery.events) != 1:
        why = "the API takes one event a call"
        raise Refused(why, fingerprint="sp4n many events")
    (event,) = delivery.events
    if event.type == REJECTED:
        return _give_back(wire, settings, delivery, event)
    told = settings.events.get(event.type)
    if told is None:
        return Skipped(why=f"settings.events does not tell of {event.type}")
    words = str(event.words.get("text", "")) or told.text
    if not words:
        return Skipped(why="there is nothing to write")
    fields = {
        "institution_from_id": str(settings.institution_id),
        "institution_to_id": str(settings.institution_id),
        "complaint_id": delivery.reference,
        "template_code": told.template,
        "rating": "",
        "is_secret": "0" if delivery.complaint.get("confidential") is False else "1",
        "content": _marked(words, delivery.key),
    }
    files = [("attachment[]", file) for file in fitting(settings.files, delivery.files)]
    wire.post_form("followup", ADD, fields, files, delivery.key)
    return Done(reference=delivery.reference)


def _give_back(
    wire: Wire, settings: Sp4nSettings, delivery: Delivery, event: EventView
) -> Done:
    body = {
        "is_request": 1,
        "not_authority": 1,
        "reason": settings.return_to_id,
        "reason_description": str(event.words.get("text", ""))[:TEXT_CHARACTERS_MAX]
        or "Bukan kewenangan instansi kami.",
    }
    wire.post("reject", f"/complaints/process/{delivery.reference}/reject", body)
    return Done(reference=delivery.reference)


def look_up(wire: Wire, delivery: Delivery) -> Found | NotFound | CannotTell:
    """Look for a follow-up by its mark; a complaint cannot be looked for.

    Its API has no search, so whether a complaint was made only an officer can see,
    by the number in its text.
    """
    if not delivery.reference:
        return CannotTell(why="its API cannot search; look for our number on its page")
    if any(event.type == REJECTED for event in delivery.events):
        return CannotTell(why="its API does not show whether a request was made")
    try:
        answer, _ = wire.get("find", f"/complaints/{delivery.reference}/followups")
    except ConnectorError as error:
        return CannotTell(why=error.why)
    found = results(answer, "data")
    if not isinstance(found, list):
        return CannotTell(why="it did not answer with a list of follow-ups")
    mark = _mark(delivery.key)
    if any(mark in str(row.get("content", "")) for row in rows(found)):
        return Found(reference=delivery.reference)
    return NotFound()


def _mark(key: str) -> str:
    return f"[#{key[:MARK_CHARACTERS]}]"


def _marked(words: str, key: str) -> str:
    mark = _mark(key)
    return f"{words[: TEXT_CHARACTERS_MAX - len(mark) - 1]} {mark}"
