"""What another mapping would change in past traffic: names and counts, never values."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

NO_JSON = "(the whole body)"
Record = AgencyUpdate | AgencyComplaint | Corrupt


@dataclass(frozen=True)
class Composed:
    """What one mapping makes of one delivery."""

    body: bytes | None = field(default=None, repr=False)
    where: str = ""
    """Method and path."""
    fault: str = ""
    """Why nothing would be sent; empty when something would."""


@dataclass
class MappingChange:
    """Holds two mappings against each other; keeps counts."""

    deliveries: int = 0
    differ: int = 0
    fails_now: int = 0
    """Deliveries that the other mapping could not make."""
    fields: Counter[str] = field(default_factory=Counter)
    """`+name`, `-name` or `~name` (other value) -> in how many bodies."""
    faults: Counter[str] = field(default_factory=Counter)
    updates: int = 0
    read_otherwise: Counter[str] = field(default_factory=Counter)
    """`before -> after` -> in how many messages."""
    would_pass: int = 0
    """Messages in quarantine that the other mapping reads."""
    closed: int = 0
    """Messages and deliveries whose keys are gone."""
    complaints: set[str] = field(default_factory=set, repr=False)
    """Whose traffic would be another."""

    def document(self) -> dict[str, Any]:
        """Say what was counted; names and numbers only."""
        return {
            "deliveries": self.deliveries,
            "differ": self.differ,
            "fail_now": self.fails_now,
            "faults": dict(sorted(self.faults.items())),
            "fields": dict(sorted(self.fields.items())),
            "updates": self.updates,
            "read_otherwise": dict(sorted(self.read_otherwise.items())),
            "would_pass": self.would_pass,
            "closed": self.closed,
        }

    def delivery(self, complaint_id: str, old: Composed, new: Composed) -> None:
        """Compare one delivery."""
        self.deliveries += 1
        if new.fault and not old.fault:
            self.fails_now += 1
            self.faults[new.fault] += 1
        changed = list(field_changes(old.body, new.body))
        if old.where != new.where:
            changed.append("~(method and path)")
        if changed or old.fault != new.fault:
            self.differ += 1
            self.complaints.add(complaint_id)
        self.fields.update(changed)

    def update(
        self,
        complaint_id: str | None,
        old: Sequence[Record],
        new: Sequence[Record],
        *,
        quarantined: bool,
    ) -> None:
        """Compare how one message is read."""
        self.updates += 1
        before, after = meaning(old), meaning(new)
        if before != after:
            self.read_otherwise[f"{before} -> {after}"] += 1
            if complaint_id is not None:
                self.complaints.add(complaint_id)
        readable = bool(new) and not any(isinstance(one, Corrupt) for one in new)
        self.would_pass += quarantined and readable


def meaning(records: Iterable[Record]) -> str:
    """Name what a message means, without a word of it."""
    words = [
        one.event_type if isinstance(one, AgencyUpdate) else _other(one)
        for one in records
    ]
    return ", ".join(words) or "nothing"


def _other(record: AgencyComplaint | Corrupt) -> str:
    return record.code if isinstance(record, Corrupt) else "a complaint of its own"


def field_changes(old: bytes | None, new: bytes | None) -> list[str]:
    """Name the fields that differ between two bodies, each once, in order."""
    if old == new:
        return []
    before, after = _fields(old), _fields(new)
    if before is None or after is None:
        return [f"~{NO_JSON}"]
    return [
        *(f"+{name}" for name in sorted(after.keys() - before.keys())),
        *(f"-{name}" for name in sorted(before.keys() - after.keys())),
        *(
            f"~{name}"
            for name in sorted(before.keys() & after.keys())
            if before[name] != after[name]
        ),
    ]


def _fields(body: bytes | None) -> dict[str, list[Any]] | None:
    """Flatten JSON to dotted names; items of lists share one."""
    if body is None:
        return {}
    try:
        document = json.loads(body)
    except ValueError:
        return None
    found: dict[str, list[Any]] = {}
    _flatten(document, "", found)
    return found


def _flatten(value: Any, name: str, found: dict[str, list[Any]]) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _flatten(item, f"{name}.{key}" if name else str(key), found)
    elif isinstance(value, list):
        for item in value:
            _flatten(item, f"{name}[]", found)
    else:
        found.setdefault(name, []).append(value)


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Add two documents of counts, name by name."""
    found = dict(one)
    for name, value in other.items():
        if isinstance(value, Mapping):
            found[name] = dict(Counter(found.get(name, {})) + Counter(value))
        else:
            found[name] = found.get(name, 0) + value
    return found
