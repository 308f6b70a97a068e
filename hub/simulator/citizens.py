"""Citizens: they write by mail, SMS and web, and do not give up quickly."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from hub.simulator.attachments import Attachment
from hub.simulator.letters import Letter, Letters
from hub.simulator.mail import MailMessage
from hub.simulator.patience import Verdict, persist
from hub.simulator.post import HubAddresses, WebForm, post_mail
from hub.simulator.profiles import WIB
from hub.simulator.sms import SmsGateway
from hub.simulator.texts import SAMPLES, Sample

REGION = {"scheme": "kemendagri", "code": "99.01"}
"""Kabupaten Sukamaju; no real province has the number 99."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a citizen wrote and whether the hub took it."""

    channel: str
    marker: str
    contact: str
    """E-mail address or telephone number to which the hub answers."""
    accepted: bool
    attempts: int
    key: str
    """Message-ID, id of the SMS, or idempotency key."""
    code: str = ""
    """Tracking code, which only the web tells at once."""
    public_number: str = ""
    letter: Letter | None = field(default=None, repr=False)
    """None for an answer to the hub."""


class Citizens:
    """All people of the region.

    The n-th letter depends on the seed and n alone. Every method sends again, under
    the same key, until the hub takes it, refuses it, or the deadline is over.
    """

    def __init__(
        self,
        seed: int,
        *,
        hub: HubAddresses | None = None,
        gateway: SmsGateway | None = None,
        samples: Sequence[Sample] = SAMPLES,
        deadline_seconds: float = 60,
        today: date | None = None,
    ) -> None:
        self.hub = hub
        """Where the hub is; may change at any time, None while nobody knows."""
        self.deadline_seconds = deadline_seconds
        self._gateway = gateway
        self._letters = Letters(seed, samples)
        self._today = today or datetime.now(WIB).date()

    def write(self, letter: Letter | None = None) -> Sent:
        """Write by the channel that the letter chose."""
        letter = letter or self._letters.next()
        by_channel: dict[str, Callable[[Letter], Sent]] = {
            "email": self.write_mail,
            "sms": self.write_sms,
            "web": self.write_web,
        }
        return by_channel[letter.channel](letter)

    def write_many(self, number: int, *, at_once: int = 4) -> list[Sent]:
        """Write so many letters, several at a time; in the order of the letters."""
        letters = [self._letters.next() for _ in range(number)]
        with ThreadPoolExecutor(at_once, thread_name_prefix="citizen") as people:
            return list(people.map(self.write, letters))

    def write_mail(
        self, letter: Letter | None = None, *, attachment: Attachment | None = None
    ) -> Sent:
        """Write a mail, with the letter's own file unless another is given."""
        letter = letter or self._letters.next()
        message = EmailMessage()
        message["From"] = f"{letter.name} <{letter.email}>"
        message["Subject"] = letter.sample.title
        message["Message-ID"] = f"<{letter.marker}@warga.example>"
        message.set_content(
            f"{letter.text}\n\n{letter.place}\n\nSalam,\n{letter.name}\n"
        )
        if file := attachment or letter.attachment:
            kind, _, subkind = file.media_type.partition("/")
            message.add_attachment(
                file.content, maintype=kind, subtype=subkind, filename=file.name
            )
        return self._post_mail(message, letter.marker, letter.email, letter=letter)

    def write_web(self, letter: Letter | None = None) -> Sent:
        """Fill in the form on the hub's page."""
        letter = letter or self._letters.next()
        form = WebForm("/api/v1/complaints", self._fields(letter), f"w-{letter.marker}")
        return self._post_form(form, letter.marker, letter.email, letter=letter)

    def write_sms(self, letter: Letter | None = None, *, text: str = "") -> Sent:
        """Write an SMS; other words take the place of the letter's, without marker."""
        letter = letter or self._letters.next()
        words = text or letter.sms_text
        return self._post_sms(letter.phone, words, letter.marker, letter=letter)

    def answer_mail(self, mail: MailMessage, text: str) -> Sent:
        """Answer a mail of the hub as a mail program does, with the old text below."""
        marker = self._letters.next_answer_marker()
        message = EmailMessage()
        message["From"] = mail.rcpt_tos[0]
        message["To"] = mail.reply_to or mail.mail_from
        message["Subject"] = f"Re: {mail.subject}"
        message["Message-ID"] = f"<{marker}@warga.example>"
        message["In-Reply-To"] = mail.message_id
        message["References"] = f"{mail.references} {mail.message_id}".strip()
        quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
        day = mail.received_at.astimezone(WIB).strftime("%d/%m/%Y %H.%M")
        message.set_content(
            f"{text} ({marker})\n\nPada {day}, {mail.mail_from} menulis:\n{quoted}\n"
        )
        return self._post_mail(message, marker, mail.rcpt_tos[0])

    def answer_web(self, code: str, text: str) -> Sent:
        """Answer on the page of a complaint."""
        marker = self._letters.next_answer_marker()
        path = f"/api/v1/complaints/{code}/replies"
        form = WebForm(path, {"text": f"{text} ({marker})"}, f"w-{marker}")
        return self._post_form(form, marker, "")

    def answer_sms(self, phone: str, text: str) -> Sent:
        """Answer by SMS; the marker is added to the words."""
        marker = self._letters.next_answer_marker()
        return self._post_sms(phone, f"{text} {marker}", marker)

    def _post_mail(
        self,
        message: EmailMessage,
        marker: str,
        contact: str,
        *,
        letter: Letter | None = None,
    ) -> Sent:
        def attempt() -> Verdict:
            if self.hub is None:
                return Verdict.AGAIN
            if "To" not in message:
                message["To"] = self.hub.mailbox
            return post_mail(self.hub, message)

        message["Date"] = format_datetime(datetime.now(UTC))
        accepted, attempts = persist(attempt, self.deadline_seconds)
        return Sent(
            channel="email",
            marker=marker,
            contact=contact,
            accepted=accepted,
            attempts=attempts,
            key=str(message["Message-ID"]),
            letter=letter,
        )

    def _post_form(
        self, form: WebForm, marker: str, contact: str, *, letter: Letter | None = None
    ) -> Sent:
        def attempt() -> Verdict:
            return Verdict.AGAIN if self.hub is None else form.post(self.hub)

        accepted, attempts = persist(attempt, self.deadline_seconds)
        return Sent(
            channel="web",
            marker=marker,
            contact=contact,
            accepted=accepted,
            attempts=attempts,
            key=form.key,
            code=form.answer.get("code", ""),
            public_number=form.answer.get("public_number", ""),
            letter=letter,
        )

    def _post_sms(
        self, phone: str, text: str, marker: str, *, letter: Letter | None = None
    ) -> Sent:
        if self._gateway is None:
            msg = "these citizens have no SMS gateway"
            raise ValueError(msg)
        sms = self._gateway.send_in(
            phone, text, id=f"in-{marker}", deadline_seconds=self.deadline_seconds
        )
        return Sent(
            channel="sms",
            marker=marker,
            contact=phone,
            accepted=sms.accepted,
            attempts=sms.attempts,
            key=sms.id,
            letter=letter,
        )

    def _fields(self, letter: Letter) -> dict[str, Any]:
        fields = {
            "type": letter.sample.type,
            "title": letter.sample.title,
            "body": letter.text,
            "language": "id",
            "incident_on": str(self._today - timedelta(days=letter.days_ago)),
            "region": REGION,
            "place": {"text": letter.place},
            "claimed_agency": "",
            "anonymous": letter.anonymous,
            "confidential": letter.confidential,
            "reporter": {"name": letter.name, "email": letter.email, "phone": ""},
        }
        if category := letter.sample.category:
            fields["category"] = {"scheme": "sp4n", "code": category}
        return fields
