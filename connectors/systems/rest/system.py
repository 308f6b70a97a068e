"""An agency's API over HTTP as a system of the hub."""

import ssl
from collections.abc import Iterable, Sequence
from typing import Self

from connectors.contract import (
    Capabilities,
    Delivery,
    Done,
    HttpDoor,
    Page,
    Pending,
    PollAsk,
    Skipped,
    System,
)
from connectors.protocols.http.auth import OAuth2
from connectors.protocols.http.certificates import tls_context
from connectors.protocols.http.client import client_for
from connectors.protocols.http.signing import (
    base_path,
    signer_for,
    token_addresses,
)
from connectors.protocols.http.tokens import TokenSource
from connectors.systems.rest.attached import files_events_way, files_way, shows_files
from connectors.systems.rest.caller import Caller
from connectors.systems.rest.door import update_door
from connectors.systems.rest.fit import require_fit
from connectors.systems.rest.handing_over import HandOver
from connectors.systems.rest.look_up import Finder, LookUp
from connectors.systems.rest.polling import Poller
from connectors.systems.rest.settings import RestSettings
from connectors.systems.rest.steps import clock
from connectors.systems.rest.telling import Telling
from connectors.systems.rest.updates import REFERENCE, UpdateReader
from connectors.systems.rest.views import Viewer
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry
from schemas.updates import AgencyComplaint, AgencyUpdate, AgencyView, Corrupt


class RestSystem(System):
    """Speaks to one agency's API; safe for many threads."""

    def __init__(
        self,
        manifest: AgencyManifest,
        settings: RestSettings,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name = manifest.name
        self._seconds = manifest.limits.deadline_seconds
        self._settings = settings
        addresses = [settings.base_url, *token_addresses(settings.auth)]
        self._client = client_for(manifest, *addresses, tls=tls or _tls_of(settings))

        def tokens_for(auth: OAuth2) -> TokenSource:
            return TokenSource(self._client, auth, deadline_seconds=self._seconds)

        signer = signer_for(settings.auth, tokens_for)
        base_url = f"{settings.base_url}{base_path(settings.auth)}"
        caller = Caller(manifest, settings, self._client, signer, base_url)
        finder = Finder(caller, settings)
        self._finder = finder
        self._hand_over = HandOver(caller, settings, finder)
        self._telling = Telling(caller, settings.send, finder)
        self._reader: UpdateReader | None = None
        self._poller: Poller | None = None
        self._viewer: Viewer | None = None
        if (update := settings.update) is None:
            return
        self._reader = reader = UpdateReader(
            manifest, update, born=settings.born, language=settings.answers
        )
        if settings.poll is not None:
            self._poller = Poller(manifest, settings.poll, caller, reader, base_url)
        if settings.snapshot is not None:
            self._viewer = Viewer(manifest, settings.snapshot, caller, reader, base_url)

    @classmethod
    def from_manifest(cls, manifest: AgencyManifest) -> Self:
        """Make it by a manifest whose secrets are resolved; raises ValueError."""
        settings = RestSettings.model_validate(manifest.settings)
        require_fit(manifest, settings)
        return cls(manifest, settings)

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    @property
    def capabilities(self) -> Capabilities:
        """What the manifest says that the agency's API can do."""
        settings = self._settings
        return Capabilities(
            honours_key=settings.honours_key,
            finds=settings.find is not None,
            finds_events=settings.find_event is not None,
            sends=bool(settings.send),
            coalesces=self._telling.coalesces,
            takes=self._telling.takes,
            files=files_way(settings),
            files_events=files_events_way(settings),
            shows_files=shows_files(settings),
            pushes=settings.webhook is not None,
            polls="" if settings.poll is None else settings.poll.kind,
            snapshots="" if settings.snapshot is None else settings.snapshot.kind,
            originates=settings.born is not None,
        )

    def submit(self, delivery: Delivery) -> Done | Pending:
        """Hand a complaint over; raises the errors of `connectors.errors`."""
        return self._hand_over.submit(delivery, clock(self._seconds))

    def send(self, delivery: Delivery) -> Done | Pending | Skipped:
        """Tell of later events; raises the errors of `connectors.errors`."""
        return self._telling.send(delivery, clock(self._seconds))

    def find(self, delivery: Delivery) -> LookUp | Pending:
        """Look a delivery up: an event where the case has a reference, else the case.

        Raises Retryable or Misconfigured; anything else unclear is CannotTell.
        """
        return self._finder.find(delivery, clock(self._seconds))

    def doors(self) -> Sequence[HttpDoor]:
        """Ways in for pushed updates: none where no webhook is declared."""
        webhook = self._settings.webhook
        return () if webhook is None else (update_door(self._name, webhook),)

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        """Divide one message into bodies of single records; pure."""
        return () if self._reader is None else self._reader.split(entry.raw.body)

    def read(
        self, entry: JournalEntry
    ) -> Sequence[AgencyUpdate | AgencyComplaint | Corrupt]:
        """Map one raw message to updates; pure; never raises for bad content."""
        if self._reader is None:
            why = "agency.toml has no [settings.update]: say which field is where"
            return [Corrupt(code="malformed", why=why)]
        reference = entry.raw.meta.get(REFERENCE, "")
        return self._reader.read(entry.raw.body, reference=reference)

    def poll(self, ask: PollAsk) -> Page:
        """Ask for one page of updates; raises the errors of `connectors.errors`."""
        return super().poll(ask) if self._poller is None else self._poller.page(ask)

    def snapshot(self, references: Sequence[str]) -> Iterable[AgencyView]:
        """Say how cases stand; raises the errors of `connectors.errors`."""
        if self._viewer is None:
            return super().snapshot(references)
        return self._viewer.views(references)


def _tls_of(settings: RestSettings) -> ssl.SSLContext | None:
    """Return a context where the manifest says something special, else the usual."""
    tls = settings.tls
    special = (tls.certificate, tls.authority)
    return None if special == (None, None) else tls_context(tls)
