"""The migrations make the tables that the code says, on both engines."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hub.database import tables as t
from hub.database.migrate import current, head, upgrade
from tests.contract.world import World


def url_of(world: World) -> str:
    return world.store.db.engine.url.render_as_string(hide_password=False)


def test_upgrading_twice_is_harmless(world: World) -> None:
    known = world.register()
    upgrade(url_of(world))
    upgrade(url_of(world))
    assert current(url_of(world)) == head()
    assert world.row(t.complaints).id == known.id


@pytest.mark.filterwarnings("ignore:.*expression index:UserWarning")
def test_a_migrated_database_has_exactly_the_tables_of_the_code(world: World) -> None:
    engine = sa.create_engine(url_of(world))
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, t.metadata) == []
    engine.dispose()


def test_a_new_database_has_its_clock_at_zero(world: World) -> None:
    assert world.row(t.clock).offset_us == 0
