"""Fields that another reading would change: what is put right, and what stays."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import File
from hub.domain.lifecycle import OPEN
from hub.domain.readings import REPORTER, Became, FileMark, Kept, Now

CORRECTABLE = frozenset(
    {"title", "body", "place_text", "landmark", "incident_on", "text"}
)
"""What one more event puts right."""
FLAGS = ("anonymous", "confidential")
CLASSES = {"report_type": "--type", "category": "--category"}
"""What an official sets -> the option that does."""
CLEAR = frozenset({*FLAGS, *CLASSES, "incident_on", "language", "region"})
"""Fields whose values are codes and dates: whoever operates may see them."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that is read otherwise."""

    name: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)
    why_kept: str = ""
    """Why it stays as it is; empty: it is put right."""

    @property
    def applies(self) -> bool:
        """True when an event puts it right."""
        return not self.why_kept


def differences(what: Became, kept: Kept, now: Now) -> Iterable[FieldChange]:
    """Name what differs between what is kept of a message and what it says now."""
    over = "" if kept.status in OPEN else f"the complaint is {kept.status}"
    if kept.is_followers:  # what we would write went with the wrong erasure
        over = "it is of the reporter of another complaint, that follows this one"
    before, after = kept.values, now.values
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            why = over or _why_kept(what, name, new, kept.decided)
            yield FieldChange(name, old, new, why)
    for name in REPORTER if what is Became.COMPLAINT else ():
        old, new = kept.reporter.get(name), now.reporter.get(name)
        if old != new:
            why = "what is kept of a person is not changed by reading"
            yield FieldChange(f"reporter.{name}", old, new, why)
    yield from _files(what, kept, now, over)


def _why_kept(what: Became, name: str, new: Any, decided: frozenset[str]) -> str:
    if what is Became.COMMENT:
        return "only its author may say it otherwise"
    if name in FLAGS:
        return "" if new else "the stricter flag stands"
    if name in decided:
        return "a person set it since"
    if name in CLASSES:
        return "an official sets it"
    if name not in CORRECTABLE:
        return "no event changes it afterwards"
    return "" if new else "words are not taken away"


def _files(what: Became, kept: Kept, now: Now, over: str) -> Iterable[FieldChange]:
    """Compare files by their content: those that are new are added, none goes."""
    old, new = _by_content(kept.files), _by_content(now.files)
    if old == new:
        return
    before, after = _names(kept.files), _names(now.files)
    why = over
    if not over and what is Became.COMMENT:
        why = "only its author may say it otherwise"
    elif not over and not new.keys() - old.keys():
        why = "a file that was told of keeps its name, and is not taken away"
    yield FieldChange("files", before, after, why)


def _by_content(files: Iterable[FileMark]) -> dict[bytes, set[tuple[str, str]]]:
    found: dict[bytes, set[tuple[str, str]]] = {}
    for file in files:
        found.setdefault(file.digest, set()).add((file.name, file.media_type))
    return found


def _names(files: Iterable[FileMark]) -> tuple[str, ...]:
    return tuple(sorted(file.name for file in files))


def new_files(kept: Kept, files: Sequence[File]) -> tuple[File, ...]:
    """Choose the files whose content is not kept yet, each once."""
    known = {mark.digest for mark in kept.files}
    found: dict[bytes, File] = {}
    for file in files:
        digest = FileMark.of(file).digest
        if digest not in known:
            found.setdefault(digest, file)
    return tuple(found.values())


def measured(change: FieldChange) -> dict[str, Any]:
    """Describe a change without anybody's words: lengths, and counts of words."""
    if change.name in CLEAR:
        return {"before": change.before, "after": change.after}
    if change.name == "files":
        return {"files": [len(change.before), len(change.after)]}
    old, new = str(change.before or ""), str(change.after or "")
    before, after = Counter(old.split()), Counter(new.split())
    return {
        "characters": [len(old), len(new)],
        "words": [before.total(), after.total()],
        "words_gone": (before - after).total(),
        "words_new": (after - before).total(),
    }
