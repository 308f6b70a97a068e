"""What is packed by hand is what PostgreSQL reads."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.database.hot.packing import PACKERS
from hub.database.types import from_microseconds
from tests.services.postgres import Postgres, connect

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXTS,
    lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3),
    max_leaves=6,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.uuids().map(str),
    "text": TEXTS,
    "int4": st.integers(-(2**31), 2**31 - 1),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "float8": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "bytea": st.binary(max_size=200),
    "jsonb": JSON,
    "timestamptz": st.integers(0, 2**52).map(from_microseconds),
}


@pytest.fixture(scope="module")
def conn(postgres_server: Postgres) -> Iterator[psycopg.Connection]:
    with connect(postgres_server.url) as opened:
        opened.execute("SET timezone = 'UTC'")
        yield opened


@pytest.mark.parametrize("kind", sorted(VALUES))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_packed_column_comes_back_as_it_was(
    conn: psycopg.Connection, kind: str, data: st.DataObject
) -> None:
    element = VALUES[kind] if kind == "jsonb" else VALUES[kind] | st.none()
    values = data.draw(st.lists(element, max_size=20))
    shown = "x::text" if kind == "uuid" else "x"
    query = f"SELECT {shown} FROM unnest(%b::{kind}[]) AS x"  # noqa: S608 - names of ours
    rows = conn.execute(query.encode(), (PACKERS[kind](values),))
    assert [row[0] for row in rows] == values
