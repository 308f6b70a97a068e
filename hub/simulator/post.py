"""One attempt to bring something to the hub, by SMTP or by HTTP."""

import smtplib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx2

from hub.simulator.client import http_client
from hub.simulator.patience import Verdict, verdict_of

TIMEOUT_SECONDS = 10
PERMANENT = 500


@dataclass(frozen=True)
class HubAddresses:
    """Where the hub listens to citizens."""

    http: str
    smtp_host: str
    smtp_port: int
    mailbox: str = "lapor@simpul.example"


def post_mail(hub: HubAddresses, message: EmailMessage) -> Verdict:
    """Hand one mail over; it counts as taken when the hub said so after DATA."""
    try:
        smtp = smtplib.SMTP(hub.smtp_host, hub.smtp_port, timeout=TIMEOUT_SECONDS)
    except (OSError, smtplib.SMTPException):
        return Verdict.AGAIN
    try:
        smtp.send_message(message)
    except smtplib.SMTPResponseException as error:
        return _reply(error.smtp_code)
    except smtplib.SMTPRecipientsRefused as error:
        return _reply(max(code for code, _ in error.recipients.values()))
    except (OSError, smtplib.SMTPException):
        return Verdict.AGAIN
    else:
        # What goes wrong after the hub took the mail makes no citizen send it again.
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        return Verdict.ACCEPTED
    finally:
        smtp.close()


def _reply(code: int) -> Verdict:
    # smtplib reports a connection that broke in mid-command as code -1.
    return Verdict.REFUSED if code >= PERMANENT else Verdict.AGAIN


class WebForm:
    """One form that a citizen fills in once and sends until it is taken."""

    def __init__(self, path: str, values: Mapping[str, Any], key: str) -> None:
        self.answer: dict[str, Any] = {}
        """What the hub said when it took the form."""
        self.key = key
        self._path = path
        self._values = values

    def post(self, hub: HubAddresses) -> Verdict:
        """Send it, under the same key each time."""
        try:
            with http_client(TIMEOUT_SECONDS) as client:
                answer = client.post(
                    hub.http.rstrip("/") + self._path,
                    json=self._values,
                    headers={"Idempotency-Key": self.key},
                )
        except httpx2.TransportError:
            return Verdict.AGAIN
        verdict = verdict_of(answer.status_code)
        if verdict is Verdict.ACCEPTED:
            self.answer = answer.json()
        return verdict
