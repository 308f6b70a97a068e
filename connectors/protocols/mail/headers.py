"""Headers of a mail, decoded; broken ones give what can be read of them."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from connectors.protocols.mail.charsets import decode, decode_header_bytes

_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
_BARE_ID = re.compile(r"[^<>\s]{1,250}@[^<>\s]{1,250}")
_ADDRESS = re.compile(r"[^\s<>\"(),:;@]{1,200}@[^\s<>\"(),:;@]{1,255}")
# How nearly all are written: Name <address>, "Name" <address>, or the address alone.
_PLAIN_MAILBOX = re.compile(
    r"\s*+(?:(?:\"([^\"\\<>]{0,200})\"|([^\"\\<>(),:;@]{0,200}))"
    rf"\s*<({_ADDRESS.pattern})>|({_ADDRESS.pattern}))\s*"
)
_HEADER_CHARS_MAX = 20_000
# The standard library's parser of parameters is quadratic in hostile ones.
_PARAMETERS_CHARS_MAX = 4_000


@dataclass(frozen=True)
class Mailbox:
    """An address with the name beside it."""

    name: str
    address: str


class Headers:
    """The headers of one part, by caseless name."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self.fields = tuple(
            (name.strip().lower(), _readable(value[:_HEADER_CHARS_MAX]))
            for name, value in fields
        )
        """(name, value) as they stand in the mail, from the top."""
        self._fields: dict[str, list[str]] = {}
        self._mailboxes: dict[str, tuple[Mailbox, ...]] = {}
        for name, text in self.fields:
            self._fields.setdefault(name, []).append(text)

    def source(self, name: str) -> str:
        """Give the first header of this name, encoded words left as they are."""
        return next(iter(self._fields.get(name, ())), "")

    def sources(self, name: str) -> tuple[str, ...]:
        """Give all headers of this name, encoded words left as they are."""
        return tuple(self._fields.get(name, ()))

    def text(self, name: str) -> str:
        """Give the first header of this name, decoded, on one line."""
        return " ".join(decode_words(self.source(name)).split())

    def has(self, name: str) -> bool:
        """Say whether there is such a header."""
        return name in self._fields

    def mailboxes(self, name: str) -> tuple[Mailbox, ...]:
        """Give the addresses of all headers of this name."""
        if name not in self._mailboxes:
            values = self.sources(name)
            self._mailboxes[name] = tuple(b for v in values for b in _mailboxes(v))
        return self._mailboxes[name]

    def message_ids(self, name: str) -> tuple[str, ...]:
        """Give the ids in the headers of this name, brackets added where missing."""
        found: list[str] = []
        for value in self.sources(name):
            ids = _MESSAGE_ID.findall(value)
            if not ids and _BARE_ID.fullmatch(value.strip()):
                ids = [f"<{value.strip()}>"]
            found += ids
        return tuple(found)

    def contain(self, text: str) -> bool:
        """Say whether any header holds this text."""
        return any(text in value for rows in self._fields.values() for value in rows)

    def parameter(self, header: str, name: str) -> str:
        """Give a parameter of a header, joined and decoded (RFC 2231, RFC 2047)."""
        written = self.source(header)[:_PARAMETERS_CHARS_MAX]
        if name not in written.lower():
            return ""
        holder = Message()
        holder["content-type"] = written
        try:
            value = holder.get_param(name, "", unquote=True)
            if isinstance(value, tuple):
                charset, _language, text = value
                value = decode(text.encode("latin-1", "replace"), charset or "")
        except (ValueError, LookupError, TypeError, IndexError):
            return ""
        return decode_words(str(value or ""))


def decode_words(text: str) -> str:
    """Decode encoded words (RFC 2047); a broken one stays as it is."""
    if "=?" not in text:
        return text
    pieces: list[str] = []
    pending: tuple[str, bytes] = ("", b"")
    end = 0
    text = _BETWEEN_WORDS.sub(r"\1", text)
    for word in _ENCODED_WORD.finditer(text):
        charset = word[1].partition("*")[0].lower()
        if (between := text[end : word.start()]) or charset != pending[0]:
            pieces += [_flush(pending), between]
            pending = (charset, b"")
        # Senders cut a letter of several bytes in two words: join before decoding.
        pending = (charset, pending[1] + _word_bytes(word[2], word[3]))
        end = word.end()
    return "".join([*pieces, _flush(pending), text[end:]])


def _flush(pending: tuple[str, bytes]) -> str:
    charset, raw = pending
    return decode(raw, charset) if raw else ""


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(raw) % 4 == 1:
        raw = raw[:-1]
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def _readable(value: str) -> str:
    if value.isascii():
        return value
    return decode_header_bytes(value.encode("utf-8", "surrogateescape"))


def _mailboxes(value: str) -> tuple[Mailbox, ...]:
    if plain := _PLAIN_MAILBOX.fullmatch(value):
        name, address = plain[1] or plain[2] or "", plain[3] or plain[4]
        return (Mailbox(" ".join(decode_words(name).split()), address),)
    try:
        pairs = getaddresses([value])
    except (RecursionError, ValueError, IndexError, TypeError):
        pairs = []
    boxes = [
        Mailbox(" ".join(decode_words(name).split()), address.strip())
        for name, address in pairs
        if _ADDRESS.fullmatch(address.strip())
    ]
    if not boxes and (match := _ADDRESS.search(decode_words(value))):
        boxes = [Mailbox("", match[0])]
    return tuple(boxes)
