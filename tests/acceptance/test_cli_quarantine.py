"""`simpul quarantine`: what could not be read."""

from tests.acceptance.command import FAILED, USAGE, Run


def test_quarantined_messages_are_replayed(lived: Run) -> None:
    assert lived("quarantine", "replay").code == USAGE
    assert lived("quarantine", "replay", "nobody").code == FAILED
    found = lived("quarantine", "replay", "--all", "--json")
    assert found.document == {"asked": 3, "replayed": 3}
    assert lived("stats", "--json").document["quarantined"] == 0
