"""Who wrote a mail: a server, an answering program, a provider, a list, a person."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.channels.email.parsing import parse

WRITTEN = tomllib.loads(Path(__file__).with_name("mail_machines.toml").read_text())
ROWS = [
    pytest.param(kind, row, id=f"{kind}-{number}-{row['subject']}")
    for kind, rows in WRITTEN.items()
    for number, row in enumerate(rows)
]


def _bytes(row: dict[str, Any]) -> bytes:
    named = [f"From: {row['from']}", f"Subject: {row['subject']}"]
    fixed = ["To: lapor@hub.example", "Date: Sat, 15 Jun 2024 14:59:00 +0700"]
    head = "\n".join([*named, *fixed, *row.get("headers", ())])
    return f"{head}\n\n{row['text']}\n".encode()


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_a_mail_is_taken_for_what_it_is(kind: str, row: dict[str, Any]) -> None:
    found = parse(_bytes(row), own_domain="hub.example")

    assert found["classification"] == kind, found["rule"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"], ids=["crlf", "cr"])
def test_a_report_is_one_however_its_lines_end(line_end: bytes) -> None:
    for row in WRITTEN["bounce"] + WRITTEN["complaint"]:
        raw = _bytes(row)

        found = parse(raw.replace(b"\n", line_end))

        assert found["classification"] == parse(raw)["classification"], row


@pytest.mark.parametrize(
    "text",
    [
        "tidak " * 30_000,
        "mailbox " * 25_000,
        "pengiriman pesan " * 12_000,
        "5" * 200_000,
        "550 5.1." * 25_000,
        "a@" * 100_000,
    ],
)
@pytest.mark.parametrize("subject", ["Undeliverable: x", "abuse report", "pesan"])
def test_hostile_words_are_judged_in_time(text: str, subject: str) -> None:
    head = f"From: no-reply@x.example\nSubject: {subject}\n\n"
    began = time.process_time()

    parse(head.encode() + text.encode())

    assert time.process_time() - began < 2
