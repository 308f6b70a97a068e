"""One world per test, on each engine in turn."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from hub.database.migrate import upgrade
from hub.database.tables import clock, metadata
from tests.contract.world import World, open_world
from tests.services.postgres import Postgres, connect


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "simpul.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def shared_url(postgres_server: Postgres, postgres_template: str) -> str:
    """One database for all; emptying it is much faster than making a new one."""
    return postgres_server.create_database(template=postgres_template)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        made = _on_sqlite(tmp_path, request.getfixturevalue("sqlite_template"))
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        url: str = request.getfixturevalue("shared_url")
        _empty(url)
        made = _on_postgresql(tmp_path, url, server)
    yield made
    made.close()


def _empty(url: str) -> None:
    """Delete every row in one round trip; the clock goes right again."""
    emptied = [
        f'DELETE FROM "{table.name}"'  # noqa: S608 - our own names
        for table in metadata.tables.values()
        if table is not clock
    ]
    emptied.append(f'UPDATE "{clock.name}" SET offset_us = 0')  # noqa: S608
    with connect(url) as conn:
        conn.execute("; ".join(emptied).encode())


def _on_sqlite(folder: Path, template: Path) -> World:
    here, away = folder / "database", folder / "away"
    here.mkdir()
    shutil.copy(template, here / "simpul.db")

    def backup() -> str:
        copy = folder / "backup.db"
        made.write_backup(copy)
        return f"sqlite:///{copy}"

    made = open_world(
        folder,
        f"sqlite:///{here / 'simpul.db'}",
        down=lambda: here.rename(away),
        up=lambda: away.rename(here),
        backup=backup,
    )
    return made


def _on_postgresql(folder: Path, url: str, server: Postgres) -> World:
    name = make_url(url).database or ""

    def allow(*, connections: bool) -> None:
        with connect(server.url) as conn:
            conn.execute(
                f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {connections}'.encode()
            )

    def backup() -> str:
        made.store.db.close()
        return server.create_database(template=url)

    made = open_world(
        folder,
        url,
        down=lambda: allow(connections=False),
        up=lambda: allow(connections=True),
        backup=backup,
    )
    return made
