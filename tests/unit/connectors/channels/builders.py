"""Small things that most tests of channels need, with sensible defaults."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from connectors.channels.email import EmailChannel
from connectors.channels.email.raw import raw_message
from connectors.channels.sms import SmsChannel
from connectors.channels.web import WebChannel
from connectors.contract import (
    Contact,
    Delivery,
    EventView,
    HttpRequest,
    Ignored,
    Item,
    New,
    Query,
    Reply,
)
from schemas.complaint import NewComplaint
from schemas.raw import JournalEntry, RawMessage

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DOMAIN = "simpul.example"
MAILBOX = f"lapor@{DOMAIN}"
CITIZEN = "sari@warga.example"
PHONE = "+628120001234"
SECRET = "gateway-secret"
CODE = "ABCD-EFGH-J"
KEY = "0123456789abcdef0123456789abcdef01234567"


def email_channel(**changes: Any) -> EmailChannel:
    config = {"domain": DOMAIN, "relay": "127.0.0.1:9"}
    return EmailChannel.from_config(config | changes)


def gateway(**changes: Any) -> dict[str, Any]:
    return {
        "secret": SECRET,
        "send_url": "http://127.0.0.1:9/send",
        "send_secret": "hub-secret",
        "line": "1708",
    } | changes


def sms_channel(**changes: Any) -> SmsChannel:
    return SmsChannel.from_config({"gateways": {"nusa": gateway()}} | changes)


def web_channel() -> WebChannel:
    return WebChannel.from_config({})


def entry(raw: RawMessage) -> JournalEntry:
    return JournalEntry(journal_id="j1", received_at=NOW, raw=raw)


def mail(
    body: str = "Lampu jalan di Kampung Melati padam sejak Senin.",
    *,
    subject: str = "Lampu jalan padam",
    sender: str = f"Sari Wulandari <{CITIZEN}>",
    to: str = MAILBOX,
    **headers: str,
) -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<satu@warga.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def read_mail(body: bytes, *, sender: str = CITIZEN, to: str = MAILBOX) -> Item:
    raw = raw_message(body, sender=sender, recipients=[to], remote="192.0.2.1")
    return only(email_channel().normalise(entry(raw)))


def read_letter(text: str, **headers: str) -> Item:
    """Read a mail of plain text with the given headers."""
    return read_mail(mail(text, **headers))


def sms_request(
    body: bytes | Mapping[str, Any],
    *,
    path: str = "/channels/sms/nusa",
    secret: str = SECRET,
    content_type: str = "application/json",
) -> HttpRequest:
    content = body if isinstance(body, bytes) else json.dumps(dict(body)).encode()
    return request(
        "POST", path, content, content_type, authorization=f"Bearer {secret}"
    )


def web_request(
    body: bytes | Mapping[str, Any],
    *,
    path: str = "/api/v1/complaints",
    key: str = "7f9c2d1a-key",
    content_type: str = "application/json",
) -> HttpRequest:
    content = body if isinstance(body, bytes) else json.dumps(dict(body)).encode()
    return request("POST", path, content, content_type, **{"idempotency-key": key})


def request(
    method: str, path: str, body: bytes, content_type: str, **headers: str
) -> HttpRequest:
    return HttpRequest(
        method=method,
        path=path,
        query={},
        headers={"content-type": content_type, **headers},
        body=body,
    )


def delivery(*notices: str, **changes: Any) -> Delivery:
    events = tuple(
        EventView(
            event_id=f"e{number}",
            type="work_started",
            occurred_at=NOW,
            status="in_progress",
            notice=(text, f"(en) {text}"),
        )
        for number, text in enumerate(notices or ("Dinas mulai menangani laporan.",))
    )
    values: dict[str, Any] = {
        "party": "reporter:email",
        "key": KEY,
        "complaint": {},
        "events": events,
        "contact": Contact(address=CITIZEN, name="Sari Wulandari"),
        "code": CODE,
    }
    return Delivery(**values | changes)


def only(items: Any) -> Item:
    (item,) = items
    found: Item = item
    return found


def complaint_of(item: Item) -> NewComplaint:
    assert isinstance(item, New), item
    return item.complaint


def reply_of(item: Item) -> Reply:
    assert isinstance(item, Reply), item
    return item


def query_of(item: Item) -> Query:
    assert isinstance(item, Query), item
    return item


def ignored_of(item: Item) -> Ignored:
    assert isinstance(item, Ignored), item
    return item
