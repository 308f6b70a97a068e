"""Files that old programs write between the words: uuencode and yEnc."""

import re

from connectors.protocols.mail.transfer import uu_lines

# Possessive, so that a text without an end is not tried again from every line.
_UU = re.compile(
    r"^begin [0-7]{3,4} (?P<name>[^\r\n]{1,200})\r?\n"
    r"(?P<lines>(?:[ -`]{0,90}+\r?\n){1,400000}+)end[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)
_YENC_BEGIN = re.compile(
    rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,200})\r?\n"
    rb"(?:=ypart [^\r\n]{0,200}\r?\n)?",
    re.MULTILINE,
)
_YENC_END = re.compile(rb"\r?\n=yend\b[^\r\n]{0,200}")
_ESCAPED = re.compile(rb"=(.)", re.DOTALL)
_MINUS_42 = bytes((value - 42) % 256 for value in range(256))


def take_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Give the words without the encoded files, and (name, content) of each file."""
    if "\nend" not in text or "begin " not in text:
        return text, []
    files = [
        (found["name"].strip(), uu_lines(found["lines"].encode("ascii", "replace")))
        for found in _UU.finditer(text)
    ]
    return (_UU.sub("", text), files) if files else (text, [])


def take_yenc(raw: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Do the same for yEnc, whose letters are no text in any charset."""
    files: list[tuple[str, bytes]] = []
    words: list[bytes] = []
    at = 0
    while begin := _YENC_BEGIN.search(raw, at):
        end = _YENC_END.search(raw, begin.end())
        if end is None:
            break
        name = begin[1].decode("utf-8", "replace").strip()
        files.append((name, _un_yenc(raw[begin.end() : end.start()])))
        words.append(raw[at : begin.start()])
        at = end.end()
    return (b"".join([*words, raw[at:]]), files) if files else (raw, [])


def _un_yenc(lines: bytes) -> bytes:
    plain = lines.replace(b"\r", b"").replace(b"\n", b"")
    restored = _ESCAPED.sub(lambda one: bytes([(one[1][0] - 64) % 256]), plain)
    return restored.translate(_MINUS_42)
