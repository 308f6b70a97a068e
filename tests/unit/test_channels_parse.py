"""`simpul channels parse email`: many files, some of which are no mails at all."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from hub.cli.channels_parse import parse

KEYS = {
    "file", "subject", "from", "to", "cc", "date", "message_id", "text", "reply",
    "quoted", "signature", "attachments", "classification", "rule", "defects",
}  # fmt: skip
MAIL = b"From: Sari <sari@warga.example>\nSubject: Lampu\n\nLampu padam.\n"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(parse, ["email", *arguments])


def test_each_file_is_one_line_with_the_same_keys(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(MAIL)
    names = [str(path) for path in sorted(tmp_path.iterdir())]

    result = _run("--jsonl", *names)

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [row["file"] for row in rows] == names
    assert all(set(row) == KEYS for row in rows)
    assert rows[0]["from"] == [{"name": "Sari", "address": "sari@warga.example"}]


def test_what_cannot_be_read_is_named_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(MAIL)
    (tmp_path / "empty.eml").write_bytes(b"")
    missing, mail, empty = (tmp_path / n for n in ("none", "mail.eml", "empty.eml"))

    result = _run("--jsonl", str(missing), str(tmp_path), str(mail), str(empty))

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [row["text"].strip() for row in rows] == ["Lampu padam.", ""]
    assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
        str(missing),
        str(tmp_path),
    ]


def test_a_name_that_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "caf\udce9.eml"
    path.write_bytes(MAIL)

    (row,) = [
        json.loads(line) for line in _run("--jsonl", str(path)).stdout.splitlines()
    ]

    assert row["file"].endswith("caf\\udce9.eml")
    assert row["subject"] == "Lampu"
