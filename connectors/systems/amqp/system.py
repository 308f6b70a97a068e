"""An agency's AMQP broker as a system of the hub."""

import json
from collections.abc import Sequence
from typing import Self

import pika

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Listener,
    Pending,
    Skipped,
    System,
)
from connectors.errors import OutcomeUnknown, Refused
from connectors.protocols.records.paths import pick
from connectors.protocols.records.words import as_reference
from connectors.systems.amqp import words
from connectors.systems.amqp.address import parameters
from connectors.systems.amqp.call import NoAnswer
from connectors.systems.amqp.fit import require_fit
from connectors.systems.amqp.listener import UpdateListener
from connectors.systems.amqp.publisher import Publisher
from connectors.systems.amqp.settings import Acknowledgement, AmqpSettings
from connectors.systems.amqp.updates import UpdateReader
from schemas.agency import AgencyManifest, OrderBy
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt

ASKED = b"asked"
"""Progress of a hand-over that the broker has and the agency did not answer yet."""


class AmqpSystem(System):
    """Publishes to one agency's broker and consumes from it; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: AmqpSettings,
        way: pika.ConnectionParameters,
    ) -> None:
        self._manifest = manifest
        self._settings = settings
        self._way = way
        self._seconds = manifest.limits.deadline_seconds
        answers = settings.acknowledgement is not None
        self._publisher = Publisher(way, hears_answers=answers)
        self._reader = UpdateReader(manifest, settings.update)

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = AmqpSettings.model_validate(manifest.settings)
        require_fit(manifest, settings)
        seconds = manifest.limits.deadline_seconds
        return cls(manifest, settings, parameters(settings, "hub", seconds=seconds))

    def close(self) -> None:
        """Hang up; a later delivery connects anew."""
        self._publisher.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the manifest says that the agency's program can do."""
        return Capabilities(
            honours_key=self._settings.honours_key,
            finds=False,
            sends=self._settings.send is not None,
            coalesces=False,
            files=self._settings.files,
            shows_files=not self._settings.submit.fields,
            pushes=self._settings.updates is not None,
        )

    def submit(self, delivery: Delivery) -> Done | Pending:
        """Hand a complaint over; done once the broker has it, in a queue.

        The reference is our public number, or what the agency's program answers.
        Raises the errors of `connectors.errors`.
        """
        wanted = self._settings.acknowledgement
        ours = "" if wanted is not None else _public_number(delivery)
        message = words.hand_over(self._settings, delivery)
        try:
            answer = self._publisher.publish(message, self._seconds)
        except NoAnswer:
            again = wanted.ask_again_seconds if wanted else 0
            return Pending(progress=ASKED, poll_after_seconds=again)
        if wanted is None:
            return Done(reference=ours)
        return Done(reference=_reference(wanted, answer), response=answer)

    def send(self, delivery: Delivery) -> Done | Skipped:
        """Tell of one later event; raises the errors of `connectors.errors`."""
        chosen = self._settings.send
        if chosen is None:
            return Skipped(why="the agency's broker takes no later events")
        if len(delivery.events) != 1:
            why = "a message tells of one event"
            raise Refused(why, fingerprint="amqp many events")
        self._publisher.publish(
            words.told(self._settings, chosen, delivery), self._seconds
        )
        return Done(reference=delivery.reference)

    def find(self, delivery: Delivery) -> CannotTell:
        """Say that a broker cannot be asked what became of a message."""
        del delivery
        return CannotTell(why="a broker cannot be asked what became of a message")

    def listeners(self) -> Sequence[Listener]:
        """The consumer of the agency's updates, where a queue is declared."""
        settings = self._settings.updates
        if settings is None:
            return ()
        seconds = self._manifest.limits.deadline_seconds
        one_by_one = self._manifest.order_by is OrderBy.ARRIVAL
        listener = UpdateListener(
            self._manifest.name,
            parameters(self._settings, "hub updates", seconds=seconds),
            settings,
            one_by_one=one_by_one,
        )
        return (listener,)

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one message into bodies of single records; pure."""
        return self._reader.split(entry.raw)

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Map one raw message to updates; pure; never raises for bad content."""
        return self._reader.read(entry.raw)


def _public_number(delivery: Delivery) -> str:
    number = str(delivery.complaint.get("public_number", ""))
    if not number:
        why = "the complaint has no public number, which would be its reference"
        raise Refused(why, fingerprint="amqp no public number")
    return number


def _reference(wanted: Acknowledgement, answer: bytes) -> str:
    try:
        found = as_reference(pick(json.loads(answer), wanted.reference))
    except (ValueError, RecursionError):
        found = ""
    if not found:
        why = f"was answered without a reference at {wanted.reference}"
        fingerprint = "amqp no reference"
        raise OutcomeUnknown(why, fingerprint=fingerprint, response=answer)
    return found
