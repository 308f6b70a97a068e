"""Bytes of a mail to text, whatever charset they claim to be in."""

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

ALIASES = {
    # Label in mails -> Python codec. Supersets where senders mean the superset.
    "646": "ascii",
    "ansi": "cp1252",
    "ansi_x3.110-1983": "cp1252",
    "ascii": "ascii",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "cn-gb": "gb18030",
    "euc-cn": "gb18030",
    "gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-kr": "iso2022_kr",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "iso-8859-8-i": "iso8859_8",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "x-euc-jp": "euc_jp",
    "x-cp1252": "cp1252",
    "cp-850": "cp850",
    "tis-620": "cp874",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "shift_jis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
    "us-ascii": "ascii",
    "utf8mb4": "utf-8",
    "utf8": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-16",
    "windows-874": "cp874",
    "x-gbk": "gb18030",
    "x-sjis": "cp932",
}

# Only codecs of written languages. Others of Python's registry run for minutes on
# a hostile text (punycode), warn (unicode_escape) or are no text at all (zlib).
_TEXT_CODEC = re.compile(
    r"ascii|utf-(7|8|16|32)(-[bl]e)?|iso8859-\d+|cp\d{3,4}|koi8-[rut]|big5(hkscs)?|"
    r"gb18030|gb2312|gbk|hz|shift_jis\w*|euc_\w+|iso2022_\w+|johab|tis-620|ptcp154|"
    r"mac-\w+"
)
_SINGLE_BYTE = re.compile(r"cp125\d|iso8859-\d+|ascii|mac-\w+")
_SAMPLE_BYTES = 32_000
_BROKEN_SHARE = 25
"""One letter in so many may be broken."""
_ASCII_END, _FEW = 0x80, 4


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and how it was read."""

    text: str
    codec: str
    lossy: bool
    """Some bytes mean nothing in that codec."""
    declared: bool
    """The codec is what the sender said, or the same letters."""


def decode(raw: bytes, declared: str) -> str:
    """Decode by the declared charset, else by what the bytes look like."""
    return read_text(raw, declared).text


def read_text(raw: bytes, declared: str) -> Decoded:
    """Decode like `decode`, and say how."""
    codec = _codec(declared)
    tries = ["utf-8"]
    if codec and _SINGLE_BYTE.fullmatch(codec):
        # Single-byte charsets accept anything: valid UTF-8 is UTF-8 all the same.
        tries = ["utf-8", codec]
    elif codec:
        tries = [codec, "utf-8"]
    for name in tries:
        try:
            text = raw.decode(name)
        except (UnicodeError, ValueError):
            continue
        same = raw.isascii() or name == codec or not declared.strip()
        return Decoded(text, name, lossy=False, declared=same)
    if found := _nearly(raw, codec):
        return found
    text, name = _guess(raw)
    return Decoded(text, name, lossy="\ufffd" in text, declared=False)


def _nearly(raw: bytes, codec: str) -> Decoded | None:
    """Read in a charset of several bytes a letter where only a few are broken.

    A cut or damaged letter does not make the other ones Western European.
    """
    if codec and not _SINGLE_BYTE.fullmatch(codec) and codec != "utf-8":
        text = raw.decode(codec, "replace")
        few = max(1, len(text) // _BROKEN_SHARE)
        if text.count("\ufffd") <= few:
            return Decoded(text, codec, lossy=True, declared=True)
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(char >= "\x80" for char in text[:_SAMPLE_BYTES]) - broken
    if whole >= broken and broken <= max(1, len(text) // _BROKEN_SHARE):
        return Decoded(text, "utf-8", lossy=True, declared=codec == "utf-8")
    return None


def decode_header_bytes(raw: bytes) -> str:
    """Decode raw 8-bit letters of a header, which declares no charset."""
    return decode(raw, "")


def _codec(label: str) -> str:
    label = label.strip(" \t\"'").lower().replace(" ", "")
    label = re.sub(r"^(?:charset=|x-)(?=iso|utf|windows|cp|mac)", "", label)
    try:
        name = codecs.lookup(ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return ""
    return name if _TEXT_CODEC.fullmatch(name) else ""


def _guess(raw: bytes) -> tuple[str, str]:
    foreign = sum(byte >= _ASCII_END for byte in raw[:_SAMPLE_BYTES])
    # A few accents in a Latin text tell a guesser too little.
    if foreign < max(_FEW, len(raw[:_SAMPLE_BYTES]) // 20):
        return raw.decode("cp1252", errors="replace"), "cp1252"
    best = from_bytes(raw[:_SAMPLE_BYTES]).best()
    name = (_codec(best.encoding) if best else "") or "cp1252"
    return raw.decode(name, errors="replace"), name
