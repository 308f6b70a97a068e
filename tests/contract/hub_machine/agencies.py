"""Agencies that take complaints as they are told to, and speak of them as they like."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract import (
    Capabilities,
    Delivery,
    Done,
    HttpDoor,
    Pending,
    Skipped,
    System,
)
from schemas.agency import AgencyManifest, OrderBy
from schemas.events import AGENCY_EVENTS
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt
from tests.contract.delivery_machine.ledger import Effect, Ledger
from tests.contract.delivery_machine.party import Answer, Fate, ScriptedParty

PUPR, DISDUKCAPIL, DINKES = "dinas_pupr", "disdukcapil", "dinkes"
CAN = {
    PUPR: Capabilities(honours_key=True, coalesces=True),
    DISDUKCAPIL: Capabilities(finds=True),
    DINKES: Capabilities(),
}
"""One honours our key, one can be asked, one does neither."""
ORDER_BY = {
    PUPR: OrderBy.SEQUENCE,
    DISDUKCAPIL: OrderBy.TIME,
    DINKES: OrderBy.ARRIVAL,
}
MANIFESTS = {
    name: AgencyManifest(name=name, title=name, system="rest", order_by=order)
    for name, order in ORDER_BY.items()
}
WORDS = {name.upper(): name for name in sorted(AGENCY_EVENTS)}
"""The agencies' own words, each for one event."""
UNMAPPED = "DITEMPEL STIKER"
POISON = "MATI"
"""A word that ends the reader."""
RUBBISH = "???"
"""A record that is none."""
UNKNOWN_CASE = "REF-99"


@dataclass
class Record:
    """One update of an agency, with every row of the journal that brought it."""

    reference: str
    word: str
    body: dict[str, Any]
    rows: list[str] = field(default_factory=list)


class FakeAgency(ScriptedParty, System):
    """A `contract.System`: a scripted party that has cases, and updates of them."""

    def __init__(self, name: str, ledger: Ledger, fate: Fate) -> None:
        super().__init__(CAN[name], ledger, fate)
        self.name = name
        self.cases: dict[str, str] = {}
        """Its reference -> the hub's complaint."""
        self.told: dict[str, str] = {}
        """Complaint -> the status that it was told last."""
        self.said: list[Record] = []
        self._count = 0

    def doors(self) -> Sequence[HttpDoor]:
        """Updates are put into the journal by the machine."""
        return ()

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide a page of records."""
        tree = _tree(entry.raw.body)
        if isinstance(tree, list):
            return [json.dumps(one).encode() for one in tree]
        return [entry.raw.body]

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Read one record; one word ends the reader."""
        tree = _tree(entry.raw.body)
        if not isinstance(tree, dict) or "reference" not in tree:
            return [Corrupt(code="malformed", why="not a record")]
        word = tree["word"]
        if word == POISON:
            raise RuntimeError(word)
        if word not in WORDS:
            return [Corrupt(code="unmapped_status", why="nobody mapped it")]
        at = tree.get("at")
        return [
            AgencyUpdate(
                reference=tree["reference"],
                event_type=WORDS[word],
                raw_status=word,
                text=tree.get("text", ""),
                event_id=tree.get("id", ""),
                sequence=tree.get("sequence"),
                occurred_at=datetime.fromisoformat(at) if at else None,
            )
        ]

    def send(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Take later events of a case that it knows."""
        known = delivery.reference in self.cases
        self._ledger.expect(known, "told of a case that it was never given")
        return super().send(delivery)

    def say(self, reference: str, word: str, at: datetime, *, words: str) -> Record:
        """Let something happen in a case; what is said of it is kept."""
        self._count += 1
        body: dict[str, Any] = {"reference": reference, "word": word, "text": words}
        if word == RUBBISH:
            body = {"rubbish": self._count}
        match ORDER_BY[self.name]:
            case OrderBy.SEQUENCE:
                body |= {"id": f"e{self._count}", "sequence": self._count}
            case OrderBy.TIME:
                body |= {"at": at.isoformat()}
            case OrderBy.ARRIVAL:
                body |= {"id": f"e{self._count}", "at": at.isoformat()}
        known = (one for one in self.said if one.body == body)
        record = next(known, None) or Record(reference, word, body)
        if record not in self.said:
            self.said.append(record)
        return record

    def _commit(self, delivery: Delivery, answer: Answer) -> Effect:
        effect = super()._commit(delivery, answer)
        complaint = effect.events[0].complaint_id
        if not delivery.reference:
            self.cases[effect.reference] = complaint
        if not delivery.events[-1].late:
            self.told[complaint] = delivery.events[-1].status
        return effect


def _tree(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
