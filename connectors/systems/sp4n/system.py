"""SP4N-LAPOR! as a system of the hub: an upstream platform that has to be asked."""

from collections.abc import Iterable, Sequence
from typing import Self
from zoneinfo import ZoneInfo

from connectors.contract import (
    CannotTell,
    Capabilities,
    Delivery,
    Done,
    Found,
    NotFound,
    Page,
    Pending,
    PollAsk,
    Skipped,
    System,
)
from connectors.systems.sp4n.asking import Asker
from connectors.systems.sp4n.filing import file_complaint
from connectors.systems.sp4n.reading import Reader
from connectors.systems.sp4n.settings import Sp4nSettings, require_fit
from connectors.systems.sp4n.telling import REJECTED, look_up, tell
from connectors.systems.sp4n.wire import Wire
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyComplaint, AgencyUpdate, AgencyView, Corrupt


class Sp4nSystem(System):
    """Speaks to SP4N-LAPOR! as one institution; safe for many threads."""

    def __init__(self, manifest: AgencyManifest, settings: Sp4nSettings) -> None:
        self._settings = settings
        self._wire = Wire(manifest, settings)
        self._reader = Reader(manifest, settings)
        zone = ZoneInfo(manifest.zone)
        self._asker = Asker(manifest.name, self._wire, settings, self._reader, zone)

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = Sp4nSettings.model_validate(manifest.settings)
        require_fit(manifest, settings)
        return cls(manifest, settings)

    def close(self) -> None:
        """Close idle connections."""
        self._wire.close()

    @property
    def capabilities(self) -> Capabilities:
        """What its API can do: no key, no search, no webhook."""
        return Capabilities(
            honours_key=False,
            finds=False,
            finds_events=True,
            takes=(*sorted(self._settings.events), REJECTED),
            files="upload",
            polls="cases",
            snapshots="cases",
            originates=True,
        )

    def submit(self, delivery: Delivery) -> Done | Pending:
        """File a complaint, its files first; raises the errors of `connectors.errors`.

        One whose outcome is unknown has to be looked for by an officer.
        """
        return file_complaint(self._wire, self._settings, delivery)

    def send(self, delivery: Delivery) -> Done | Skipped:
        """Tell one event as a follow-up; raises the errors of `connectors.errors`."""
        return tell(self._wire, self._settings, delivery)

    def find(self, delivery: Delivery) -> Found | NotFound | CannotTell:
        """Look for a follow-up by its mark; a complaint cannot be looked for."""
        return look_up(self._wire, delivery)

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide what it said of one case into records; pure."""
        return self._reader.split(entry.raw.body)

    def read(
        self, entry: JournalEntry
    ) -> Sequence[AgencyComplaint | AgencyUpdate | Corrupt]:
        """Map one message to complaints and updates; pure."""
        return self._reader.read(entry.raw.body)

    def poll(self, ask: PollAsk) -> Page:
        """Ask for what is new, then for our open cases, some at a time."""
        return self._asker.page(ask)

    def snapshot(self, references: Sequence[str]) -> Iterable[AgencyView]:
        """Say how these cases stand; one call each."""
        return self._asker.views(references)
