"""A deployment of the hub for the bench: its files, its settings, its backlog."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from hub.bootstrap import open_store
from hub.settings import Settings, Work
from schemas.agency import Route
from tests.bench import agency_files
from tests.bench.main_job_world import manifests, message, routing

GROUP = 500
"""Messages accepted in one transaction."""
CHANNELS: dict[str, dict[str, Any]] = {
    "web": {},
    # Only as the way back to reporters; nobody delivers here.
    "email": {"domain": "lapor.example", "relay": "127.0.0.1:9"},
}


def write_agencies(folder: Path, parties: int) -> None:
    """Write as many agencies, and the rules that choose among them."""
    titles = {name: of.title for name, of in manifests(parties).items()}
    agency_files.write(folder, titles, routing(parties).rules)


def settings_of(
    folder: Path, database: str = "", broker: str = "memory://", batch: int = 500
) -> Settings:
    """Describe a hub whose files lie in a folder."""
    return Settings(
        data_dir=folder / "data",
        database_url=SecretStr(database),
        broker_url=SecretStr(broker),
        keyring_file=folder / "keyring.json",
        erased_file=folder / "erased.log",
        agencies_dir=folder / "agencies",
        channels=CHANNELS,
        work=Work(batch_max=batch),
        log_format="json",
        log_level="WARNING",
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """Say the same to a process of its own."""
    return {
        "SIMPUL_DATA_DIR": str(settings.data_dir),
        "SIMPUL_DATABASE_URL": settings.database_url.get_secret_value(),
        "SIMPUL_BROKER_URL": settings.broker_url.get_secret_value(),
        "SIMPUL_KEYRING_FILE": str(settings.keyring_file),
        "SIMPUL_ERASED_FILE": str(settings.erased_file),
        "SIMPUL_AGENCIES_DIR": str(settings.agencies_dir),
        "SIMPUL_CHANNELS": json.dumps(settings.channels),
        "SIMPUL_WORK__BATCH_MAX": str(settings.work.batch_max),
        "SIMPUL_LOG_FORMAT": settings.log_format,
        "SIMPUL_LOG_LEVEL": settings.log_level,
    }


def accept(settings: Settings, start: int, count: int) -> list[str]:
    """Accept messages into the journal in groups; returns the ids of their rows."""
    store = open_store(settings, hinting=True)
    ids: list[str] = []
    try:
        for at in range(start, start + count, GROUP):
            numbers = range(at, min(at + GROUP, start + count))
            receipts = store.journal.accept_group([message(n) for n in numbers])
            ids += [receipt.journal_id for receipt in receipts]
    finally:
        store.close()
    return ids


@cache
def deliveries(complaints: int, parties: int) -> int:
    """Count whom the first messages concern: agencies, and each time the reporter."""
    rules = routing(parties).rules
    total = 0
    for n in range(complaints):
        request = json.loads(message(n).body)
        rule = _first(rules, request["category"]["code"], request["region"]["code"])
        total += len(rule.main) + len(rule.cc) + 1
    return total


def rows(complaints: int, cursors: int) -> dict[str, int]:
    """Count the rows of some complaints with so many cursors."""
    legs = cursors - complaints
    return {
        "complaints": complaints,
        "log": 3 * complaints + legs,
        "legs": legs,
        "cursors": cursors,
    }


def _first(rules: Sequence[Route], category: str, region: str) -> Route:
    return next(
        rule
        for rule in rules
        if category in rule.category and (not rule.region or region in rule.region)
    )
