"""Manifests, deliveries and updates of an invented agency."""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Delivery, EventView, HttpRequest
from connectors.systems.rest import RestSystem
from schemas.agency import AgencyManifest, Limits
from schemas.raw import JournalEntry, RawMessage

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests only").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another one of the tests").decode()
FIND = {"path": "/cases", "parameter": "kunci", "items": "data", "reference": "nomor"}

SETTINGS: dict[str, Any] = {
    "base_url": "http://127.0.0.1:9",
    "auth": {"kind": "bearer", "token": "t0ken"},
    "submit": {
        "path": "/cases",
        "key_field": "kunci",
        "reference": "data.nomor",
        "fields": {
            "judul": "title",
            "isi": "body",
            "pelapor.nama": "reporter.name",
            "wilayah": "region.code",
            "sumber": "=simpul",
        },
    },
    "find": FIND,
    "send": {
        "path": "/cases/{reference}/events",
        "items": "peristiwa",
        "key_field": "kunci",
        "fields": {"id": "event_id", "jenis": "type", "isi": "text"},
    },
    "find_event": {**FIND, "path": "/events"},
    "webhook": {"secret": SECRET},
    "update": {
        "items": "items",
        "reference": "nomor",
        "status": "status",
        "time": "waktu",
        "sequence": "urutan",
        "event_id": "id",
        "text": "catatan",
    },
}
STATUSES = {
    "Diterima": "acknowledged",
    "Dikerjakan": "work_started",
    "Bukan Wewenang": "return_requested",
}


def manifest(
    settings: Mapping[str, Any] | None = None, **fields: Any
) -> AgencyManifest:
    chosen: dict[str, Any] = {
        "name": "dinas_contoh",
        "title": "Dinas Contoh",
        "system": "rest",
        "allow": ("title", "body", "region", "reporter.name", "attachments"),
        "limits": Limits(deadline_seconds=0.5),
        "egress": {"networks": ("127.0.0.0/8",)},
        "statuses": STATUSES,
        "settings": {**SETTINGS, **(settings or {})},
    }
    return AgencyManifest(**{**chosen, **fields})


@contextmanager
def system(
    base_url: str = "http://127.0.0.1:9",
    *,
    without: tuple[str, ...] = (),
    manifest_fields: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Iterator[RestSystem]:
    made = manifest({"base_url": base_url, **settings}, **(manifest_fields or {}))
    kept = {k: v for k, v in made.settings.items() if k not in without}
    rest = RestSystem.from_manifest(made.model_copy(update={"settings": kept}))
    try:
        yield rest
    finally:
        rest.close()


def delivery(**fields: Any) -> Delivery:
    chosen: dict[str, Any] = {
        "party": "dinas_contoh",
        "key": "k-1",
        "complaint": {
            "title": "Jalan berlubang",
            "body": "Di depan pasar Sukamaju.",
            "reporter": {"name": "Ibu Contoh"},
        },
        "events": (),
    }
    return Delivery(**{**chosen, **fields})


def event(**fields: Any) -> EventView:
    chosen: dict[str, Any] = {
        "event_id": "e-1",
        "type": "reporter_replied",
        "occurred_at": datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
        "status": "in_progress",
    }
    return EventView(**{**chosen, **fields})


def entry(body: bytes) -> JournalEntry:
    raw = RawMessage(
        source="agency:dinas_contoh",
        lane="updates.dinas_contoh",
        source_key="msg-1",
        body=body,
    )
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    return JournalEntry(journal_id="j-1", received_at=moment, raw=raw)


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def pushed(
    body: bytes,
    *,
    secret: str = SECRET,
    webhook_id: str = "msg-1",
    age_seconds: int = 0,
    **headers: str,
) -> HttpRequest:
    timestamp = int(time.time()) - age_seconds
    signed = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, webhook_id, timestamp, body),
    }
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return HttpRequest(
        method="POST",
        path="/agencies/dinas_contoh/updates",
        query={},
        headers={**signed, **named},
        body=body,
    )
