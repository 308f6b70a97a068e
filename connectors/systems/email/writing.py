"""The mails that an agency gets: a case, and what is new in it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from connectors.contract import Delivery, EventView, FileLink
from connectors.protocols.mail.layout import Part
from connectors.protocols.plaintext import clean, one_line
from connectors.systems.email import words
from connectors.systems.email.letter import Letter, going_along
from connectors.systems.email.office import Office, day_words

NO_TITLE = "Laporan"
TIMES = frozenset({"received_at", "incident_on"})
"""Fields that are written as a day, or an instant."""


def case_mail(office: Office, delivery: Delivery, reference: str) -> Letter:
    """Write a case as a mail: its fields, its words, its files, what to answer."""
    complaint = delivery.complaint
    title = one_line(str(complaint.get("title") or "")) or NO_TITLE
    parts = [
        Part(f"{words.NEW_REPORT.both}: {title}", is_title=True),
        *_confidential(complaint),
        Part(rows=[*_due(office, delivery), *_fields(office, complaint)]),
    ]
    if body := clean(str(complaint.get("body") or "")):
        parts.append(Part(words.WRITTEN.both, text=body))
    parts += [*_files(office, delivery), *_menu(office)]
    return Letter(reference, title, tuple(parts), is_first=True)


def news_mail(office: Office, delivery: Delivery) -> Letter:
    """Write what is new in a case that the agency has."""
    complaint = delivery.complaint
    title = one_line(str(complaint.get("title") or "")) or NO_TITLE
    parts = [
        Part(f"{words.NEWS_OF_REPORT.both}: {title}", is_title=True),
        *_confidential(complaint),
        Part(rows=[*_number(delivery.reference), *_standing(office, delivery)]),
        *(_news(office, event) for event in delivery.events),
        *_files(office, delivery),
    ]
    is_over = bool(delivery.events) and delivery.events[-1].type in words.ENDS
    parts += [Part(text=words.NO_ANSWER.both)] if is_over else _menu(office)
    return Letter(delivery.reference, title, tuple(parts), is_first=False)


def _confidential(complaint: Mapping[str, Any]) -> list[Part]:
    is_so = bool(complaint.get("confidential"))
    return [Part(words.CONFIDENTIAL.both, is_loud=True)] if is_so else []


def _number(reference: str) -> list[tuple[str, str]]:
    return [(dict(words.FIELDS)["public_number"].both, reference)]


def _fields(office: Office, complaint: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (title.both, _value(office, field, value))
        for field, title in words.FIELDS
        if (value := _at(complaint, field)) not in (None, "", [], {})
    ]


def _value(office: Office, field: str, value: Any) -> str:
    if field in TIMES:
        return _time(office, value) or one_line(str(value))
    if isinstance(value, str) and (known := words.VALUES.get(value)):
        return known.both
    return one_line(str(value))


def _time(office: Office, value: Any) -> str:
    """Say a day, or an instant by the agency's clock; empty for anything else."""
    if isinstance(value, str):
        try:
            value = (datetime if "T" in value else date).fromisoformat(value)
        except ValueError:
            return ""
    if isinstance(value, datetime):
        return office.when(value)
    return day_words(value) if isinstance(value, date) else ""


def _due(office: Office, delivery: Delivery) -> list[tuple[str, str]]:
    if delivery.due_at is None:
        return []
    return [(words.DUE.both, office.when(delivery.due_at))]


def _standing(office: Office, delivery: Delivery) -> list[tuple[str, str]]:
    status = delivery.events[-1].status if delivery.events else ""
    named = words.STATUSES.get(status)
    rows = [(words.STANDS.both, named.both)] if named else []
    return [*rows, *_due(office, delivery)]


def _news(office: Office, event: EventView) -> Part:
    named = words.HAPPENED.get(event.type, words.NEWS)
    text = clean(str(event.words.get("text") or ""))
    return Part(f"{office.when(event.occurred_at)}: {named.both}", text=text)


def _files(office: Office, delivery: Delivery) -> list[Part]:
    """Name every file: those that go along, and how one gets the others."""
    along = going_along(office.settings, delivery.files)
    lines = [
        one_line(file.name) + ("" if place in along else f" ({words.TOO_LARGE.both})")
        for place, file in enumerate(delivery.files)
    ]
    lines += _links(office, delivery.links)
    return [Part(words.FILES.both, text="\n".join(lines))] if lines else []


def _links(office: Office, links: Sequence[FileLink]) -> list[str]:
    return [
        f"{one_line(link.name)} (s.d. / until {office.when(link.expires_at)}):\n"
        f"{link.url}"
        for link in links
    ]


def _menu(office: Office) -> list[Part]:
    rows = [
        (f"{choice.number}  {choice.title}", words.MEANINGS[choice.event_type].both)
        for choice in office.menu
    ]
    text = f"{words.ANSWER.id}\n\n{words.ANSWER.en}"
    return [Part(words.HOW_TO_ANSWER.both, text=text), Part(rows=rows)]


def _at(complaint: Mapping[str, Any], field: str) -> Any:
    value: Any = complaint.get(field)
    if value is None:
        value = complaint
        for step in field.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    return value
