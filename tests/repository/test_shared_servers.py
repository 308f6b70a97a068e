"""Servers are lent to all processes of a run: started once, when one first asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.postgres import ENVIRONMENT_VARIABLE, Postgres
from tests.services.rabbitmq_programs import ENVIRONMENT_VARIABLE as BROKER_VARIABLE
from tests.services.server import NotStarted
from tests.services.shared import Lender, borrow_postgres, borrow_rabbitmq


@pytest.fixture
def lender() -> Iterator[Lender]:
    made = Lender()
    yield made
    made.stop()


def test_all_who_ask_get_the_same_server_and_databases_of_their_own(
    lender: Lender, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, postgres_server.url)

    one, other = borrow_postgres(lender.folder), borrow_postgres(lender.folder)

    assert one.url == other.url == postgres_server.url
    assert one.create_database() != other.create_database()
    one.stop()
    other.stop()


def test_what_nobody_asked_for_is_not_started(lender: Lender) -> None:
    lender.stop()

    assert not Path(lender.folder).exists()


def test_why_a_server_did_not_start_is_told_to_who_asked(
    lender: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROKER_VARIABLE, "no address of a broker")

    with pytest.raises(NotStarted):
        borrow_rabbitmq(lender.folder)
