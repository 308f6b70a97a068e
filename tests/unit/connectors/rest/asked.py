"""Systems with tables of their own, and the answers that a server gives in turn."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.contract import OpenCase, PollAsk
from connectors.systems.rest import RestSystem
from schemas.agency import AgencyManifest
from schemas.raw import JournalEntry, RawMessage
from tests.unit.connectors.rest.builders import manifest
from tests.unit.connectors.rest.servers import (
    Behaviour,
    RawServer,
    Seen,
    in_turn,
    says,
    serving,
)

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "submit": {"path": "/cases", "reference": "id", "fields": {"isi": "body"}},
    "update": {"items": "data", "reference": "id", "status": "status"},
}


def answers(*values: Any, **headers: str) -> list[Behaviour]:
    return [says(200, json.dumps(value).encode(), **headers) for value in values]


@contextmanager
def asking(
    settings: Mapping[str, Any], *behaviours: Behaviour, **fields: Any
) -> Iterator[tuple[RestSystem, RawServer]]:
    """A system whose settings are only these, and the server that it calls."""
    with serving(in_turn(*behaviours)) as server:
        made = described(settings, server.url, **fields)
        rest = RestSystem.from_manifest(made)
        try:
            yield rest, server
        finally:
            rest.close()


def described(
    settings: Mapping[str, Any], url: str = "http://127.0.0.1:9", **fields: Any
) -> AgencyManifest:
    made = manifest(**fields)
    chosen = {"base_url": url, **PLAIN, **settings}
    return made.model_copy(update={"settings": chosen})


def query_of(seen: Seen) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(urlsplit(seen.target).query).items()}


def path_of(seen: Seen) -> str:
    return urlsplit(seen.target).path


def ask(checkpoint: bytes | None = None, *cases: OpenCase, **fields: Any) -> PollAsk:
    def after(position: str, limit: int) -> list[OpenCase]:
        later = [case for case in cases if case.position > position]
        return later[:limit]

    return PollAsk(checkpoint=checkpoint, now=fields.get("now", NOW), cases=after)


def stored(raw: RawMessage) -> JournalEntry:
    return JournalEntry(journal_id="j-1", received_at=NOW, raw=raw)
