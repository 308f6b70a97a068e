"""How messages that were read anew are shown: as one document, or line by line."""

import json
from collections import Counter
from typing import Any

import click

from hub.cli.output import counted, plain, say, show
from hub.domain.reread_fields import FieldChange, measured
from hub.domain.rereading import APPLICABLE, Change
from hub.stages.replay import Found

COUNTED_ONLY = frozenset({Change.UNCHANGED, Change.ERASED})
"""Nothing is to be said of each."""
_NOT_MEASURED = frozenset({"field", "applies", "why_kept", "before", "after"})
MEANINGS: dict[Change, str] = {
    Change.UNCHANGED: "read as before",
    Change.WORK_AGAIN: "the ordinary way once more",
    Change.CORRECT: "put right by one more event",
    Change.FOR_OFFICER: "for an officer, with what to type",
    Change.STANDS: "read otherwise, and left",
    Change.READER_FAILED: "not read, and left: the reader failed",
    Change.ERASED: "erased, and left out",
    Change.CLOSED: "not opened: restore the key ring",
}


class Tale:
    """Tells of each message as it comes, and counts; memory does not grow."""

    def __init__(self, *, as_json: bool, with_words: bool) -> None:
        self._as_json = as_json
        self._with_words = with_words
        self._told = 0
        self.changes: Counter[str] = Counter()
        self.applied = 0

    @property
    def applicable(self) -> int:
        """How many messages something follows from."""
        return sum(self.changes[change] for change in APPLICABLE)

    def tells(self, found: Found) -> bool:
        """Tell whether a message is shown by itself."""
        return found.verdict.change not in COUNTED_ONLY

    def tell(self, found: Found) -> None:
        """Count one message, and show it where something is to be said."""
        self.changes[found.verdict.change] += 1
        self.applied += found.is_applied
        if not self.tells(found):
            return
        row = document(found, with_words=self._with_words)
        if self._as_json:
            begin = "," if self._told else '{"messages": ['
            click.echo(f"{begin}\n{json.dumps(row, default=plain, ensure_ascii=False)}")
        else:
            click.echo("\n".join(_lines(row)))
        self._told += 1

    def end(self, *, dry: bool) -> None:
        """Close with what was counted."""
        counts = {str(change): self.changes[change] for change in MEANINGS}
        summary = {
            "read": self.changes.total(),
            "changes": counts,
            "applied": self.applied,
            "dry_run": dry,
        }
        if self._as_json:
            begin = "\n]" if self._told else '{"messages": []'
            click.echo(f'{begin}, "summary": {json.dumps(summary)}}}')
            return
        for change, meaning in MEANINGS.items():
            if self.changes[change] or change is Change.UNCHANGED:
                say(f"{counted(self.changes[change], 'message')}: {meaning}")


def document(found: Found, *, with_words: bool) -> dict[str, Any]:
    """Describe one message; without words it holds lengths and counts only."""
    past, verdict, was = found.past, found.verdict, found.past.was
    kept = was.kept if was is not None else None
    return {
        "id": past.row.id,
        "channel": past.channel,
        "received_at": past.row.received_at,
        "was": _name(was.what, was.rule) if was is not None else "",
        "now": _name(found.now.what, found.now.rule) if found.now is not None else "",
        "change": verdict.change,
        "why": verdict.why,
        "complaint": kept.public_number if kept is not None else "",
        "fields": [_field(one, with_words=with_words) for one in verdict.fields],
        "way_out": verdict.way_out,
        "applied": found.is_applied,
    }


def _name(what: str, rule: str) -> str:
    return f"{what} ({rule})" if rule else what


def _field(change: FieldChange, *, with_words: bool) -> dict[str, Any]:
    words = {"before": change.before, "after": change.after} if with_words else {}
    named = {"field": change.name, "applies": change.applies}
    return {**named, "why_kept": change.why_kept, **measured(change), **words}


def _lines(row: dict[str, Any]) -> list[str]:
    """Write one message for people."""
    names = ("id", "channel", "received_at")
    head = "  ".join(show(row[name]) for name in names)
    number = f"  complaint {row['complaint']}" if row["complaint"] else ""
    done = "applied: " if row["applied"] else ""
    lines = [f"{head}{number}", f"  {done}{row['change']}: {row['why']}".rstrip(": ")]
    if row["was"] != row["now"]:
        lines.append(f"  {row['was']} -> {row['now'] or 'unread'}")
    for field in row["fields"]:
        lines += _field_lines(field)
    if row["way_out"]:
        lines.append(f"  to type: {row['way_out']}")
    return lines


def _field_lines(field: dict[str, Any]) -> list[str]:
    measures = ", ".join(
        f"{name.replace('_', ' ')} {_pair(value)}"
        for name, value in field.items()
        if name not in _NOT_MEASURED
    )
    kept = f" ({field['why_kept']})" if field["why_kept"] else ""
    lines = [f"  {field['field']}: {measures}{kept}"]
    if "before" in field:
        lines += [f"    - {show(field['before'])}", f"    + {show(field['after'])}"]
    return lines


def _pair(value: Any) -> str:
    return f"{value[0]} -> {value[1]}" if isinstance(value, list) else str(value)
