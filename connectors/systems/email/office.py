"""One agency's office, as the mails to it are written and its answers are read."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from connectors.protocols.mail import reply_address
from connectors.systems.email.menu import Choice
from connectors.systems.email.settings import EmailSettings

_MONTHS = "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des"


@dataclass(frozen=True)
class Office:
    """Who is written to, in which zone, and what may be answered."""

    name: str
    settings: EmailSettings
    menu: tuple[Choice, ...]
    zone: ZoneInfo

    def reply_address(self, reference: str) -> str:
        """Make the address that answers for one case go to."""
        secret = self.settings.reply_secret.get_secret_value().encode()
        local = reply_address.make(secret, self.settings.mailbox, self.name, reference)
        return f"{local}@{self.settings.domain}"

    def case_at(self, address: str) -> str:
        """Read the case that one of its addresses names; empty: none of its own."""
        secret = self.settings.reply_secret.get_secret_value().encode()
        found = reply_address.read(secret, address, self.settings.mailbox)
        return found.reference if found and found.agency == self.name else ""

    def when(self, at: datetime) -> str:
        """Say an instant by the clock on its wall."""
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        local = at.astimezone(self.zone)
        return f"{day_words(local)} {local:%H.%M %Z}"


def day_words(day: date) -> str:
    """Say a day as people do: the short names are nearly the same in English."""
    return f"{day.day} {_MONTHS.split()[day.month - 1]} {day.year}"
