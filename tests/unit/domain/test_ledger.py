"""How a message of a source stands against the journal."""

import pytest

from hub.domain.ledger import JournalEntry, Ledger, Standing, standing

ROW = JournalEntry("1", "done")
NOTE = JournalEntry("2", "quarantined")


@pytest.mark.parametrize(
    ("kept", "noted", "is_read", "expected"),
    [
        ([ROW], [], True, Standing.KEPT),
        ([ROW], [NOTE], True, Standing.KEPT),
        ([], [NOTE], True, Standing.UNFETCHABLE),
        ([], [], True, Standing.HOLE),
        ([], [], False, Standing.UNREAD),
        ([ROW], [], False, Standing.KEPT),
    ],
)
def test_a_message_is_judged_by_its_rows(
    kept: list[JournalEntry],
    noted: list[JournalEntry],
    *,
    is_read: bool,
    expected: Standing,
) -> None:
    assert standing(kept, noted, is_read=is_read) is expected


def test_a_ledger_is_whole_when_what_was_missing_is_taken() -> None:
    ledger = Ledger("email:utama")
    ledger.add("7:1", Standing.KEPT, [ROW])
    assert ledger.is_whole

    ledger.add("7:2", Standing.HOLE, [])
    assert not ledger.is_whole
    assert ledger.told()["holes"] == ["7:2"]

    ledger.taken.append("7:2")
    assert ledger.is_whole


def test_a_message_that_became_two_events_is_named_by_its_place() -> None:
    ledger = Ledger("email:utama")
    ledger.add("7:1", Standing.KEPT, [ROW])
    ledger.add("7:2", Standing.KEPT, [NOTE])

    ledger.name_doubled({ROW.journal_id})

    assert ledger.told()["doubled"] == ["7:1"]
    assert not ledger.is_whole
