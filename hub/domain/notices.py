"""Wording what a citizen reads for each event, in Indonesian and English."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timezone
from string import Formatter
from typing import Any

from hub.domain.local_time import WIB, local_words
from hub.domain.notice_words import ANSWERS, NOTICES, PHRASES, PLACES, Sentence
from schemas.events import NewEvent
from schemas.reasons import REASONS
from schemas.status import LABELS, Status

LANGUAGES = ("id", "en")
KINDS = tuple(field.name for field in fields(Sentence))
"""What a deployment may word anew for each event."""


class WordingError(ValueError):
    """A deployment's words cannot be used; the text names the sentence and why."""


@dataclass(frozen=True)
class Wording:
    """The sentences of one deployment."""

    notices: Mapping[str, Sentence]
    answers: Mapping[str, Sentence]

    def notice(
        self,
        event_type: str,
        facts: Mapping[str, Any],
        words: Mapping[str, Any],
        title: str,
        *,
        short: bool = False,
        zone: timezone = WIB,
    ) -> tuple[str, str]:
        """Word one event for a citizen; `title` is the acting agency's name.

        The reason of a decision follows the sentence, and then what was written with
        it. Indonesian, English; both empty for what no citizen is told.
        """
        sentence = self.notices.get(event_type)
        if sentence is None:
            return ("", "")
        said = str(words.get("text", "")).strip()
        tail = f' "{said}"' if said else ""
        reason = reason_words(facts)
        indonesian, english = (
            sentence.said(language, short=short).format_map(
                _values(n, facts, words, title, zone)
            )
            + _phrase("reason", n, reason[n])
            + _phrase("truncated", n, "yes" if facts.get("truncated") else "")
            + tail
            for n, language in enumerate(LANGUAGES)
        )
        return (indonesian, english)

    def answer(
        self, kind: str, code: str = "", status: Status | None = None
    ) -> tuple[str, str]:
        """Word an answer to a question: Indonesian, English."""
        label = LABELS[status] if status is not None else ("", "")
        sentence = self.answers[kind]
        indonesian, english = (
            sentence.said(language, short=False).format_map(
                {"code": code, "label": label[n]}
            )
            for n, language in enumerate(LANGUAGES)
        )
        return (indonesian, english)


STANDARD = Wording(NOTICES, ANSWERS)
"""The sentences that come with Simpul."""

notice = STANDARD.notice
answer = STANDARD.answer


def speaker(event: NewEvent) -> str:
    """Name the agency whose word an event is, or that it is about; else nothing."""
    return event.leg[0] if event.leg else str(event.facts.get("agency", ""))


def reason_words(facts: Mapping[str, Any]) -> tuple[str, str]:
    """Word the coded reason of a decision; empty where there is none to tell."""
    return REASONS.get(str(facts.get("reason_code", "")), ("", ""))


def _values(
    n: int,
    facts: Mapping[str, Any],
    words: Mapping[str, Any],
    title: str,
    zone: timezone,
) -> dict[str, str]:
    since = facts.get("since")
    return {
        "code": str(facts.get("code", "")),
        "agency": title,
        "unit": _phrase("unit", n, str(facts.get("unit", ""))),
        "number": _phrase("number", n, str(words.get("reference", ""))),
        "since": local_words(since, zone, LANGUAGES[n]) if since else "",
    }


def _phrase(name: str, n: int, value: str) -> str:
    return PHRASES[name][n].format(value) if value else ""


def worded(tree: Mapping[str, Any]) -> Wording:
    """Read a deployment's own words over those that come with Simpul.

    Two tables, `notices` and `answers`: event or answer -> `id`, `en`, `id_short`,
    `en_short`. Whoever words a long sentence anew without its short one gets the long
    one in SMS too. Raises WordingError, with everything that is wrong.
    """
    tables = {"notices": NOTICES, "answers": ANSWERS}
    faults = [f"{name}: legal are notices and answers" for name in {*tree} - {*tables}]
    found: dict[str, dict[str, Sentence]] = {}
    for name, known in tables.items():
        found[name] = dict(known)
        given = tree.get(name, {})
        if not isinstance(given, Mapping):
            faults.append(f"{name}: must be a table")
            continue
        for sentence, words in given.items():
            wrong = list(_faults(sentence, words, known))
            faults += [f"{name}.{sentence}{why}" for why in wrong]
            if not wrong:
                found[name][sentence] = _over(known[sentence], words)
    if faults:
        raise WordingError("; ".join(sorted(faults)))
    return Wording(found["notices"], found["answers"])


def _over(known: Sentence, words: Mapping[str, str]) -> Sentence:
    forgotten = {
        f"{language}_short": ""
        for language in LANGUAGES
        if language in words and f"{language}_short" not in words
    }
    return replace(known, **forgotten, **words)


def _faults(name: str, words: Any, known: Mapping[str, Sentence]) -> Iterator[str]:
    if name not in known:
        yield f": no such sentence; legal: {', '.join(sorted(known))}"
        return
    if not isinstance(words, Mapping):
        yield f": must be a table of {', '.join(KINDS)}"
        return
    for kind, text in words.items():
        if kind not in KINDS:
            yield f".{kind}: legal are {', '.join(KINDS)}"
        elif not isinstance(text, str) or not text.strip():
            yield f".{kind}: must be a sentence"
        else:
            yield from (f".{kind}: {why}" for why in strange_places(name, text))


def strange_places(name: str, text: str) -> Iterator[str]:
    """Say which placeholders of a sentence nobody fills, and what is broken."""
    legal = PLACES.get(name, frozenset()) | {"code"}
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        yield f"a brace is not closed, or stands alone ({error})"
        return
    for _, place, form, conversion in parts:
        if place is None:
            continue
        if place not in legal or form or conversion:
            shown = ", ".join(f"{{{one}}}" for one in sorted(legal))
            yield f"unknown placeholder {{{place}}}; legal: {shown}"
