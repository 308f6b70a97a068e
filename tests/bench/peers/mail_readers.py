"""Readers of mails as users write them: forty lines over a library."""

import hashlib
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import mailparser


def standard_library(raw: bytes) -> dict[str, object]:
    """Read with `email.policy.default`, its body and its attachments."""
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("plain", "html"))
    files = []
    for part in mail.iter_attachments():
        content = part.get_content()
        data = content if isinstance(content, bytes) else bytes(part)
        digest = hashlib.sha256(data).hexdigest()
        files.append((part.get_filename(), part.get_content_type(), digest))
    return {
        "subject": mail["subject"],
        "from": [(a.display_name, a.addr_spec) for a in _addresses(mail, "from")],
        "to": [(a.display_name, a.addr_spec) for a in _addresses(mail, "to")],
        "date": mail["date"] and mail["date"].datetime,
        "message_id": mail["message-id"],
        "text": body.get_content() if body else "",
        "attachments": files,
    }


def mail_parser(raw: bytes) -> dict[str, object]:
    """Read with mail-parser."""
    mail = mailparser.parse_from_bytes(raw)
    return {
        "subject": mail.subject,
        "from": mail.from_,
        "to": mail.to,
        "date": mail.date,
        "message_id": mail.message_id,
        "text": mail.body,
        "attachments": mail.attachments,
    }


def _addresses(mail: EmailMessage, name: str) -> tuple[Any, ...]:
    header = mail[name]
    return tuple(header.addresses) if header else ()
