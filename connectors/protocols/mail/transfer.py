"""Undoing the transfer encoding of a part (RFC 2045), however it is labelled."""

import binascii
import re
from dataclasses import dataclass

_LETTERS = re.compile(r"[^a-z0-9]")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,2}[ \t]*")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_OF_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
_AT_ONCE = 1_000_000
_QUOTED = re.compile(rb"=(?:[0-9A-F]{2}|\r?\n)")
_UU_BEGIN = re.compile(
    rb"^begin(?:-base64)? [0-7]{3,4} [^\r\n]{1,200}\r?\n", re.MULTILINE
)
_AS_IS = frozenset({"", "7bit", "8bit", "binary", "7bits", "8bits"})
_SAMPLE_BYTES = 20_000
_LINE_MIN = 40


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a part, and whether its label said how they are encoded."""

    raw: bytes
    defect: str = ""
    """A code; empty where nothing is wrong."""


def undo(body: bytes, label: str) -> Content:
    """Undo a transfer encoding; what cannot be undone stays as it is."""
    name = _LETTERS.sub("", label.strip().lower())
    if name in _AS_IS:
        return Content(body)
    if name == "base64":
        return _base64(body)
    if name in {"quotedprintable", "qp"}:
        return Content(_quoted(body))
    if name in {"xuuencode", "uuencode", "uue", "xuue"}:
        return Content(_uu(body))
    return _by_looks(body)


def _by_looks(body: bytes) -> Content:
    """Decode what is labelled with a word that no standard has."""
    sample = body[:_SAMPLE_BYTES]
    lines = sample.split()
    encoded = lines and all(_BASE64_LINE.fullmatch(line) for line in lines)
    if encoded and len(lines[0]) >= _LINE_MIN:
        return Content(_base64(body).raw, "unknown_encoding")
    if _QUOTED.search(sample):
        return Content(_quoted(body), "unknown_encoding")
    return Content(body, "unknown_encoding")


def _quoted(body: bytes) -> bytes:
    return binascii.a2b_qp(body)


def _base64(body: bytes) -> Content:
    strange = sum(
        len(body[at : at + _AT_ONCE].translate(None, _OF_BASE64))
        for at in range(0, len(body), _AT_ONCE)
    )
    if not strange:
        return _decoded(body)
    # A list's footer stands below in plain words: letters, but no base64.
    encoded, rest = _until_strange(body)
    if rest.strip() and len(encoded) > len(body) // 20:
        found = _decoded(encoded)
        return Content(found.raw + b"\n" + rest, "broken_base64")
    if strange > len(body) // 20:
        return Content(body, "broken_base64")
    return Content(_decoded(body).raw, "broken_base64")


def _until_strange(body: bytes) -> tuple[bytes, bytes]:
    """Divide at the first line that is no base64, if only such lines follow."""
    padded = re.search(rb"=[ \t]*\r?\n", body)
    if padded is None:
        return body, b""
    encoded, rest = body[: padded.end()], body[padded.end() :]
    first = rest.strip().split(b"\n", 1)[0].strip()
    return (body, b"") if _BASE64_LINE.fullmatch(first) else (encoded, rest)


def _decoded(body: bytes) -> Content:
    try:
        return Content(binascii.a2b_base64(body))
    except binascii.Error:
        letters = _NOT_BASE64.sub(b"", body)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        return Content(
            binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)), "broken_base64"
        )


def _uu(body: bytes) -> bytes:
    begin = _UU_BEGIN.search(body)
    return uu_lines(body[begin.end() :]) if begin else body


def uu_lines(lines: bytes) -> bytes:
    """Decode lines of uuencode (POSIX) up to `end`; broken ones as far as they go."""
    found = bytearray()
    for line in lines.splitlines():
        if line.strip() == b"end":
            break
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Old encoders count wrong: take as many letters as the length asks for.
            size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found += binascii.a2b_uu(line[:size])
            except binascii.Error:
                continue
    return bytes(found)
