"""Reads updates as the system of an invented agency."""

import json
from typing import Any

from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt
from tests.unit.connectors.rest.builders import entry, system

GOOD: dict[str, Any] = {
    "nomor": "PUPR-26-000123",
    "status": "Dikerjakan",
    "waktu": "2026-11-24 10:00:00",
    "urutan": 3,
    "id": "evt-17",
    "catatan": "Tim sudah di lokasi.",
}


Record = AgencyUpdate | AgencyComplaint | Corrupt


def read(message: Any, **options: Any) -> list[Record]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    with system(**options) as rest:
        return list(rest.read(entry(body)))


def read_one(**changes: Any) -> Record:
    (found,) = read({"items": [{**GOOD, **changes}]})
    return found


def code_of(found: Record) -> str:
    assert isinstance(found, Corrupt)
    return found.code
