"""Mails: their fields, words and files; and who wrote them."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors import registry
from tests.corpora.comparing import Score, missing, rows_of, squashed, words

CLASSES = {
    "bounce": "bounce",
    "arf": "complaint",
    "vacation": "auto_reply",
    "not": "human",
}
SECONDS_MAX = 2.0
REPORT = "message/delivery-status"


def score_mails(folder: Path) -> tuple[Score, list[str]]:
    """Compare every mail of a folder with `expected.jsonl`; notes name failures."""
    score = Score()
    notes: list[str] = []
    expected_words = found_words = 0
    parse = registry.mail_parser()
    for row in rows_of(folder / "expected.jsonl"):
        path = next(folder.glob(f"**/{row['file']}"))
        began = time.perf_counter()
        try:
            found = parse(path.read_bytes())
        except Exception as error:  # noqa: BLE001 - an exception is what is counted
            notes.append(f"exception {type(error).__name__}: {row['file']}")
            continue
        if time.perf_counter() - began > SECONDS_MAX:
            notes.append(f"slow: {row['file']}")
        _fields(score, row, found)
        text = _expected_text(row)
        if text.strip():
            expected_words += words(text).total()
            found_words += words(text).total() - missing(text, found["text"])
            if not found["text"].strip():
                notes.append(f"empty body: {row['file']}")
    if expected_words:
        notes.append(f"word recall {found_words / expected_words:.4f}")
    return score, notes


def score_classes(folder: Path) -> tuple[Score, list[str]]:
    """Compare who wrote each mail with `expected.jsonl`."""
    score = Score()
    notes: list[str] = []
    parse = registry.mail_parser()
    for row in rows_of(folder / "expected.jsonl"):
        found = parse((folder / row["file"]).read_bytes())["classification"]
        machine = row["kind"] != "not"
        name = "machine recognised" if machine else "person taken for a person"
        score.add(name, row["file"], right=(found != "human") == machine)
        score.add(
            f"class of {row['kind']}", row["file"], right=found == CLASSES[row["kind"]]
        )
    return score, notes


def _fields(score: Score, row: dict[str, Any], found: dict[str, Any]) -> None:
    doubtful, where = set(row["doubtful"]), row["file"]

    def compare(name: str, ours: Any, theirs: Any) -> None:
        if name not in doubtful:
            score.add(name, where, right=ours == theirs)

    compare("subject", squashed(found["subject"]), squashed(row["subject"]))
    for name in ("from", "to", "cc"):
        compare(name, _addresses(found[name]), _addresses(row[name]))
    compare("message_id", squashed(found["message_id"]), squashed(row["message_id"]))
    compare("date", _instant(found["date"]), _instant(row["date"]))
    if (text := _expected_text(row)).strip():
        score.add("text", where, right=squashed(found["text"]) == squashed(text))
    if "attachments" not in doubtful:
        right = _same_files(found["attachments"], row["attachments"])
        score.add("attachments", where, right=right)


def _expected_text(row: dict[str, Any]) -> str:
    if "text_alt" in row:
        return str(row["text_alt"])
    return "" if "text" in row["doubtful"] else str(row["text"])


def _addresses(boxes: list[dict[str, str]]) -> list[str]:
    return [box["address"].lower() for box in boxes]


def _instant(text: str | None) -> float | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    # Without an offset the header says UTC.
    return (moment if moment.tzinfo else moment.astimezone()).timestamp()


def _same_files(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> bool:
    left = [file for file in ours if file["content_type"] != REPORT]
    for file in theirs:
        if file["content_type"] == REPORT:
            continue
        match = next((each for each in left if _is_same(each, file)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _is_same(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if theirs["filename"] not in {"", ours["filename"]}:
        return False
    known = theirs["sha256"] is not None
    return not known or (ours["size"], ours["sha256"]) == (
        theirs["size"],
        theirs["sha256"],
    )
