"""One mail as the reader sees it: for people who ask what it makes of a file."""

import hashlib
from collections.abc import Iterable
from typing import Any

from connectors.protocols.mail.dates import read_date
from connectors.protocols.mail.headers import Mailbox
from connectors.protocols.mail.machine import Kind, find_machine, look_at
from connectors.protocols.mail.parts import read_mail
from connectors.protocols.mail.spans import split_reply


def parse(raw: bytes, *, own_domain: str = "") -> dict[str, Any]:
    """Read any bytes as a mail; JSON values; never raises.

    Keys: subject, from, to, cc (name, address), date (ISO 8601, or null), message_id,
    text (all of it), reply, quoted, signature (what it is divided into), attachments
    (filename, content_type, size in bytes, sha256), classification, rule (which
    decided it), defects (codes).
    """
    mail = read_mail(raw)
    headers = mail.headers
    split = split_reply(mail.text)
    machine = find_machine(look_at(mail, own_domain, None))
    date = read_date(headers.text("date"))
    return {
        "subject": headers.text("subject"),
        "from": _boxes(headers.mailboxes("from")),
        "to": _boxes(headers.mailboxes("to")),
        "cc": _boxes(headers.mailboxes("cc")),
        "date": date.isoformat() if date else None,
        "message_id": headers.text("message-id"),
        "text": mail.text,
        "reply": split.reply,
        "quoted": split.quoted,
        "signature": split.signature,
        "attachments": [
            {
                "filename": name,
                "content_type": file.media_type,
                "size": len(file.content),
                "sha256": hashlib.sha256(file.content).hexdigest(),
            }
            for name, file in zip(mail.file_names, mail.files, strict=True)
        ],
        "classification": str(machine.kind if machine else Kind.HUMAN),
        "rule": machine.rule if machine else "",
        "defects": list(mail.defects),
    }


def _boxes(boxes: Iterable[Mailbox]) -> list[dict[str, str]]:
    return [{"name": box.name, "address": box.address} for box in boxes]
