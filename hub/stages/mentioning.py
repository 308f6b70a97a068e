"""Telling a party of attachments that do not go along as files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.contract import Delivery, EventView, FileLink
from hub.domain.attachments import Shown, as_text, note
from hub.stages.composing import Way


def mention(
    delivery: Delivery,
    by_event: Mapping[str, Sequence[Shown]],
    way: Way,
    *,
    hand_over: bool,
) -> Delivery:
    """Tell of files: with the complaint, and with the events that they came with.

    A system that has no place for them reads the same below the text: of the complaint
    at its hand-over, else of the event.
    """
    complaint = dict(delivery.complaint)
    number = str(complaint.get("public_number", ""))
    files = [one for some in by_event.values() for one in some]
    said = note(files, number)
    complaint["attachments"] = complaint.get("attachments", {}) | _view(files, said)
    if hand_over and way.needs_files_in_text:
        complaint["body"] = _below(complaint.get("body"), files, said)
    events = delivery.events
    if not hand_over:
        events = tuple(
            _event(event, by_event.get(event.event_id, ()), number, way)
            for event in events
        )
    values = {
        "complaint": complaint,
        "events": events,
        "links": _links(files),
        "files_note": said,
    }
    return delivery.model_copy(update=values)


def _event(
    event: EventView, files: Sequence[Shown], number: str, way: Way
) -> EventView:
    if not files:
        return event
    said = note(files, number)
    values: dict[str, Any] = {"attachments": _view(files, said)}
    if way.needs_files_in_text:
        text = _below(event.words.get("text"), files, said)
        values["words"] = dict(event.words) | {"text": text}
    return event.model_copy(update=values)


def _below(text: Any, files: Sequence[Shown], said: tuple[str, str]) -> str:
    return "\n\n".join(filter(None, (str(text or ""), as_text(files, said))))


def _view(files: Sequence[Shown], said: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"note": "\n".join(filter(None, said))}
    links = [one.model_dump(mode="json") for one in _links(files)]
    return found | ({"links": links} if links else {})


def _links(files: Iterable[Shown]) -> tuple[FileLink, ...]:
    return tuple(
        FileLink(
            name=one.name,
            media_type=one.media_type,
            size_bytes=one.size_bytes,
            url=one.url,
            expires_at=one.ends,
        )
        for one in files
        if one.ends is not None
    )
