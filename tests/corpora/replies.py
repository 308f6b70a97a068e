"""Answers: what is new in them."""

import time
from pathlib import Path

from connectors.protocols.mail.spans import split_reply
from tests.corpora.comparing import Score, leaked, lost, rows_of, squashed


def score_replies(path: Path) -> tuple[Score, list[str]]:
    """Compare the new part of every answer, by source; also what is lost or leaks."""
    score = Score()
    notes: list[str] = []
    for row in rows_of(path):
        source = row["source"].split("/")[0]
        began = time.perf_counter()
        found = split_reply(row["full"]).reply
        seconds = time.perf_counter() - began
        match row["kind"]:
            case "time":
                right = seconds <= row["max_seconds"]
                score.add(f"{source} in time", row["id"], right=right)
            case "contains":
                given = row["must_contain"]
                wanted = [given] if isinstance(given, str) else given
                right = all(each in found for each in wanted)
                score.add(f"{source} contains", row["id"], right=right)
            case _:
                exact = row["kind"] == "exact"
                any_of = [row["expected_reply"]] if exact else row["expected_any"]
                right = squashed(found) in {squashed(each) for each in any_of}
                score.add(f"{source} exact", row["id"], right=right)
                if not right and lost(any_of[0], found):
                    notes.append(f"loses text: {row['id']}")
                if not right and leaked(any_of[0], found):
                    notes.append(f"keeps too much: {row['id']}")
    return score, notes
