"""Reading old messages anew: a table of what follows from what it was and would be.

What was set aside may be worked again; words are put right by one more event; whatever
somebody would have to decide is an officer's, and is only named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.domain.identity import words_form
from hub.domain.lifecycle import OPEN
from hub.domain.quarantine import DISCARDED, FLOOD, OFFICER_LOOKS, SPAM
from hub.domain.readings import Became, Kept, Now, Was
from hub.domain.reread_fields import CLASSES, FieldChange, differences


class Change(StrEnum):
    """What another reading comes to."""

    UNCHANGED = "unchanged"
    WORK_AGAIN = "work_again"
    """It was set aside, or only answered: it goes the ordinary way once more."""
    CORRECT = "correct"
    """Words differ: one more event puts them right."""
    FOR_OFFICER = "for_officer"
    """Somebody has to decide."""
    STANDS = "stands"
    """It differs, and stays as it is."""
    READER_FAILED = "reader_failed"
    """Its reader ends on it, or takes too long; it is left as it is."""
    ERASED = "erased"
    CLOSED = "closed"
    """No key opens it, although it was not erased."""


APPLICABLE = frozenset({Change.WORK_AGAIN, Change.CORRECT})
STOPPED: Mapping[str, tuple[Became, str]] = {
    SPAM: (Became.COMPLAINT, SPAM),
    FLOOD: (Became.COMPLAINT, ""),
    "encrypted": (Became.ANSWERED, "encrypted"),
}
"""Cause of quarantine that is no reader's -> what the same reading says: an officer
looks at these, and reading them anew is no look."""
SET_ASIDE = frozenset({Became.QUARANTINED, Became.IGNORED})
WORDS_OF_ONE = frozenset({Became.COMPLAINT, Became.REPLY, Became.COMMENT})


_LOOK = "simpul quarantine list --cause {}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from reading one message anew."""

    change: Change
    why: str = ""
    fields: tuple[FieldChange, ...] = ()
    way_out: str = ""
    """What an officer types."""


def compare(was: Was, now: Now) -> Verdict:
    """Say what follows from another reading of one message."""
    if was.what in SET_ASIDE:
        return _of_set_aside(was, now)
    if was.what is Became.REPEATED:
        return _of_repeated(was, now)
    if was.what in WORDS_OF_ONE and was.kept is not None:
        return _of_words(was, was.kept, now)
    if was.what is now.what:
        return Verdict(Change.UNCHANGED)
    if was.what is Became.ANSWERED and now.what in WORDS_OF_ONE:
        return Verdict(Change.WORK_AGAIN, f"it was answered, and is a {now.what}")
    return Verdict(Change.FOR_OFFICER, f"it was {was.what}, and would be {now.what}")


def _of_set_aside(was: Was, now: Now) -> Verdict:
    alike = was.what is now.what
    if alike and (was.what is Became.QUARANTINED or was.rule == now.rule):
        return Verdict(Change.UNCHANGED)
    if STOPPED.get(was.rule) == (now.what, now.rule):
        return Verdict(Change.UNCHANGED)
    if was.rule == DISCARDED:
        return Verdict(Change.STANDS, "somebody set it aside by hand")
    if was.rule in OFFICER_LOOKS and now.what is Became.COMPLAINT:
        why = f"somebody has to look at it first: {was.rule}"
        return Verdict(Change.FOR_OFFICER, why, way_out=_LOOK.format(was.rule))
    if alike:
        return Verdict(Change.WORK_AGAIN, "another rule sets it aside")
    return Verdict(Change.WORK_AGAIN, f"it was {was.what}, and would be {now.what}")


def _of_repeated(was: Was, now: Now) -> Verdict:
    kept = was.kept
    if kept is not None and now.what is Became.COMPLAINT:
        said = _words_of(now.values)
        if said in {_words_of(kept.values), _words_of(kept.original)}:
            return Verdict(Change.UNCHANGED)
    number = kept.public_number if kept is not None else ""
    return Verdict(
        Change.FOR_OFFICER,
        "it repeated a complaint, and says something else now",
        way_out=f"simpul complaints show {number}",
    )


def _words_of(values: Mapping[str, Any]) -> str:
    return words_form(str(values.get("title", "")), str(values.get("body", "")))


def _of_words(was: Was, kept: Kept, now: Now) -> Verdict:
    same_case = now.named is None or kept.complaint_id in now.named.complaint_ids
    if was.what is now.what and same_case:
        return _of_fields(was.what, kept, now)
    why = f"it was a {was.what}, and would be {now.what}"
    if was.what is Became.COMPLAINT and now.named is not None:
        if kept.merged_into in now.named.complaint_ids and kept.merged_into:
            return Verdict(Change.UNCHANGED)
        why += " to another complaint"
    if kept.status not in OPEN:
        return Verdict(Change.STANDS, f"{why}; the complaint is {kept.status}")
    return Verdict(Change.FOR_OFFICER, why, way_out=_way_out(was, kept, now))


def _way_out(was: Was, kept: Kept, now: Now) -> str:
    number = kept.public_number
    if was.what is Became.COMPLAINT:
        if now.named is not None and kept.complaint_id not in now.named.complaint_ids:
            return f"simpul complaints merge {number} --into {now.named.public_number}"
        if now.what is Became.IGNORED:
            return f"simpul complaints archive {number} --reason wrong_format"
    if now.named is not None:
        return f"simpul complaints reply {now.named.public_number} --text TEXT"
    return f"simpul complaints show {number}"


def _of_fields(what: Became, kept: Kept, now: Now) -> Verdict:
    found = tuple(differences(what, kept, now))
    if not found:
        return Verdict(Change.UNCHANGED)
    if any(one.applies for one in found):
        return Verdict(Change.CORRECT, "it is read otherwise", found)
    if kept.status in OPEN and (classes := _classes(found)):
        way_out = f"simpul complaints classify {kept.public_number} {classes}"
        return Verdict(Change.FOR_OFFICER, "it is classed otherwise", found, way_out)
    return Verdict(Change.STANDS, "it is read otherwise", found)


def _classes(fields: Iterable[FieldChange]) -> str:
    """Write the options that class a complaint as it is read now."""
    return " ".join(
        f"{CLASSES[one.name]} {value}"
        for one in fields
        if one.name in CLASSES and (value := _class_value(one.after))
    )


def _class_value(value: Any) -> str:
    return (
        str(value.get("code", "")) if isinstance(value, Mapping) else str(value or "")
    )
