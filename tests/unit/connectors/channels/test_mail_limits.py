"""Hostile and huge mails: words wherever there are some, in bounded time and memory."""

import base64
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.channels.email.parsing import parse
from connectors.protocols.mail.parts import read_mail
from connectors.protocols.mail.spans import split_reply

MEGABYTE = 1_000_000


def _multi(parts: list[bytes], boundary: bytes = b"b") -> bytes:
    mark = b"--" + boundary
    inside = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    head = b"Content-Type: multipart/mixed; boundary=" + boundary
    return head + b"\r\n\r\n" + inside + mark + b"--\r\n"


def _html(markup: bytes) -> bytes:
    return b"Content-Type: text/html\r\n\r\n<p>Jalan rusak</p>" + markup


def _nested(depth: int) -> bytes:
    raw = b"\r\nJalan rusak"
    for number in range(depth):
        raw = _multi([raw], b"b%d" % number)
    return raw


_RFC822 = b"Content-Type: message/rfc822\r\n\r\n"
_QP = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
_B64 = b"Content-Transfer-Encoding: base64\r\n\r\n"
_WORDS = b"\r\nJalan rusak"
HOSTILE: dict[str, Callable[[], bytes]] = {
    "parts in parts": lambda: _nested(1_500),
    "mails in mails": lambda: _multi([_WORDS, _RFC822 * 3_000 + b"Subject: a\r\n\r\n"]),
    "many headers": lambda: b"X-A: b\r\n" * 100_000 + _WORDS,
    "many senders": lambda: b"From: a@b.example\r\n" * 100_000 + _WORDS,
    "a folded subject": lambda: b"Subject: a" + b"\r\n b" * 200_000 + b"\r\n" + _WORDS,
    "brackets": lambda: b"From: " + b"(<" * 90_000 + b"\r\n" + _WORDS,
    "one long address": lambda: b"To: " + b"a@" * 90_000 + b"\r\n" + _WORDS,
    "many parts": lambda: _multi([_WORDS, *[b"\r\nx"] * 50_000]),
    "many files": lambda: _multi(
        [_WORDS, *[b"Content-Type: image/png\r\n\r\nx"] * 9_000]
    ),
    "a long line": lambda: _WORDS + b"a" * 3_000_000,
    "many lines": lambda: _WORDS + b"\r\n" * 1_000_000,
    "many returns": lambda: _WORDS + b"\r" * 1_000_000,
    "soft breaks": lambda: _QP + b"Jalan rusak" + b"=\r\n" * 1_000_000,
    "no base64": lambda: _B64 + b"Jalan rusak " + b"!@#$%" * 400_000,
    "zeros": lambda: _multi(
        [_WORDS, b"Content-Type: a/b\r\n" + _B64 + b"A" * 4_000_000]
    ),
    "cells": lambda: _html(b"<table><tr>" + b"<td>a" * 50_000),
    "rows": lambda: _html(b"<table>" + b"<tr><td>a<td>b" * 10_000),
    "quotations": lambda: _html(b"<blockquote type=cite>" * 30_000),
    "links": lambda: _html(b"<a href='http://x.example/?u=1'>y</a> " * 5_000),
    "a newsletter": lambda: _html(
        b"<table><tr><td><p style='margin:1em'>a b c" * 12_000
    ),
    "entities": lambda: _html(b"&amp" * 200_000),
    "enriched": lambda: (
        b"Content-Type: text/enriched\r\n" + _WORDS + b"<param>" * 200_000
    ),
    "a calendar": lambda: _multi(
        [
            _WORDS,
            b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n"
            + b"BEGIN:VEVENT\r\nSUMMARY:a\r\nEND:VEVENT\r\n" * 20_000,
        ]
    ),
    "boundaries that are none": lambda: (
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"--xy\r\n" * 100_000
        + b"--x\r\n\r\nJalan rusak"
    ),
    "beginnings of files": lambda: _WORDS + b"\r\nbegin 644 a\r\n" * 50_000,
    "beginnings of yenc": lambda: _WORDS + b"\r\n=ybegin name=a\r\n" * 50_000,
    "capitals": lambda: _WORDS + b"\r\nbegin 644 a\r\n" + b"AAAA   \r\n" * 100_000,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_is_read_in_time_and_memory(make: Callable[[], bytes]) -> None:
    raw = make()
    began = time.process_time()

    found = parse(raw)

    assert time.process_time() - began < 2
    assert "Jalan rusak" in found["text"]
    tracemalloc.start()
    try:
        read_mail(raw)
        assert tracemalloc.get_traced_memory()[1] < 100 * MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "line",
    [
        "> a\nb\n",
        "Pada 1.23 <a@b> \n",
        "On " + "1.23 " * 70 + ":\n",
        "Dari: a\nDikirim: 3 Juni 2024 10.00\n\n",
        "-----\n\n",
        "Dikirim dari iPhone saya\n",
        "_" * 30 + "\n\n",
        "---- a ----\n\n",
        "Kiriman " * 40 + "<a@b.example>\n",
        "2024 10:00 " * 30 + ":\n> x\n",
        "Email rahasia penerima yang dituju " * 10 + "\n",
        "*Dari: *: *\n",
        "(https://" * 20 + "\n",
    ],
)
def test_no_line_however_often_it_comes_makes_the_splitting_slow(line: str) -> None:
    text = "Jalan rusak\n" + line * (100_000 // len(line))
    began = time.process_time()

    split = split_reply(text)

    assert time.process_time() - began < 2
    assert "Jalan rusak" in split.reply


@pytest.mark.parametrize(
    "letter", ["a", " ", "-", "_", ">", "*", "1", "1.", "@", "<a@"]
)
@pytest.mark.parametrize("start", ["", "Pada ", "Dari: ", "On 1 ", "Dikirim dari "])
def test_no_single_line_makes_the_splitting_slow(start: str, letter: str) -> None:
    text = "Jalan rusak\n\n" + start + letter * (100_000 // len(letter)) + "\n> x\n> y"
    began = time.process_time()

    split_reply(text)

    assert time.process_time() - began < 2


def test_a_large_mail_costs_little_more_than_its_file() -> None:
    photo = bytes(range(256)) * 30_000
    part = b"Content-Type: image/jpeg; name=foto.jpg\r\n" + _B64
    raw = _multi([_WORDS, part + base64.encodebytes(photo)])
    tracemalloc.start()
    try:
        mail = read_mail(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert mail.files[0].content == photo
    # The encoded bytes and the file, and nothing of that size beside them.
    assert peak < 1.1 * (len(raw) + len(photo))


def test_a_file_that_was_not_fetched_is_none_and_says_so() -> None:
    part = b"Content-Type: image/jpeg; name=%d.jpg\r\n"
    missing = part % 1 + b"X-Simpul-Left-Out: 90000000\r\n" + _B64
    raw = _multi([_WORDS, part % 0 + _B64 + base64.encodebytes(bytes(90)), missing])

    mail = read_mail(raw)

    assert mail.text.strip() == "Jalan rusak"
    assert mail.file_names == ("0.jpg",)
    assert mail.truncated
    assert {"left_out", "too_large"} <= set(mail.defects)


_PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/alternative; boundary=b\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: application/ms-tnef\r\n",
        b"Content-Type: text/calendar\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%ff\r\n",
        b"Subject: =?utf-8?B?x?=\r\n",
        b"From: \xff <a@b>, c:;\r\n",
        b"no colon\r\n",
        b"\x00: \x00\r\n",
        b"\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n",
        b"<p>Jalan <blockquote type=cite>a</p>\r\n",
        b"Pada 1 Juni 2024 10.00 A <a@b.example> menulis:\r\n> x\r\n",
        b"\r",
        b"\xff\xfe\x00",
    ]
)


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=25))
def test_no_mail_made_of_broken_pieces_is_refused(pieces: list[bytes]) -> None:
    found = parse(b"".join(pieces))

    assert set(found) >= {"text", "reply", "attachments", "defects"}
