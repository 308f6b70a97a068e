"""What a file is by its first bytes, beside what its sender says."""

import struct
from dataclasses import dataclass

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ", "application/x-msdownload"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"#!/", "text/x-shellscript"),
)
"""Where, which bytes, media type; the first that is there counts."""

GENERIC = frozenset({"", "application/octet-stream", "application/binary"})
"""Senders say this where they do not know."""
_RUNS = frozenset(
    {
        "application/x-msdownload",
        "application/x-executable",
        "application/java-vm",
        "text/x-shellscript",
    }
)
_RUN_BY_NAME = (
    ".exe .scr .com .pif .bat .cmd .js .jse .vbs .vbe .wsf .wsh .hta .msi .jar .ps1 "
    ".lnk .reg .cpl .apk .dll .iso .img .chm .docm .xlsm .pptm"
)
DANGEROUS_ENDINGS = frozenset(_RUN_BY_NAME.split())
"""What a desk opens with a click, and what then runs."""
_PACKED = "application/zip"
_RATIO_MAX, _UNPACKED_MAX = 100, 200_000_000
_END_OF_ZIP, _ENTRY_OF_ZIP = b"PK\x05\x06", b"PK\x01\x02"
_ENTRIES_MAX = 10_000
_DOT_SIDE_MAX, _DOT_BYTES_MAX = 2, 2_000


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file is taken for, and what is wrong with it."""

    media_type: str
    """The declared one, unless that says nothing."""
    found: str
    """By its first bytes; empty where they tell nothing."""
    defects: frozenset[str]
    """`dangerous_file`, `disguised_file`, `packed_bomb`."""


def look(name: str, declared: str, content: bytes) -> Looked:
    """Compare what a file says of itself with what it is; nothing is unpacked."""
    found = by_magic(content)
    ending = f".{name.rpartition('.')[2].lower()}"
    defects = set()
    if found in _RUNS or ending in DANGEROUS_ENDINGS:
        defects.add("dangerous_file")
    if found and _claims_other(declared, found):
        defects.add("disguised_file")
    if found == _PACKED and _is_bomb(content):
        defects.add("packed_bomb")
    kind = found if found and declared in GENERIC else declared
    return Looked(kind, found, frozenset(defects))


def by_magic(content: bytes) -> str:
    """Give the media type that the first bytes show, or nothing."""
    head = content[:16]
    return next((kind for at, mark, kind in MAGIC if head.startswith(mark, at)), "")


def is_dot(content: bytes) -> bool:
    """Tell a picture of one or two points, by which senders count their readers."""
    if len(content) > _DOT_BYTES_MAX:
        return False
    kind, side = by_magic(content), (0, 0)
    if kind == "image/gif" and len(content) > 10:  # noqa: PLR2004 - GIF89a, 10 bytes
        side = struct.unpack_from("<HH", content, 6)
    elif kind == "image/png" and len(content) > 24:  # noqa: PLR2004 - IHDR ends there
        side = struct.unpack_from(">II", content, 16)
    return 0 < side[0] <= _DOT_SIDE_MAX and 0 < side[1] <= _DOT_SIDE_MAX


def _claims_other(declared: str, found: str) -> bool:
    """Pictures, films and documents that are something else; office files are zips."""
    claims = declared.startswith(("image/", "video/", "audio/")) or (
        declared == "application/pdf"
    )
    if not claims:
        return False
    same_family = declared.partition("/")[0] == found.partition("/")[0]
    return not same_family or declared == "application/pdf" != found


def _is_bomb(content: bytes) -> bool:
    """Add up what a zip says that it unpacks to, from its own directory."""
    end = content.rfind(_END_OF_ZIP, max(0, len(content) - 70_000))
    if end < 0 or end + 20 > len(content):
        return False
    (at,) = struct.unpack_from("<I", content, end + 16)
    total = 0
    for _ in range(_ENTRIES_MAX):
        if not content.startswith(_ENTRY_OF_ZIP, at) or at + 46 > len(content):
            break
        (size,) = struct.unpack_from("<I", content, at + 24)
        name, extra, comment = struct.unpack_from("<HHH", content, at + 28)
        total += size
        at += 46 + name + extra + comment
    return total > max(_UNPACKED_MAX, _RATIO_MAX * len(content))
