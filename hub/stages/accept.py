"""Accepting: the raw message is committed before its sender is answered."""

from concurrent.futures import Future

from connectors.contract import Receiptful
from hub import telemetry
from hub.ports import Journal
from schemas.raw import RawMessage


class Accept:
    """Takes one message at a time; the journal commits in groups."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, raw: RawMessage) -> Receiptful:
        """Commit one raw message and say what the sender may be told; blocks.

        Raises StoreUnavailableError (a ConnectionError) when nothing was stored.
        """
        receipt = self._journal.accept(raw)
        self.note(raw, receipt)
        return receipt

    def soon(self, raw: RawMessage) -> "Future[Receiptful]":
        """Have one raw message committed; whoever awaits the receipt notes it.

        Raises StoreUnavailableError at once when too many wait already.
        """
        return self._journal.accept_soon(raw)

    @staticmethod
    def note(raw: RawMessage, receipt: Receiptful) -> None:
        """Count and log one message that was committed."""
        telemetry.received.labels(source=raw.source).inc()
        telemetry.log.info(
            "message_accepted",
            source=raw.source,
            lane=raw.lane,
            journal_id=receipt.journal_id,
            state=receipt.state,
            size_b=len(raw.body),
        )
