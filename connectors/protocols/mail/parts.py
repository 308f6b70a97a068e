"""The parts of a mail: its words and its files."""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser

from connectors.contract import File
from connectors.protocols.mail.charsets import decode, read_text
from connectors.protocols.mail.headers import Headers, headers_of
from connectors.protocols.mail.html import html_to_text
from connectors.protocols.mail.invitations import read_invitation
from connectors.protocols.mail.names import (
    attachment_name,
    parameter_name,
    safe_name,
    unique_name,
)
from connectors.protocols.mail.tnef import KINDS as TNEF_KINDS
from connectors.protocols.mail.tnef import NAME as TNEF_NAME
from connectors.protocols.mail.tnef import unwrap

PARTS_MAX = 200
FILES_BYTES_MAX = 25_000_000
TEXT_CHARS_MAX = 1_000_000
DEPTH_MAX = 30
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=\r\n]")
_HEADERS_AGAIN = "text/rfc822-headers"
_WORDS = frozenset({"text/plain", "text/html", "text/enriched"})
_ENRICHED_MARK = re.compile(r"<param>.*?</param>|</?[A-Za-z][A-Za-z-]*>", re.DOTALL)
_ENCRYPTED = frozenset({"application/pgp-encrypted", "application/pkcs7-mime"})
_PGP_MESSAGE = b"-----BEGIN PGP MESSAGE-----"
PLAIN_SHARE_MIN = 0.1
"""A plain part shorter than this share of the HTML is a stub ("view online")."""


@dataclass(frozen=True)
class Mail:
    """A mail as far as it could be read."""

    headers: Headers
    content_type: str
    text: str
    files: tuple[File, ...]
    truncated: bool
    """True when parts were left out because of the limits."""
    file_names: tuple[str, ...] = ()
    """What the sender calls the files; two may have one name there."""
    defects: tuple[str, ...] = ()
    """What is wrong with the mail, by code; it was read all the same."""
    charsets: tuple[str, ...] = ()
    """Codecs by which its words were read, in the order of its parts."""


@dataclass
class _Gathered:
    files: list[File] = field(default_factory=list)
    file_cids: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    declared: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)
    text_files: list[str] = field(default_factory=list)
    parts: int = 0
    bytes: int = 0
    truncated: bool = False
    defects: set[str] = field(default_factory=set)
    charsets: list[str] = field(default_factory=list)


def read_mail(raw: bytes) -> Mail:
    """Read any bytes as a mail: text wherever there is some, and the files."""
    try:
        root = message_from_bytes(raw)
    except (RecursionError, ValueError, LookupError, TypeError, IndexError):
        return _headers_and_rest(raw)
    gathered = _Gathered()
    text = _text_of(root, gathered, 0)
    if not text.strip():
        text = next((each for each in gathered.text_files if each.strip()), "")
    if not text.strip() and not gathered.files and root.is_multipart():
        # The boundary never matched: the words stand before or behind the parts.
        text = decode(_bytes_of(f"{root.preamble or ''}\n{root.epilogue or ''}"), "")
    return Mail(
        headers=headers_of(root),
        content_type=root.get_content_type(),
        text=text[:TEXT_CHARS_MAX],
        files=_marked_inline(gathered),
        truncated=gathered.truncated or len(text) > TEXT_CHARS_MAX,
        file_names=tuple(gathered.declared),
        defects=_defects(root, gathered),
        charsets=tuple(dict.fromkeys(gathered.charsets)),
    )


def _defects(root: Message, gathered: _Gathered) -> tuple[str, ...]:
    found = set(gathered.defects)
    headers = headers_of(root)
    if not headers.message_ids("message-id"):
        found.add("no_message_id")
    if not headers.mailboxes("from"):
        found.add("no_sender")
    if not headers.has("date"):
        found.add("no_date")
    if gathered.truncated:
        found.add("too_large")
    if any("\x00" in value for _, value in root.raw_items()):
        found.add("nul_in_header")
    return tuple(sorted(found))


def _headers_and_rest(raw: bytes) -> Mail:
    """Read a mail whose parts nest too deep for the parser as plain text."""
    head = BytesHeaderParser().parsebytes(raw)
    rest = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    text = decode(rest[:TEXT_CHARS_MAX], "")
    kind = head.get_content_type()
    return Mail(headers_of(head), kind, text, (), truncated=True, defects=("too_deep",))


def _text_of(part: Message, gathered: _Gathered, depth: int) -> str:
    gathered.parts += 1
    # The parser's own classes, in our spelling: MissingBoundaryDefect and the like.
    gathered.defects |= {_spelt(type(each).__name__) for each in part.defects}
    if gathered.parts > PARTS_MAX or depth > DEPTH_MAX:
        gathered.truncated = True
        return ""
    if part.get_content_maintype() == "message":
        _keep_file(part, headers_of(part), _inner_bytes(part), gathered)
        return ""
    children = part.get_payload()
    if isinstance(children, list):
        parts = [child for child in children if isinstance(child, Message)]
        texts = [_text_of(child, gathered, depth + 1) for child in parts]
        if part.get_content_subtype() == "alternative":
            return _chosen(parts, texts)
        return _joined(texts)
    return _leaf_text(part, gathered)


def _leaf_text(part: Message, gathered: _Gathered) -> str:
    headers = headers_of(part)
    raw = _content(part)
    kind = kind_of(part)
    if kind in TNEF_KINDS or parameter_name(headers).lower() == TNEF_NAME:
        return _unwrapped(part, headers, raw, gathered)
    if kind == "text/calendar":
        gathered.text_files.append(read_invitation(raw))
    if kind in _ENCRYPTED or raw.lstrip().startswith(_PGP_MESSAGE):
        gathered.defects.add("encrypted")
    # A broken multipart is parsed as one part: its words are still words.
    words = kind in _WORDS or kind.startswith("multipart/")
    if kind == _HEADERS_AGAIN and not parameter_name(headers):
        return ""
    text = _decoded(raw, headers, kind, gathered) if words else ""
    if words and not _is_file(headers, kind):
        return text
    if words:
        gathered.text_files.append(text)
    _keep_file(part, headers, raw, gathered)
    return ""


def _unwrapped(part: Message, headers: Headers, raw: bytes, gathered: _Gathered) -> str:
    """Take words and files out of an office's wrapping; it stays if it is broken."""
    found = unwrap(raw)
    if found is None:
        gathered.defects.add("wrapping_unreadable")
        _keep_file(part, headers, raw, gathered)
        return ""
    for name, content in found.files:
        # The wrapping names no types.
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        _keep(safe_name(name), kind, content, gathered)
    # The plain sibling has the same words, where there is one.
    gathered.text_files.insert(0, found.text)
    return ""


def _spelt(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return words.removesuffix("_defect").removesuffix("_error")


def _is_file(headers: Headers, kind: str) -> bool:
    disposition = headers.source("content-disposition").partition(";")[0].strip()
    if disposition.lower() == "attachment":
        return True
    # MMS gateways name the words of the message ("text.txt") and nothing more.
    return bool(parameter_name(headers)) and (disposition != "" or kind != "text/plain")


def _decoded(raw: bytes, headers: Headers, kind: str, gathered: _Gathered) -> str:
    gathered.truncated |= len(raw) > 4 * TEXT_CHARS_MAX
    charset = headers.parameter("content-type", "charset")
    found = read_text(raw[: 4 * TEXT_CHARS_MAX], charset)
    gathered.charsets.append(found.codec)
    if found.lossy:
        gathered.defects.add("letters_lost")
    elif not found.declared:
        gathered.defects.add("wrong_charset")
    text = found.text
    if kind == "text/enriched":
        return _ENRICHED_MARK.sub("", text).replace("<<", "<")
    if kind != "text/html":
        return text
    gathered.markup.append(text)
    return html_to_text(text)


def _chosen(parts: Sequence[Message], texts: Sequence[str]) -> str:
    """Choose between alternatives: plain words, unless they are a stub."""
    pairs = list(zip(parts, texts, strict=True))
    plain = _joined([t for p, t in pairs if p.get_content_type() == "text/plain"])
    rich = [t for p, t in pairs if p.get_content_type() != "text/plain" and t.strip()]
    if not rich:
        return plain
    stub = len(_squeezed(plain)) < PLAIN_SHARE_MIN * len(_squeezed(rich[-1]))
    return rich[-1] if stub else plain


def _joined(texts: Sequence[str]) -> str:
    kept: list[str] = []
    seen: set[str] = set()
    for text in texts:
        # Some senders put the same words in a plain and in an HTML sibling.
        if (squeezed := _squeezed(text)) and squeezed not in seen:
            seen.add(squeezed)
            kept.append(text.strip("\r\n"))
    return "\n\n".join(kept)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _keep_file(part: Message, headers: Headers, raw: bytes, into: _Gathered) -> None:
    name = attachment_name(part, headers, len(into.files) + 1)
    cid = headers.source("content-id").strip().strip("<>")
    _keep(name, kind_of(part), raw, into, cid)


def _keep(
    name: str, kind: str, content: bytes, into: _Gathered, content_id: str = ""
) -> None:
    if into.bytes + len(content) > FILES_BYTES_MAX or len(into.files) >= PARTS_MAX:
        into.truncated = True
        return
    into.bytes += len(content)
    name = name or f"lampiran-{len(into.files) + 1}.bin"
    into.declared.append(name)
    name = unique_name(name, into.names)
    into.files.append(File(name=name, media_type=kind, content=content))
    into.file_cids.append(content_id)


def _marked_inline(gathered: _Gathered) -> tuple[File, ...]:
    markup = "\n".join(gathered.markup)
    return tuple(
        file.model_copy(update={"inline": bool(cid) and f"cid:{cid}" in markup})
        for file, cid in zip(gathered.files, gathered.file_cids, strict=True)
    )


def _inner_bytes(part: Message) -> bytes:
    """Print an attached message as it came."""
    inner = part.get_payload()
    try:
        if isinstance(inner, list):
            each = [m.as_bytes() for m in inner if isinstance(m, Message)]
            return b"\n".join(each)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return b""
    return _content(part)


def kind_of(part: Message) -> str:
    """Give the media type of a part; nonsense counts as text."""
    kind = part.get_content_type()
    return kind if _KIND.fullmatch(kind) else "text/plain"


def _content(part: Message) -> bytes:
    """Undo the transfer encoding; what is broken stays as it is."""
    written = part.get_payload()
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if isinstance(written, str) and encoding == "base64":
        strange = len(_NOT_BASE64.findall(written))
        if strange > len(written) // 20:
            return _bytes_of(written)
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        content = _bytes_of(str(part.get_payload()))
    return content if isinstance(content, bytes) else b""


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
