"""An agency's mailbox as a system of the hub."""

from collections.abc import Sequence
from email.utils import formatdate
from typing import Self
from zoneinfo import ZoneInfo

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    FileOutcome,
    System,
)
from connectors.errors import Refused
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.tap import answered, asked
from connectors.protocols.mail.relay import hand_over
from connectors.systems.email.letter import Letter, going_along, headers_of, mail_of
from connectors.systems.email.menu import menu_of
from connectors.systems.email.office import Office
from connectors.systems.email.reading import read_answer
from connectors.systems.email.settings import EmailSettings
from connectors.systems.email.words import MEANINGS
from connectors.systems.email.writing import case_mail, news_mail
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyUpdate, Corrupt

NAME_SIGNS_MAX = 24
"""A longer name of an agency leaves no room in an address."""
CHOICES_MAX = 9
"""A menu of more lines is not answered by one digit, and not read."""
TAKEN = 250


class EmailSystem(System):
    """Mails cases to one agency, and reads what its officers answer.

    The id of a case is our public number: a mailbox has none of its own.
    """

    def __init__(self, manifest: AgencyManifest, settings: EmailSettings) -> None:
        menu = menu_of(manifest.statuses)
        zone = ZoneInfo(manifest.zone)
        self._office = Office(manifest.name, settings, menu, zone)
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
        unsaid = sorted(set(manifest.statuses.values()) - MEANINGS.keys())
        if unsaid:
            msg = f"statuses: no officer can say {', '.join(unsaid)} by mail"
            raise ValueError(msg)
        if len(set(manifest.statuses.values())) > CHOICES_MAX:
            msg = f"statuses: at most {CHOICES_MAX} meanings, each is a digit"
            raise ValueError(msg)
        return cls(manifest, settings)

    @property
    def capabilities(self) -> Capabilities:
        """SMTP has neither key nor look-up; one repetition has the same Message-ID."""
        return Capabilities(
            coalesces=True,
            resends_once=True,
            files="upload",
            shows_due=True,
            pushes=True,
        )

    def submit(self, delivery: Delivery) -> Done:
        """Mail a case; raises the errors of `connectors.errors`."""
        reference = str(delivery.complaint.get("public_number") or "").lower()
        if not reference:
            why = "the case has no public number"
            raise Refused(why, fingerprint="email no number")
        return self._post(delivery, case_mail(self._office, delivery, reference))

    def send(self, delivery: Delivery) -> Done:
        """Mail what is new in a case; raises the errors of `connectors.errors`."""
        return self._post(delivery, news_mail(self._office, delivery))

    def find(self, delivery: Delivery) -> CannotTell:
        """Tell that nobody can be asked."""
        del delivery
        return CannotTell(why="SMTP cannot be asked what became of a mail")

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate | Corrupt]:
        """Read an officer's answer; pure; never raises for bad content."""
        return read_answer(self._office, entry)

    def _post(self, delivery: Delivery, letter: Letter) -> Done:
        settings = self._office.settings
        headers = headers_of(self._office, delivery, letter)
        along = going_along(settings, delivery.files)
        left = sorted(set(range(len(delivery.files))) - along)
        return Done(
            reference=letter.reference,
            response=self._hand_over(delivery, letter, headers),
            files=tuple(FileOutcome(file=n, ok=False, why="too_large") for n in left),
        )

    def _hand_over(
        self, delivery: Delivery, letter: Letter, headers: dict[str, str]
    ) -> bytes:
        settings = self._office.settings
        where, text = f"smtp://{settings.relay}", letter.text.encode()
        stand_in = asked("SMTP", where, headers, text, "mail")
        if stand_in is not None:
            return stand_in.body
        try:
            mail = mail_of(self._office, delivery, letter, headers, formatdate())
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            why = f"the mail cannot be written ({type(error).__name__})"
            raise Refused(why, fingerprint="smtp no mail") from error
        # What comes back of it comes to the case's own address, so that it is heard.
        sender = self._office.reply_address(letter.reference)
        reply = hand_over(self._relay, settings.to, mail, sender=sender)
        answered(HttpAnswer(TAKEN, {}, reply))
        return reply
