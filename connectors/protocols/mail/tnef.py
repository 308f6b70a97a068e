"""What an office's winmail.dat holds (TNEF, MS-OXTNEF): words and files."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.protocols.mail.charsets import decode
from connectors.protocols.mail.html import html_to_text

if TYPE_CHECKING:
    import tnefparse

KINDS = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
NAME = "winmail.dat"
BYTES_MAX = 25_000_000
# It tells of every odd attribute; what is wrong is said by the defects of the mail.
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
logging.getLogger("tnef-decode").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Unwrapped:
    """The words, plain where there are plain ones, and (name, content) of each file."""

    text: str
    files: tuple[tuple[str, bytes], ...]


def unwrap(raw: bytes) -> Unwrapped | None:
    """Open a TNEF body; None when it cannot be read, or holds nothing."""
    import tnefparse  # noqa: PLC0415 - few mails are wrapped

    if len(raw) > BYTES_MAX:
        return None
    try:
        found = tnefparse.TNEF(raw, do_checksum=False)
        files = tuple(
            (str(each.long_filename() or ""), bytes(each.data or b""))
            for each in found.attachments
        )
        words = _words(found)
    except Exception:  # noqa: BLE001 - the decoder names no errors of its own
        return None
    return Unwrapped(words, files) if words.strip() or files else None


def _words(found: "tnefparse.TNEF") -> str:
    plain = _text(found.body)
    if plain.strip():
        return plain
    if (markup := _text(found.htmlbody)).strip():
        return html_to_text(markup)
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415 - fewer still

    rich = found.rtfbody
    return str(rtf_to_text(_text(rich), errors="replace")) if rich else ""


def _text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else b""
    if isinstance(value, bytes):
        return decode(value, "").replace("\x00", "")
    return str(value or "").replace("\x00", "")
