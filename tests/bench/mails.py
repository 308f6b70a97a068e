"""Reading mails: the hub's reader beside what its users would write, mail by mail.

The mails are made here: a few words from a telephone, an answer with a photo, a page
of HTML, an office's winmail.dat, a delivery report.
"""

import base64
import random
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from connectors import registry
from schemas.raw import JournalEntry, RawMessage
from tests.bench.hub_world import CHANNELS
from tests.bench.main_job_world import BODY, message
from tests.bench.peers import mail_readers

DIFFERENT = 20
"""Mails of one kind; no two are the same."""
PHOTO_BYTES = 300_000
Reader = Callable[[bytes], object]


def phone(n: int) -> bytes:
    """Write a short mail from a telephone."""
    body = f"{BODY}\n\nBlok {n}\n\nDikirim dari iPhone saya\n"
    return _head(n, "text/plain; charset=utf-8") + body.encode()


def answer(n: int) -> bytes:
    """Write an answer: HTML beside plain words, a long thread, a photo."""
    old = "\n".join(f"> Laporan nomor {line} sudah kami terima." for line in range(120))
    above = "Pada Sab, 15 Jun 2024 pukul 14.59 Layanan <lapor@hub.example> menulis:"
    plain = f"{BODY}\n\n{above}\n\n{old}\n".encode()
    rich = f"<div>{BODY}</div><blockquote type=cite>{old}</blockquote>".encode()
    photo = random.Random(n).randbytes(PHOTO_BYTES)
    words = _multipart(
        "alternative",
        "dalam",
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + plain,
        b"Content-Type: text/html; charset=utf-8\r\n\r\n" + rich,
    )
    image = b"Content-Type: image/jpeg; name=foto.jpg\r\n"
    image += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(photo)
    return _head(n) + _multipart("mixed", "luar", words, image)


def page(n: int) -> bytes:
    """Write a mail of HTML alone."""
    rows = f"<tr><td><p style='margin:0'>{BODY}</p></td><td>{n}</td></tr>" * 10
    markup = (
        f"<html><head><style>p{{}}</style></head><body><table>{rows}</table></body>"
    )
    return _head(n, "text/html; charset=utf-8") + markup.encode()


def winmail(n: int) -> bytes:
    """Write what an office's program wraps: words and a photo in winmail.dat."""
    photo = random.Random(n).randbytes(PHOTO_BYTES)
    wrapped = struct.pack("<IH", 0x223E9F78, 1)
    wrapped += _attribute(1, 0x2800C, BODY.encode() + b"\x00")
    wrapped += _attribute(2, 0x69002, bytes(14))
    wrapped += _attribute(2, 0x18010, b"foto.jpg\x00")
    wrapped += _attribute(2, 0x6800F, photo)
    part = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n"
    part += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(wrapped)
    return _head(n) + _multipart("mixed", "luar", part)


def report(n: int) -> bytes:
    """Write a delivery report."""
    words = b"Content-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n"
    status = (
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example"
    )
    status += b"\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n"
    returned = b"Content-Type: message/rfc822\r\n\r\n" + phone(n)
    head = _head(n, sender="MAILER-DAEMON@mx.example")
    return head + _multipart("report", "luar", words, status, returned)


KINDS: Mapping[str, Callable[[int], bytes]] = {
    "phone": phone,
    "answer": answer,
    "page": page,
    "winmail": winmail,
    "report": report,
}


def raw_message(n: int) -> RawMessage:
    """Give the n-th short mail as the SMTP door hands it over."""
    return RawMessage(
        source="email",
        lane="intake.email",
        source_key=f"<{n}@warga.example>",
        body=phone(n),
        content_type="message/rfc822",
        meta={"envelope_from": "warga@warga.example", "envelope_to": "", "remote": ""},
    )


class Reading:
    """Rounds of one kind of mail, the readers in turn."""

    def __init__(self, kind: str) -> None:
        self._raws = [KINDS[kind](n) for n in range(DIFFERENT)]
        self._readers: Sequence[Reader] = (
            registry.mail_parser(),
            mail_readers.standard_library,
            mail_readers.mail_parser,
        )

    def rates(self, seconds: float) -> tuple[float, ...]:
        """Read for some seconds; mails a CPU second of each reader."""
        spent = [0.0] * len(self._readers)
        rounds = 0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until or not rounds:
            for place, read in enumerate(self._readers):
                began = time.process_time()
                for raw in self._raws:
                    read(raw)
                spent[place] += time.process_time() - began
            rounds += 1
        return tuple(rounds * DIFFERENT / one for one in spent)


def normalised(seconds: float) -> tuple[float, float]:
    """CPU microseconds in which the channels understand a mail, and a web complaint."""
    channels = {name: registry.channel(name, of, {}) for name, of in CHANNELS.items()}
    found = []
    for name, make in (("email", raw_message), ("web", message)):
        entries = [
            JournalEntry(journal_id=f"{n}", received_at=datetime.now(UTC), raw=make(n))
            for n in range(DIFFERENT)
        ]
        began, rounds = time.process_time(), 0
        while time.process_time() - began < seconds / 2:
            for entry in entries:
                channels[name].normalise(entry)
            rounds += 1
        spent = time.process_time() - began
        found.append(spent * 1e6 / (rounds * DIFFERENT))
    return found[0], found[1]


def _head(
    n: int, kind: str = "", sender: str = "Budi Contoh <budi@warga.example>"
) -> bytes:
    lines = [
        "Return-Path: <budi@warga.example>",
        *[
            f"Received: from mx{hop}.example by mx.hub.example; {_DATE}"
            for hop in "123"
        ],
        f"From: {sender}",
        "To: Layanan <lapor@hub.example>",
        f"Subject: =?utf-8?Q?Suara_mesin_di_blok_{n}?=",
        f"Date: {_DATE}",
        f"Message-ID: <{n}@warga.example>",
        "MIME-Version: 1.0",
        *([f"Content-Type: {kind}", ""] if kind else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n"


_DATE = "Sat, 15 Jun 2024 14:59:00 +0700"


def _multipart(kind: str, boundary: str, *parts: bytes) -> bytes:
    mark = f"--{boundary}".encode()
    head = f"Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n".encode()
    inside = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return head + inside + mark + b"--\r\n"


def _attribute(level: int, name: int, data: bytes) -> bytes:
    head = struct.pack("<BII", level, name, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)
