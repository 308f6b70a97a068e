"""`simpul queues`: hints on the broker beside due rows in the database."""

import json
from pathlib import Path

import pytest

from hub.broker import admin
from hub.broker.topology import NET, POLL, Topology
from tests.acceptance.command import FAILED, Run, sql

DUE, LATER = "intake.web", "updates.dinkes"
HOUR = "(CAST(strftime('%s', 'now') AS INTEGER) + {seconds}) * 1000000"
"""An instant as SQLite keeps it."""


@pytest.fixture
def behind(lived: Run, tmp_path: Path) -> Run:
    """Two rows of one lane are due since an hour, one of another is due later."""
    for lane, rows, seconds in ((DUE, 2, -3600), (LATER, 1, 3600)):
        due_at = HOUR.format(seconds=seconds)
        sql(
            tmp_path,
            f"UPDATE journal SET due_at = {due_at} WHERE id IN "  # noqa: S608 - our own words
            f"(SELECT id FROM journal WHERE lane = '{lane}' LIMIT {rows})",
        )
    return lived


@pytest.fixture
def applied(rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A broker with the topology, and three hints in one lane."""
    monkeypatch.setenv("SIMPUL_BROKER_URL", rabbitmq_url)
    admin.apply(rabbitmq_url, Topology(), [DUE])
    with admin.connected(rabbitmq_url) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for _ in range(3):
            channel.basic_publish(Topology().work, DUE, b"[]", mandatory=True)
    return rabbitmq_url


def test_in_embedded_mode_the_database_is_counted_alone(behind: Run) -> None:
    found = behind("queues", "--json")

    assert found.code == 0
    rows = {row["lane"]: row for row in found.document}
    assert set(rows) == {DUE, LATER, POLL}
    assert (rows[DUE]["due"], rows[DUE]["later"]) == (2, 0)
    assert (rows[LATER]["due"], rows[LATER]["later"]) == (0, 1)
    assert rows[DUE]["oldest_seconds"] >= 3600
    assert rows[LATER]["oldest_seconds"] is None
    assert {row["hints"] for row in found.document} == {None}


def test_when_nothing_waits_there_is_only_who_will_be_asked(lived: Run) -> None:
    (row,) = lived("queues", "--json").document

    assert row["lane"] == POLL
    assert row["due"] + row["later"] > 0


def test_hints_stand_beside_the_rows_they_tell_of(behind: Run, applied: str) -> None:
    found = behind("queues", "--json")

    assert found.code == 0
    rows = {row["lane"]: row for row in found.document}
    assert {"intake.web", LATER, NET} <= set(rows)
    assert (rows[DUE]["hints"], rows[DUE]["consumers"], rows[DUE]["due"]) == (3, 0, 2)
    assert (rows[NET]["hints"], rows[NET]["due"]) == (0, 0)
    table = behind("queues")
    assert DUE in table.out
    assert "simpul parties list" in table.err


def test_a_broker_that_is_away_leaves_its_columns_empty_and_is_told(
    behind: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMPUL_BROKER_URL", "amqp://guest:hidden@127.0.0.1:1/")

    found = behind("queues", "--json")

    assert found.code == 0
    assert {row["hints"] for row in found.document} == {None}
    due = {row["lane"]: row["due"] for row in found.document}
    # Agencies that are asked may be due again meanwhile.
    assert due == {DUE: 2, LATER: 0, POLL: due[POLL]}
    assert "127.0.0.1:1" in found.err
    assert "hidden" not in found.err
    assert json.loads(found.out) == found.document


def test_without_a_database_one_line_says_what_makes_one(run: Run) -> None:
    found = run("queues")

    assert (found.code, found.out) == (FAILED, "")
    assert found.err.count("\n") == 1
    assert "simpul db upgrade" in found.err
