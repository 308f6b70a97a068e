"""`simpul quarantine`: what could not be read."""

from tests.acceptance.command import FAILED, USAGE, Run


def test_quarantined_messages_are_replayed(lived: Run) -> None:
    assert lived("quarantine", "replay").code == USAGE
    assert lived("quarantine", "replay", "nobody").code == FAILED
    found = lived("quarantine", "replay", "--all", "--json")
    assert found.document == {"asked": 3, "replayed": 3}
    assert lived("stats", "--json").document["quarantined"] == 0


def test_each_message_shows_its_cause_its_words_and_the_way_out(lived: Run) -> None:
    rows = lived("quarantine", "list", "--json").document
    assert all(row["cause"] and row["way_out"] for row in rows)
    some = rows[0]
    only = lived("quarantine", "list", "--cause", some["cause"], "--json").document
    assert some["id"] in {row["id"] for row in only}

    shown = lived("quarantine", "show", some["id"], "--why", "dicek")
    assert some["why"] in shown.out
    audit = lived("audit", "list", "--json").document
    assert audit[0]["action"] == "journal_read"
    assert lived("quarantine", "show", "nobody").code == FAILED


def test_what_is_set_aside_is_quarantined_no_more(lived: Run) -> None:
    rows = lived("quarantine", "list", "--json").document
    assert lived("quarantine", "discard").code == USAGE
    found = lived("quarantine", "discard", rows[0]["id"], "--json")
    assert found.document == {"asked": 1, "discarded": 1}
    left = lived("quarantine", "list", "--json").document
    assert [row["id"] for row in left] == [row["id"] for row in rows[1:]]
    assert lived("quarantine", "list", "--unmoved").code == 0


def test_only_a_message_that_waits_for_a_reference_is_matched(lived: Run) -> None:
    case = lived("complaints", "list", "--json").document[0]["public_number"]
    rows = lived("quarantine", "list", "--json").document
    for row in rows:
        found = lived("quarantine", "match", row["id"], case, "--reference", "X-1")
        assert found.code == FAILED
        assert "only an orphan" in found.err or "another reference" in found.err
