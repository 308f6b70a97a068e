"""Golden cases: what an agency's file must make of a complaint, and of an update.

Each is a JSON file in the folder `golden` beside the agency's file: `complaint` with
the `expected` body, or `update` with the `expected` list of what is read of it. Of an
update only the fields that are expected are compared.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.contract import System
from connectors.errors import ConnectorError
from connectors.kit.receiver import read_all
from connectors.kit.sample import hand_over
from connectors.protocols.http.tap import Exchange, listening
from schemas.agency import AgencyManifest
from schemas.raw import RawMessage

FOLDER = "golden"
FIRST = "complaint.json"
"""The case that a scaffold writes."""
KEY = "golden"
"""The idempotency key of every golden hand-over."""
SHAPE = "has `complaint` or `update`, and `expected`"


def golden_cases(folder: Path) -> list[Path]:
    """Name the golden cases of an agency, in order."""
    return sorted((folder / FOLDER).glob("*.json"))


def differences(path: Path, manifest: AgencyManifest, system: System) -> list[str]:
    """Say how one case comes out otherwise than expected; sends nothing."""
    try:
        case = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return [f"cannot be read as JSON: {error}"]
    if not isinstance(case, dict) or "expected" not in case:
        return [f"a golden case {SHAPE}"]
    if isinstance(case.get("complaint"), dict):
        got = body_of(manifest, system, case["complaint"])
        return list(_compared("", case["expected"], got))
    if "update" in case:
        return list(_compared_updates(case["expected"], _read(manifest, system, case)))
    return [f"a golden case {SHAPE}"]


def calls_of(
    manifest: AgencyManifest, system: System, complaint: Mapping[str, Any], key: str
) -> list[Exchange]:
    """Return the calls by which a complaint would be handed over; sends nothing."""
    # Nothing is answered that means anything.
    with listening(dry=True) as heard, suppress(ConnectorError):
        system.submit(hand_over(manifest, complaint, key=key))
    return heard.exchanges


def body_of(
    manifest: AgencyManifest, system: System, complaint: Mapping[str, Any]
) -> Any:
    """Return the body that would be sent: parsed where it is JSON, else its text."""
    calls = calls_of(manifest, system, complaint, KEY)
    body = calls[-1].body if calls else None
    try:
        return json.loads(body or b"null")
    except ValueError:
        return (body or b"").decode("utf-8", "replace")


def accept(
    folder: Path, manifest: AgencyManifest, system: System, given: Mapping[str, Any]
) -> Path:
    """Write what is sent of a complaint now as the golden case of an agency.

    Whoever accepts it has read it; returns the file. Sends nothing.
    """
    path = folder / FOLDER / "complaint.json"
    expected = body_of(manifest, system, given)
    case = {"complaint": dict(given), "expected": expected}
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(case, indent=2, ensure_ascii=False, default=str)
    path.write_text(f"{text}\n", "utf-8")
    return path


def _read(
    manifest: AgencyManifest, system: System, case: Mapping[str, Any]
) -> list[dict[str, Any]]:
    update = case["update"]
    text = update if isinstance(update, str) else json.dumps(update)
    raw = RawMessage(
        source=f"agency:{manifest.name}",
        lane=f"updates.{manifest.name}",
        source_key=KEY,
        body=text.encode(),
        content_type="application/json",
    )
    return [one.model_dump(mode="json") for one in read_all(system, raw)]


def _compared_updates(expected: Any, got: list[dict[str, Any]]) -> Iterator[str]:
    if not isinstance(expected, list) or len(expected) != len(got):
        yield f"expected a list like the {len(got)} records that were read"
        return
    for number, (one, other) in enumerate(zip(expected, got, strict=True)):
        seen = {name: other.get(name) for name in one}
        yield from _compared(f"{number}", one, seen)


def _compared(place: str, expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in dict.fromkeys([*expected, *got]):
            below = f"{place}.{name}" if place else str(name)
            if name not in got:
                yield f"{below}: expected and not there"
            elif name not in expected:
                yield f"{below}: there and not expected"
            else:
                yield from _compared(below, expected[name], got[name])
    elif expected != got:
        yield f"{place or 'the body'}: expected {_short(expected)}, got {_short(got)}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:120]
