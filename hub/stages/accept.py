"""Accepting: the raw message is committed before its sender is answered."""

from connectors.contract import Receiptful
from hub import telemetry
from hub.ports import Journal
from schemas.raw import RawMessage


class Accept:
    """Blocking, per message; the journal commits in groups."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, raw: RawMessage) -> Receiptful:
        """Commit one raw message and say what the sender may be told.

        Raises StoreUnavailableError (a ConnectionError) when nothing was stored.
        """
        receipt = self._journal.accept(raw)
        telemetry.received.labels(source=raw.source).inc()
        telemetry.log.info(
            "message_accepted",
            source=raw.source,
            lane=raw.lane,
            journal_id=receipt.journal_id,
            state=receipt.state,
            size_b=len(raw.body),
        )
        return receipt
