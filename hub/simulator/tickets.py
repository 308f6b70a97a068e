"""An agency that needs time: it answers with a ticket, by which the case is asked."""

import threading


class Tickets:
    """Tickets of cases; each is ready after so many asks.

    They are kept while the agency is stopped, like everything that it has.
    """

    def __init__(self) -> None:
        self.asks = 0
        """Asks that are answered with "not yet"; 0: cases are there at once."""
        self._lock = threading.Lock()
        self._cases: dict[str, tuple[str, int]] = {}

    @property
    def given(self) -> int:
        """How many tickets were given."""
        with self._lock:
            return len(self._cases)

    def give(self, nomor: str) -> str:
        """Give the ticket of a case; the same for every repetition."""
        with self._lock:
            ticket = f"tiket/{nomor}"
            self._cases.setdefault(ticket, (nomor, self.asks))
            return ticket

    def ask(self, ticket: str) -> str | None:
        """Return the case's number, empty where it is not ready, None for no ticket."""
        with self._lock:
            if ticket not in self._cases:
                return None
            nomor, left = self._cases[ticket]
            self._cases[ticket] = (nomor, left - 1)
            return "" if left > 0 else nomor
