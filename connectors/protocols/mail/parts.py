"""The parts of a mail: its words and its files."""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.contract import File
from connectors.protocols.mail import filetypes
from connectors.protocols.mail.by_parts import LEFT_OUT_HEADER
from connectors.protocols.mail.charsets import read_text
from connectors.protocols.mail.embedded import take_uuencoded, take_yenc
from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.html import html_to_text
from connectors.protocols.mail.invitations import read_invitation
from connectors.protocols.mail.names import (
    attachment_name,
    parameter_name,
    safe_name,
    unique_name,
)
from connectors.protocols.mail.structure import Part, every, read_structure
from connectors.protocols.mail.tnef import KINDS as TNEF_KINDS
from connectors.protocols.mail.tnef import NAME as TNEF_NAME
from connectors.protocols.mail.tnef import unwrap
from connectors.protocols.mail.transfer import undo

FILES_MAX = 200
FILES_BYTES_MAX = 25_000_000
TEXT_CHARS_MAX = 1_000_000
_TEXT_BYTES_MAX = 4 * TEXT_CHARS_MAX
_ENCODED_BYTES_MAX = 3 * _TEXT_BYTES_MAX
"""No transfer encoding makes more of it than three bytes of one."""
_HEADERS_AGAIN = "text/rfc822-headers"
_WORDS = frozenset({"text/plain", "text/html", "text/enriched"})
_ENRICHED_MARK = re.compile(r"<param>[^<]*+</param>|</?[A-Za-z][A-Za-z-]{0,60}>")
_ENCRYPTED = frozenset({"application/pgp-encrypted", "application/pkcs7-mime"})
_LOOKED_AT_BYTES = 1_000
_LEAVES_OUT = frozenset({"too_deep", "too_many_parts", "too_many_headers"})
"""Defects by which something of the mail is not there."""
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
    charset: str = ""
    """The codec by which the first words were read."""
    defects: tuple[str, ...] = ()
    """What is wrong with the mail, by code; it was read all the same."""


@dataclass
class _Gathered:
    files: list[File] = field(default_factory=list)
    file_cids: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    declared: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)
    text_files: list[str] = field(default_factory=list)
    charset: str = ""
    unrendered_chars: int = 0
    """Markup of so many characters need not be rendered: there are better words."""
    bytes: int = 0
    truncated: bool = False
    defects: set[str] = field(default_factory=set)


def read_mail(raw: bytes) -> Mail:
    """Read any bytes as a mail: text wherever there is some, and the files.

    A file that was not fetched (`by_parts`) is none: the mail is marked as truncated,
    with the defect `left_out`.
    """
    root = read_structure(raw)
    gathered = _Gathered()
    text = _text_of(root, gathered)
    if not text.strip():
        text = next((each for each in gathered.text_files if each.strip()), "")
    gathered.defects |= _defects(root)
    gathered.truncated |= bool(gathered.defects & _LEAVES_OUT)
    keep = _worth_keeping(gathered)
    return Mail(
        headers=root.headers,
        content_type=root.kind,
        text=text[:TEXT_CHARS_MAX],
        files=_marked_inline(gathered, keep),
        truncated=gathered.truncated or len(text) > TEXT_CHARS_MAX,
        file_names=tuple(gathered.declared[n] for n in keep),
        charset=gathered.charset,
        defects=_listed(gathered),
    )


def _listed(gathered: _Gathered) -> tuple[str, ...]:
    if gathered.truncated:
        gathered.defects.add("too_large")
    return tuple(sorted(gathered.defects))


def _defects(root: Part) -> set[str]:
    found = set().union(*(part.defects for part in every(root)))
    if not root.headers.message_ids("message-id"):
        found.add("no_message_id")
    if not root.headers.mailboxes("from"):
        found.add("no_sender")
    if not root.headers.has("date"):
        found.add("no_date")
    if root.headers.contain("\x00"):
        found.add("nul_in_header")
    return found


def _text_of(part: Part, gathered: _Gathered) -> str:
    if part.kind == "multipart/alternative" and part.children:
        return _alternative(part, gathered)
    if part.children:
        return _joined([_text_of(child, gathered) for child in part.children])
    if part.kind.startswith("message/"):
        content = undo(part.body, part.headers.source("content-transfer-encoding"))
        _keep_file(part, content.raw, gathered)
        return ""
    return _leaf_text(part, gathered)


def _alternative(part: Part, gathered: _Gathered) -> str:
    texts: list[str] = []
    before = gathered.unrendered_chars
    for child in part.children:
        texts.append(_text_of(child, gathered))
        if child.kind == "text/plain":
            # Markup holds no more words than letters: such a one would not be chosen.
            enough = int(len(_squeezed(texts[-1])) / PLAIN_SHARE_MIN)
            gathered.unrendered_chars = max(gathered.unrendered_chars, enough)
    gathered.unrendered_chars = before
    return _chosen(part.children, texts)


def _leaf_text(part: Part, gathered: _Gathered) -> str:
    headers, kind = part.headers, part.kind
    # A broken multipart is parsed as one part: its words are still words.
    words = kind in _WORDS or kind.startswith("multipart/")
    is_file = not words or _is_file(headers, kind)
    raw = _content(part, gathered, whole=is_file)
    if kind in TNEF_KINDS or parameter_name(headers).lower() == TNEF_NAME:
        return _unwrapped(part, raw, gathered)
    if kind == "text/calendar":
        gathered.text_files.append(read_invitation(raw[:_TEXT_BYTES_MAX]))
    if kind in _ENCRYPTED or raw[:_LOOKED_AT_BYTES].lstrip().startswith(_PGP_MESSAGE):
        gathered.defects.add("encrypted")
    if kind == _HEADERS_AGAIN and not parameter_name(headers):
        return ""
    text = _words_of(raw, headers, kind, gathered) if words else ""
    if not is_file:
        return text
    if words:
        gathered.text_files.append(text)
    _keep_file(part, raw, gathered)
    return ""


def _content(part: Part, gathered: _Gathered, *, whole: bool) -> bytes:
    """Undo the transfer encoding; of mere words as much as will be read."""
    body = part.body
    if not whole and len(body) > _ENCODED_BYTES_MAX:
        gathered.truncated = True
        body = body[:_ENCODED_BYTES_MAX]
    content = undo(body, part.headers.source("content-transfer-encoding"))
    if content.defect:
        gathered.defects.add(content.defect)
    return content.raw


def _words_of(raw: bytes, headers: Headers, kind: str, gathered: _Gathered) -> str:
    """Give the words of a part; files written between them go to the files."""
    raw, files = take_yenc(raw)
    text = _decoded(raw, headers, kind, gathered)
    if kind == "text/plain":
        text, more = take_uuencoded(text)
        files = [*files, *more]
    for name, content in files:
        named = mimetypes.guess_type(name)[0] or "application/octet-stream"
        _keep(safe_name(name), named, content, gathered)
    return text


def _unwrapped(part: Part, raw: bytes, gathered: _Gathered) -> str:
    """Take words and files out of an office's wrapping; it stays if it is broken."""
    found = unwrap(raw)
    if found is None:
        gathered.defects.add("wrapping_unreadable")
        _keep_file(part, raw, gathered)
        return ""
    for name, content in found.files:
        # The wrapping names no types.
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        _keep(safe_name(name), kind, content, gathered)
    # The plain sibling has the same words, where there is one.
    gathered.text_files.insert(0, found.text)
    return ""


def _is_file(headers: Headers, kind: str) -> bool:
    disposition = headers.source("content-disposition").partition(";")[0].strip()
    if disposition.lower() == "attachment":
        return True
    # MMS gateways name the words of the message ("text.txt") and nothing more.
    return bool(parameter_name(headers)) and (disposition != "" or kind != "text/plain")


def _decoded(raw: bytes, headers: Headers, kind: str, gathered: _Gathered) -> str:
    gathered.truncated |= len(raw) > _TEXT_BYTES_MAX
    charset = headers.parameter("content-type", "charset")
    found = read_text(raw[:_TEXT_BYTES_MAX], charset)
    if found.lossy:
        gathered.defects.add("letters_lost")
    elif not found.declared:
        gathered.defects.add("wrong_charset")
    gathered.charset = gathered.charset or found.codec
    text = found.text
    if kind == "text/enriched":
        return _ENRICHED_MARK.sub("", text).replace("<<", "<")
    if kind != "text/html":
        return text
    gathered.markup.append(text)
    return html_to_text(text) if len(text) > gathered.unrendered_chars else ""


def _chosen(parts: Sequence[Part], texts: Sequence[str]) -> str:
    """Choose between alternatives: plain words, unless they are a stub."""
    pairs = list(zip(parts, texts, strict=True))
    plain = _joined([t for p, t in pairs if p.kind == "text/plain"])
    rich = [t for p, t in pairs if p.kind != "text/plain" and t.strip()]
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


def _keep_file(part: Part, raw: bytes, into: _Gathered) -> None:
    if part.headers.has(LEFT_OUT_HEADER):
        into.truncated = True
        into.defects.add("left_out")
        return
    name = attachment_name(part.kind, part.headers, raw, len(into.files) + 1)
    cid = part.headers.source("content-id").strip().strip("<>")
    _keep(name, part.kind, raw, into, cid)


def _keep(
    name: str, kind: str, content: bytes, into: _Gathered, content_id: str = ""
) -> None:
    if into.bytes + len(content) > FILES_BYTES_MAX or len(into.files) >= FILES_MAX:
        into.truncated = True
        return
    into.bytes += len(content)
    name = name or f"lampiran-{len(into.files) + 1}.bin"
    into.declared.append(name)
    looked = filetypes.look(name, kind, content)
    into.defects |= looked.defects
    name = unique_name(name, into.names)
    into.files.append(File(name=name, media_type=looked.media_type, content=content))
    into.file_cids.append(content_id)


def _worth_keeping(gathered: _Gathered) -> list[int]:
    """Number the files, but dots that only count readers; the only picture stays."""
    pictures = [f for f in gathered.files if f.media_type.startswith("image/")]
    dots = {id(f) for f in pictures if filetypes.is_dot(f.content)}
    if len(dots) == len(pictures):
        dots = set()
    return [n for n, file in enumerate(gathered.files) if id(file) not in dots]


def _marked_inline(gathered: _Gathered, keep: Sequence[int]) -> tuple[File, ...]:
    markup = "\n".join(gathered.markup)
    return tuple(
        gathered.files[n].model_copy(
            update={"inline": bool(cid) and f"cid:{cid}" in markup}
        )
        for n in keep
        for cid in (gathered.file_cids[n],)
    )
