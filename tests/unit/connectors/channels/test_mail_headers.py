"""Headers as they come: broken, ambiguous, in raw letters; and dates."""
# ruff: noqa: E501 - one row a line

from datetime import datetime

import pytest

from connectors.protocols.mail.dates import read_date
from connectors.protocols.mail.parts import read_mail

REST = b"Message-ID: <1@b.example>\r\nDate: Sat, 15 Jun 2024 14:59:00 +0700\r\n"
BODY = b"\r\nJalan rusak\r\n"


def _read(head: bytes) -> tuple[str, list[str], tuple[str, ...]]:
    mail = read_mail(head + REST + BODY)
    assert "Jalan rusak" in mail.text
    headers = mail.headers
    senders = [box.address for box in headers.mailboxes("from")]
    return headers.text("subject"), senders, mail.defects


@pytest.mark.parametrize(
    ("head", "subject", "senders"),
    [
        (b"Subject: a\x00b\r\nFrom: a@b.example\r\n", "a\x00b", ["a@b.example"]),
        (b"Subject: caf\xc3\xa9\r\nFrom: a@b.example\r\n", "café", ["a@b.example"]),
        (b"Subject: caf\xe9\r\nFrom: a@b.example\r\n", "café", ["a@b.example"]),
        (b"Subject: x\r\nFrom: \r\n", "x", []),
        (b"Subject: x\r\nFrom: undisclosed-recipients:;\r\n", "x", []),
        (
            b"Subject: x\r\nFrom: Warga: a@b.example, c@b.example;\r\n",
            "x",
            ["a@b.example", "c@b.example"],
        ),
        (
            b"Subject: x\r\nFrom: a@b.example, c@b.example\r\n",
            "x",
            ["a@b.example", "c@b.example"],
        ),
        (
            b"Subject: x\r\na line of no header\r\nFrom: a@b.example\r\n",
            "x",
            ["a@b.example"],
        ),
        (b"Subject: x\r\nFrom: <<a@b.example>>\r\n", "x", ["a@b.example"]),
        (b'Subject: x\r\nFrom: "A, B" <a@b.example>\r\n', "x", ["a@b.example"]),
        (b"Subject: x\r\nFrom: A, B <a@b.example>\r\n", "x", ["a@b.example"]),
        (b"Subject: x\r\nFrom: A (B) <a@b.example>\r\n", "x", ["a@b.example"]),
        (b"SUBJECT: x\r\nfrom: a@b.example\r\n", "x", ["a@b.example"]),
        (b"Subject : x\r\nFrom : a@b.example\r\n", "x", ["a@b.example"]),
        (b"Subject:x\r\n y\r\n\tz\r\nFrom:a@b.example\r\n", "x y z", ["a@b.example"]),
        (
            b"From a@b.example Sat Jun 15 14:59:00 2024\r\nSubject: x\r\nFrom: a@b.example\r\n",
            "x",
            ["a@b.example"],
        ),
        (
            b"Subject: =?utf-8?Q?a=C3?= =?utf-8?Q?=A9?=\r\nFrom: =?utf-8?B?QQ==?= <a@b.example>\r\n",
            "aé",
            ["a@b.example"],
        ),
    ],
)
def test_a_header_is_read_however_it_is_written(
    head: bytes, subject: str, senders: list[str]
) -> None:
    found_subject, found_senders, _ = _read(head)

    assert (found_subject, found_senders) == (subject, senders)


@pytest.mark.parametrize(
    ("head", "defect"),
    [
        (b"Subject: a\x00b\r\nFrom: a@b.example\r\n", "nul_in_header"),
        (b"Subject: x\r\n", "no_sender"),
        (b"a line of no header\r\nSubject: x\r\n", "malformed_header"),
    ],
)
def test_what_is_wrong_with_the_headers_is_told(head: bytes, defect: str) -> None:
    assert defect in _read(head)[2]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r"], ids=["crlf", "lf", "cr"])
def test_lines_may_end_in_any_way(line_end: bytes) -> None:
    raw = b"Subject: x\r\n y\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    raw += b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nJalan =\r\nrusak"
    raw += b"\r\n--b\r\nContent-Type: a/b; name=a.bin\r\n\r\nx\r\n--b--\r\n"

    mail = read_mail(raw.replace(b"\r\n", line_end))

    assert mail.headers.text("subject") == "x y"
    assert mail.text.strip() == "Jalan rusak"
    assert [file.content for file in mail.files] == [b"x"]


def test_words_without_an_empty_line_above_them_are_words() -> None:
    mail = read_mail(b"Subject: x\r\nJalan rusak sekali\r\nMohon ditambal\r\n")

    assert mail.text.split() == ["Jalan", "rusak", "sekali", "Mohon", "ditambal"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Sat, 15 Jun 2024 14:59:00 +0700", "2024-06-15T14:59:00+07:00"),
        ("15 Jun 2024 14:59 WIB", "2024-06-15T14:59:00+07:00"),
        ("Sat, 15 Jun 2024 14:59:00 WITA", "2024-06-15T14:59:00+08:00"),
        ("Sat, 15 Jun 2024 14:59:00 wit", "2024-06-15T14:59:00+09:00"),
        ("Sab, 15 Agu 2024 14.59.00 +0700", "2024-08-15T14:59:00+07:00"),
        ("Jumat, 4 Okt 2024 09:05:00 +0700", "2024-10-04T09:05:00+07:00"),
        ("Kam, 26 Des 2024 09:05:00 WIB", "2024-12-26T09:05:00+07:00"),
        ("Jum'at, 3 Mei 2024 09:05:00 WIB", "2024-05-03T09:05:00+07:00"),
        ("Sat, 15 Jun 2024 14:59:00 -0000", "2024-06-15T14:59:00+00:00"),
        ("Sat, 15 Jun 2024 14:59:00 GMT", "2024-06-15T14:59:00+00:00"),
        ("Mon, 01 Jan 1900 00:00:00 +0000", "1900-01-01T00:00:00+00:00"),
        ("Sat, 15 Jun 2094 14:59:00 +0700", "2094-06-15T14:59:00+07:00"),
        ("Sat, 15 Jun 2024 14:59:00 +0700 (WIB)", "2024-06-15T14:59:00+07:00"),
    ],
)
def test_a_date_is_read_in_the_words_and_zones_of_indonesia_too(
    header: str, expected: str
) -> None:
    assert read_date(header) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "header",
    ["", "kemarin", "59:10", "Sat, 45 Jun 2024 59:10:00 +0700", "0", "a" * 100_000],
)
def test_a_date_that_is_none_gives_none(header: str) -> None:
    assert read_date(header) is None
