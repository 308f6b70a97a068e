"""An agency's mailbox as a system of the hub."""

from collections.abc import Sequence
from email.utils import formatdate
from typing import Self

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    System,
)
from connectors.errors import Refused
from connectors.protocols.mail.relay import hand_over
from connectors.systems.email.menu import menu_of
from connectors.systems.email.reading import read_answer
from connectors.systems.email.settings import EmailSettings
from connectors.systems.email.writing import case_mail, news_mail
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt

NAME_SIGNS_MAX = 24
"""A longer name of an agency leaves no room in an address."""


class EmailSystem(System):
    """Mails cases to one agency, and reads what its officers answer.

    The id of a case is our public number: a mailbox has none of its own.
    """

    def __init__(self, manifest: AgencyManifest, settings: EmailSettings) -> None:
        self._settings = settings
        self._menu = menu_of(manifest.statuses)
        self._relay = settings.relay_server(manifest.limits.deadline_seconds)

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = EmailSettings.model_validate(manifest.settings)
        if len(manifest.name) > NAME_SIGNS_MAX:
            msg = f"name: at most {NAME_SIGNS_MAX} signs, it stands in an address"
            raise ValueError(msg)
        if "public_number" not in manifest.allow:
            msg = "allow: 'public_number' is missing; the mails name the case by it"
            raise ValueError(msg)
        if not manifest.statuses:
            msg = "statuses: the words that officers may answer with are missing"
            raise ValueError(msg)
        return cls(manifest, settings)

    @property
    def capabilities(self) -> Capabilities:
        """SMTP has neither key nor look-up; one repetition has the same Message-ID."""
        return Capabilities(
            coalesces=True, resends_once=True, files="upload", pushes=True
        )

    def submit(self, delivery: Delivery) -> Done:
        """Mail a case; raises the errors of `connectors.errors`."""
        reference = str(delivery.complaint.get("public_number") or "").lower()
        if not reference:
            why = "the case has no public number"
            raise Refused(why, fingerprint="email no number")
        mail = case_mail(self._settings, self._menu, delivery, reference, formatdate())
        return Done(reference=reference, response=self._hand_over(mail))

    def send(self, delivery: Delivery) -> Done:
        """Mail what is new in a case; raises the errors of `connectors.errors`."""
        mail = news_mail(self._settings, self._menu, delivery, formatdate())
        return Done(reference=delivery.reference, response=self._hand_over(mail))

    def find(self, delivery: Delivery) -> CannotTell:
        """Tell that nobody can be asked."""
        del delivery
        return CannotTell(why="SMTP cannot be asked what became of a mail")

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Read an officer's answer; pure; never raises for bad content."""
        return read_answer(self._settings, self._menu, entry)

    def _hand_over(self, mail: bytes) -> bytes:
        return b"\n".join(
            hand_over(self._relay, address, mail) for address in self._settings.to
        )
