"""Mails that come in through the real channel and the real stage, on a real store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from uuid_utils.compat import uuid7

from connectors.channels.email import EmailChannel
from connectors.channels.email.raw import raw_message
from connectors.contract import Item
from hub.database import tables as t
from hub.domain.capping import Caps
from hub.stages.answering import Manner
from hub.stages.intake import Intake
from schemas.agency import RoutingTable
from schemas.raw import JournalEntry
from tests.contract.builders import MAIL
from tests.contract.world import World

DOMAIN, SERVER = "simpul.example", "mx.simpul.example"
MAILBOX = f"lapor@{DOMAIN}"
SARI, STRANGER = "sari@warga.example", "orang@lain.example"
PASSED = f"{SERVER}; dmarc=pass (p=reject) header.from=warga.example"
HOP = f"from luar.example (luar.example [192.0.2.7]) by {SERVER} with ESMTPS id 1"


def letter(
    body: str = "Lampu jalan di Kampung Melati padam sejak Senin.",
    *,
    sender: str = f"Sari Wulandari <{SARI}>",
    to: str = MAILBOX,
    subject: str = "Lampu jalan padam",
    above: Sequence[tuple[str, str]] = (),
    **headers: str,
) -> bytes:
    """Write a mail; `above` is what servers put on top of it."""
    mail = EmailMessage()
    for name, value in above:
        mail[name] = value
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"] = headers.pop("message_id", make_msgid(domain="warga.example"))
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes()


VERIFIED = (("Authentication-Results", PASSED), ("Received", HOP))
CLAIMED = (("Received", HOP),)


@dataclass
class Post:
    """The way of mails into one store; `channel` is the real one."""

    world: World
    caps: Caps = field(default_factory=Caps)
    config: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {"domain": DOMAIN, "relay": "127.0.0.1:9", "trusted_authserv": [SERVER]}
        self.channel = EmailChannel.from_config(given | self.config)
        self.intake = Intake(
            self.world.store.journal,
            self,
            RoutingTable(),
            {},
            frozenset({MAIL}),
            lambda: str(uuid7()),
            manner=Manner(caps=self.caps),
        )

    def run(self, channel: str, entry: JournalEntry) -> Sequence[Item]:
        del channel
        return self.channel.normalise(entry)

    def take(self, *bodies: bytes) -> list[Any]:
        """Let mails come in, worked as one batch; returns their journal rows."""
        ids = [
            self.world.store.journal.accept(
                raw_message(body, sender=SARI, recipients=[MAILBOX], remote="192.0.2.7")
            ).journal_id
            for body in bodies
        ]
        self.intake("intake.email", ids)
        return [self.world.row(t.journal, id=one) for one in ids]

    def take_one(self, body: bytes) -> Any:
        (row,) = self.take(body)
        return row

    def replay(self, row: Any) -> Any:
        """Let an operator bring a quarantined mail back to work."""
        assert self.world.store.quarantine.replay([row.id], "operator", "looked") == 1
        self.intake("intake.email", [row.id])
        return self.world.row(t.journal, id=row.id)

    def answers(self) -> list[tuple[str, str]]:
        """Every answer as (to whom, Indonesian words), in the order of their mails."""
        vault, found = self.world.store.vault, []
        for row in self.world.rows(t.answers):
            with self.world.store.db.read() as tx:
                key = vault.key(tx.conn, row.data_key_id)
            place = f"{row.journal_id}.{row.n}"
            contact = json.loads(key.open(f"answers|contact|{place}", row.contact))
            params = json.loads(key.open(f"answers|params|{place}", row.params))
            found.append((contact["email"], params["id"]))
        return found

    def events(self, complaint_id: str) -> list[str]:
        return [row.type for row in self.world.rows(t.log, complaint_id=complaint_id)]

    def decision(self, row: Any, name: str) -> tuple[str, dict[str, str]]:
        """Find the one decision of this name: its rule and its clear evidence."""
        (found,) = [one for one in row.trace if one["decision"] == name]
        return found["rule"], found["evidence"]
