"""An invented complaint and what is told of it: what the bench sends."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from connectors.contract import Delivery, EventView, File
from schemas.agency import SHOWABLE, AgencyManifest
from schemas.catalogue import CATALOGUE, Audience

SAMPLE_FILE = "sample.json"

SAMPLE: Mapping[str, Any] = {
    "public_number": "SIM-2026-0000017",
    "type": "complaint",
    "title": "Lampu jalan padam di depan Pasar Sukamaju",
    "body": "Sudah tiga malam lampu jalan di depan Pasar Sukamaju padam. "
    "Mohon diperiksa. Ini laporan uji dari Simpul, bukan laporan warga.",
    "language": "id",
    "incident_on": "2026-11-20",
    "region": {"scheme": "kemendagri", "code": "32.76.01"},
    "place_text": "Jalan Melati 12, Sukamaju",
    "landmark": "seberang pasar",
    "latitude": -6.4025,
    "longitude": 106.7942,
    "category": {"scheme": "simpul", "code": "roads"},
    "channel": "web",
    "confidential": False,
    "received_at": "2026-11-24T02:00:00Z",
    "reporter": {
        "name": "Ibu Contoh Sukamaju",
        "email": "ibu.contoh@example.com",
        "phone": "+6281200000017",
        "address": "Jalan Melati 14, Sukamaju",
    },
    "attachments": [],
}
"""Nobody and nothing that there is."""

PICTURE = File(
    name="lampu.png",
    media_type="image/png",
    content=bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
        "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    ),
)


class SampleError(Exception):
    """A sample cannot be used; the text says why."""


def read_sample(path: Path) -> dict[str, Any]:
    """Read a complaint by the names of an allow-list; raises SampleError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: cannot be read as JSON: {error}"
        raise SampleError(msg) from error
    legal = {name.partition(".")[0] for name in SHOWABLE}
    if not isinstance(found, dict) or (unknown := sorted(set(found) - legal)):
        what = f"unknown {', '.join(unknown)}" if isinstance(found, dict) else "a list"
        msg = f"{path}: {what}; a complaint has: {', '.join(sorted(legal))}"
        raise SampleError(msg)
    return found


def sample_of(folder: Path) -> dict[str, Any]:
    """Return the agency's own sample, or the one of the kit; raises SampleError."""
    path = folder / SAMPLE_FILE
    return read_sample(path) if path.exists() else dict(SAMPLE)


def allowed(complaint: Mapping[str, Any], allow: Sequence[str]) -> dict[str, Any]:
    """Keep what the agency may see, as the hub does where data leaves."""
    shown: dict[str, Any] = {}
    for name in allow:
        above, _, below = name.partition(".")
        if above not in complaint:
            continue
        if not below:
            shown[above] = complaint[above]
        elif isinstance(complaint[above], Mapping) and below in complaint[above]:
            shown.setdefault(above, {})[below] = complaint[above][below]
    return shown


def hand_over(
    manifest: AgencyManifest,
    complaint: Mapping[str, Any],
    *,
    key: str = "",
    files: tuple[File, ...] = (),
) -> Delivery:
    """Make what the agency would be handed; a key of its own unless one is given."""
    return Delivery(
        party=manifest.name,
        key=key or f"bench-{uuid4().hex}",
        complaint=allowed(complaint, manifest.allow),
        events=(sample_event("assigned"),),
        files=files,
    )


def told(manifest: AgencyManifest, reference: str, kind: str) -> Delivery:
    """Make what the agency would be told of a later event."""
    return Delivery(
        party=manifest.name,
        key=f"bench-{uuid4().hex}",
        complaint=allowed(SAMPLE, manifest.allow),
        events=(sample_event(kind),),
        reference=reference,
    )


def sample_event(kind: str) -> EventView:
    """Make an event of a catalogued type."""
    to = CATALOGUE[kind].effect.to
    return EventView(
        event_id=str(uuid4()),
        type=kind,
        occurred_at=datetime.now(UTC),
        status=str(to or "in_progress"),
        by="simpul",
        words={"text": "Catatan uji dari Simpul."},
        notice=("Catatan uji.", "A test note."),
    )


def later_events(manifest: AgencyManifest) -> list[str]:
    """Name the event types that this agency is told by default or by its `wants`."""
    offices = {Audience.AGENCIES, Audience.LEG_AGENCY}
    wanted = manifest.wants
    return [
        name
        for name, row in CATALOGUE.items()
        if name != "assigned"
        and (row.wanted_by & offices if wanted is None else name in wanted)
    ]
