"""Agencies that can be asked, scripted; and the stages that ask them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from connectors.contract import Capabilities, Page, PollAsk, System
from hub.bootstrap import Store
from hub.database import tables as t
from hub.database.sources import SNAPSHOT, UPDATES, SourceRow, source_id
from hub.domain.drift import Drift
from hub.stages.poll import Asked, Poll, asking_agency
from hub.stages.reconcile import Reconcile
from hub.stages.updates import Updates
from schemas.agency import AgencyManifest, Polling, Reconciling
from schemas.raw import JournalEntry, RawMessage
from schemas.updates import AgencyUpdate, AgencyView
from tests.contract.builders import DINKES, LIMITS, PUPR
from tests.contract.world import World

EVERY = 300.0


@dataclass
class Feed:
    """A feed of updates: the checkpoint is how many were read, less the margin."""

    said: list[dict[str, Any]] = field(default_factory=list)
    views: list[AgencyView] = field(default_factory=list)
    page: int = 2
    margin: int = 1
    skew: float | None = None
    fails: list[Exception] = field(default_factory=list)
    before: Callable[[PollAsk], object] = lambda ask: None
    asked: list[bytes | None] = field(default_factory=list)
    named: list[list[str]] = field(default_factory=list)
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(polls="feed", snapshots="cases")
    )

    def poll(self, ask: PollAsk) -> Page:
        self.asked.append(ask.checkpoint)
        self.before(ask)
        if self.fails:
            raise self.fails.pop(0)
        read = int(ask.checkpoint or b"0")
        first = max(0, read - self.margin)
        last = min(len(self.said), read + self.page)
        return Page(
            raws=tuple(_raw(n, self.said[n]) for n in range(first, last)),
            checkpoint=str(last).encode(),
            more=last < len(self.said),
            skew_seconds=self.skew,
        )

    def snapshot(self, references: Sequence[str]) -> list[AgencyView]:
        self.named.append(list(references))
        if self.fails:
            raise self.fails.pop(0)
        return self.views

    def split(self, entry: JournalEntry) -> Sequence[bytes]:
        return ()

    def read(self, entry: JournalEntry) -> Sequence[AgencyUpdate]:
        return [AgencyUpdate.model_validate_json(entry.raw.body)]


def _raw(number: int, said: dict[str, Any]) -> RawMessage:
    return RawMessage(
        source="whoever",
        lane="wherever",
        source_key=f"n{number}",
        body=json.dumps(said).encode(),
        expects_complaint=False,
    )


def word(number: int, event: str = "followed_up", **more: Any) -> dict[str, Any]:
    given = {"reference": "PUPR-26-1", "event_type": event, "raw_status": event}
    return given | {"event_id": f"e{number}"} | more


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Asking:
    """The stages over one store, and what their agencies are scripted to do."""

    world: World
    feeds: dict[str, Feed]
    pages_max: int = 20
    stops: bool = False

    def __post_init__(self) -> None:
        self.world.store.sources.configure(self.rows())

    def rows(self, version: str = "1") -> list[SourceRow]:
        kinds = ((UPDATES, "agency", EVERY), (SNAPSHOT, "snapshot", 86400.0))
        return [
            SourceRow(f"{head}:{name}", name, kind, "poll", every, version)
            for name in self.feeds
            for kind, head, every in kinds
        ]

    @property
    def manifests(self) -> dict[str, AgencyManifest]:
        return {
            name: AgencyManifest(
                name=name,
                title=name,
                system="rest",
                limits=LIMITS,
                poll=Polling(pages_max=self.pages_max),
                reconcile=Reconciling(cases_max=2),
            )
            for name in (PUPR, DINKES, *self.feeds)
        }

    @property
    def systems(self) -> dict[str, System]:
        return {name: cast("System", feed) for name, feed in self.feeds.items()}

    def _how(self) -> tuple[Any, ...]:
        return (lambda: 0.5, 1.0, lambda: self.stops)

    def poll(self, agency: str = PUPR, store: Store | None = None) -> Asked:
        """One turn, as a hint starts it."""
        askings = {
            name: asking_agency(name, system, self.manifests[name])
            for name, system in self.systems.items()
        }
        stage = Poll((store or self.world.store).sources, askings, *self._how())
        return stage(source_id(f"agency:{agency}"), agency)

    @property
    def reconcile(self) -> Reconcile:
        store = self.world.store
        asked = (store.drifts, store.sources, self.systems, self.manifests)
        return Reconcile(*asked, *self._how())

    def compare(self, agency: str = PUPR) -> Asked:
        """One turn of a comparison."""
        return self.reconcile(source_id(f"snapshot:{agency}"), agency)

    def look(self, agency: str = PUPR) -> list[Drift]:
        """Compare everything on demand, and note it."""
        stage = self.reconcile
        found: list[Drift] = []
        for compared in stage.whole(agency):
            stage.record(agency, compared)
            found += compared.drifts
        return found

    def heal(self, agency: str = PUPR) -> list[str]:
        """Heal everything, as the command does."""
        items = self.look(agency)
        done = self.world.store.drifts.heal(agency, items, "cli:siti", "uji")
        return [one["did"] for one in done]

    def hear(self, agency: str = PUPR) -> None:
        """Work everything that came in on an agency's lane."""
        stage = Updates(self.world.store.journal, self.systems, self.manifests, [60.0])
        lane = f"updates.{agency}"
        rows = [r for r in self.world.rows(t.journal) if r.lane == lane]
        stage(lane, [row.id for row in rows])

    def source(self, agency: str = PUPR, kind: str = "agency") -> dict[str, Any]:
        """How it goes with a source."""
        rows = self.world.store.sources.listed()
        return next(row for row in rows if row["source"] == f"{kind}:{agency}")

    def wait(self, seconds: float = 2 * EVERY) -> None:
        self.world.move_clock(seconds)
