"""Who may see what, and who wants to be told of it."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hub.domain.lifecycle import is_read_anew
from schemas.agency import SHOWABLE
from schemas.events import CATALOGUE, Audience, NewEvent
from schemas.parties import AuthorKind, PartyKind

WORDS_BY_FIELD: Mapping[str, str] = {
    "text": "body",
    "raw_status": "body",
    "title": "title",
    "body": "body",
    "place_text": "place_text",
    "landmark": "landmark",
}
"""Sealed event fields -> the allow-list name that opens them."""
CORRECTIONS: Mapping[str, str] = {
    "title": "Judul (title)",
    "body": "Isi (text)",
    "place_text": "Lokasi (place)",
    "landmark": "Patokan (landmark)",
}
"""What a reporter may put right -> what an officer reads before it."""
CORRECTED = "Koreksi pelapor (correction by the reporter)"
READ_ANEW = "Pesan pelapor, dibaca ulang (the reporter's message, read anew)"
"""What an officer reads above it."""


WITHIN_THE_HUB = frozenset(
    {
        "code",
        "reporter_id",
        "second_person",
        "stands_for",
        "heard_seq",
        "origin",
        "rereads",
        "text_mark",
        "arrived_at",
    }
)
"""Clear facts that never leave the hub."""


def audience(
    event: NewEvent, kind: PartyKind, party: str, *, assigned: bool = True
) -> frozenset[Audience]:
    """Name the audiences that a party belongs to for one event."""
    own_leg = event.leg is not None and event.leg[0] == party
    return _groups(kind, own_leg=own_leg, assigned=assigned)


def _groups(kind: PartyKind, *, own_leg: bool, assigned: bool) -> frozenset[Audience]:
    if kind is PartyKind.REPORTER:
        return frozenset({Audience.REPORTER})
    if kind is PartyKind.UPSTREAM:
        return frozenset({Audience.UPSTREAM})
    if kind is PartyKind.SUBSCRIBER:
        return frozenset({Audience.SUBSCRIBER})
    found = {Audience.AGENCIES} if assigned else set()
    if own_leg:
        found.add(Audience.LEG_AGENCY)
    return frozenset(found)


def is_author(event: NewEvent, kind: PartyKind, party: str) -> bool:
    """Tell whether the party itself said this; nothing is echoed to its author."""
    author = event.author
    if kind is PartyKind.REPORTER:
        return author.kind is AuthorKind.REPORTER
    return (
        author.kind in {AuthorKind.AGENCY, AuthorKind.UPSTREAM} and author.id == party
    )


def visible(event: NewEvent, kind: PartyKind, party: str) -> bool:
    """Tell whether the party may see the event."""
    return bool(CATALOGUE[event.type].visible_to & audience(event, kind, party))


PERSONAL = frozenset({"registered", "erasure_requested"})
"""Events that concern the reporter of this complaint, and nobody who follows it."""


def interested(
    event: NewEvent,
    kind: PartyKind,
    party: str,
    wants: Iterable[str] | None = None,
    *,
    follows: bool = False,
) -> bool:
    """Tell whether the party is told of the event: visible, wanted, not its own.

    `follows`: it is the reporter of another complaint, that was merged into this one.
    """
    if is_author(event, kind, party) or (follows and event.type in PERSONAL):
        return False
    own_leg = event.leg is not None and event.leg[0] == party
    if own_leg and kind is PartyKind.UPSTREAM and event.type == "handed_over":
        return False  # a platform knows that it has the complaint
    seen, wanted = _standing(event.type, kind, own_leg=own_leg)
    if wants is not None:
        return seen and event.type in set(wants)
    return seen and wanted


@cache
def _standing(name: str, kind: PartyKind, *, own_leg: bool) -> tuple[bool, bool]:
    """Tell whether a kind of party may see a type of event, and wants it by default."""
    groups = _groups(kind, own_leg=own_leg, assigned=True)
    row = CATALOGUE[name]
    return bool(row.visible_to & groups), bool(row.wanted_by & groups)


def view(
    facts: Mapping[str, Any],
    words: Mapping[str, Any],
    reporter: Mapping[str, Any],
    allow: Iterable[str],
) -> dict[str, Any]:
    """Build what one party may see of a complaint.

    `facts` and `words` are flat; an anonymous reporter is left out whatever the
    allow-list says. Empty values are left out.
    """
    allowed = set(allow) & SHOWABLE
    anonymous = bool(facts.get("anonymous"))
    found = {name: facts[name] for name in allowed if facts.get(name) not in (None, "")}
    found |= {
        name: words[name] for name in allowed if words.get(name) not in (None, "")
    }
    if not anonymous:
        person = {
            name.removeprefix("reporter."): reporter[name.removeprefix("reporter.")]
            for name in allowed
            if name.startswith("reporter.")
            and reporter.get(name.removeprefix("reporter."))
        }
        if person:
            found["reporter"] = person
    return found


def event_words(
    event: NewEvent, kind: PartyKind, party: str, allow: Iterable[str]
) -> dict[str, Any]:
    """Choose the texts of an event that a party may read.

    An agency reads words only when its allow-list has `body`; another agency's
    reference and own status words stay between that agency and the hub.
    """
    sealed = event.sealed
    if kind is PartyKind.REPORTER:
        return {k: v for k, v in sealed.items() if k in {"text", "reference"}}
    opened = {k: v for k, v in sealed.items() if WORDS_BY_FIELD.get(k) in set(allow)}
    if event.leg is not None and event.leg[0] != party:
        opened.pop("raw_status", None)
    anew = is_read_anew(event)
    if event.type == "corrected" and opened:
        opened["text"] = _correction(opened, READ_ANEW if anew else CORRECTED)
    elif anew and "text" in opened:
        opened["text"] = f"{READ_ANEW}\n{opened['text']}"
    return opened


def _correction(words: Mapping[str, Any], heading: str) -> str:
    """Write what was put right as one text, for systems that have no field for it."""
    told = (
        f"{name}: {words[key]}" for key, name in CORRECTIONS.items() if key in words
    )
    return "\n".join((heading, *told))


def event_facts(event: NewEvent) -> dict[str, Any]:
    """Choose the clear facts of an event that may leave the hub."""
    return {k: v for k, v in event.facts.items() if k not in WITHIN_THE_HUB}
