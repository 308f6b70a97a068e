"""Lists and counts: JSON for programs, tables for people."""

import pytest

from tests.acceptance.command import Run
from tests.samples import SAMPLE_AGENCIES


@pytest.mark.parametrize(
    ("command", "count"),
    [
        (["complaints", "list"], 6),
        (["complaints", "list", "--limit", "2"], 2),
        (["complaints", "list", "--status", "closed"], 3),
        (["parties", "list"], len(SAMPLE_AGENCIES)),
        (["dead", "list"], 3),
        (["dead", "list", "--kind", "refused"], 2),
        (["dead", "list", "--kind", "gave_up"], 0),
        (["held", "list"], 1),
        (["quarantine", "list"], 3),
        (["audit", "list"], 0),
        (["keys", "list"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_lists_are_json_for_programs_and_tables_for_people(
    lived: Run, command: list[str], count: int
) -> None:
    found = lived(*command, "--json")
    assert (found.code, found.err) == (0, "")
    assert len(found.document) == count
    table = lived(*command)
    assert table.code == 0
    lines = table.out.splitlines()
    # A long reason takes more than one line.
    assert len(lines) >= count + 1 if count else not lines
    assert table.err  # what to do next, or that there is nothing


def test_stats_count(lived: Run) -> None:
    counts = lived("stats", "--json").document
    assert (counts["complaints"], counts["held"], counts["quarantined"]) == (6, 1, 3)
    found = lived("stats")
    assert "dead_letters" in found.out
    assert "simpul held list" in found.err
