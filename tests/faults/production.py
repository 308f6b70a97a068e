"""Production mode to be broken: own RabbitMQ and PostgreSQL, proxies before both."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from hub.bootstrap import Store, open_store
from hub.database.migrate import upgrade
from hub.settings import Settings
from hub.simulator.region import SimulatedRegion
from tests.faults.fleet import PRODUCTION, Fleet
from tests.services.fault_proxy import FaultProxy
from tests.services.postgres import Postgres, start_own_postgres
from tests.services.rabbitmq import Rabbitmq, start_own_rabbitmq


@dataclass(frozen=True)
class World:
    """Everything that a fault may be done to."""

    fleet: Fleet
    region: SimulatedRegion
    store: Store
    """Reads past the proxies, so it sees what is there during a fault."""
    rabbitmq: Rabbitmq
    postgres: Postgres
    broker_line: FaultProxy
    database_line: FaultProxy


@contextmanager
def production(
    folder: Path,
    region: SimulatedRegion,
    processes: Sequence[str] = PRODUCTION,
    more: Mapping[str, str] | None = None,
) -> Iterator[World]:
    """Start servers and processes; everything ends with the block."""
    with ExitStack() as stack:
        postgres = stack.enter_context(start_own_postgres(durable=True))
        rabbitmq = stack.enter_context(start_own_rabbitmq())
        database = postgres.create_database()
        upgrade(database)
        broker = rabbitmq.create_vhost()
        database_line = stack.enter_context(FaultProxy.before(database))
        broker_line = stack.enter_context(FaultProxy.before(broker))
        fleet = Fleet(
            folder,
            region,
            processes,
            {
                **(more or {}),
                "SIMPUL_DATABASE_URL": database_line.instead_of(database),
                "SIMPUL_BROKER_URL": broker_line.instead_of(broker),
            },
        )
        fleet.command("keys", "init")
        fleet.command("topology", "apply")
        settings = Settings(
            data_dir=Path(fleet.settings["SIMPUL_DATA_DIR"]),
            database_url=SecretStr(database),
        )
        store = open_store(settings, migrate=False)
        stack.callback(store.close)
        fleet.start()
        stack.callback(fleet.stop)
        yield World(
            fleet, region, store, rabbitmq, postgres, broker_line, database_line
        )
