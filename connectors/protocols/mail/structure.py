"""Where the parts of a mail lie in its bytes (RFC 5322, RFC 2046); any bytes will do.

The standard library's parser copies every line and prints an attached mail anew. Here
a part is a place in the bytes: a large mail costs little more than itself, and what is
attached stays as it came.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.protocols.mail.headers import Headers

PARTS_MAX = 200
DEPTH_MAX = 30
HEAD_BYTES_MAX = 500_000
HEAD_LINES_MAX = 5_000
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]?:[ \t]*(.*)", re.DOTALL)
_KNOWN_FIELD = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|reply-to|received|return-path|references|"
    rb"in-reply-to|mime-version|content-[a-z-]+|x-[a-z0-9-]+)[ \t]*:",
    re.IGNORECASE,
)
_BAD_LINES_LOOKED_BEHIND = 3
_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")


@dataclass(slots=True)
class Part:
    """One part: its headers, and where its body lies in the bytes of the mail."""

    headers: Headers
    kind: str
    """Media type, lower case; text/plain where the declared one is none."""
    raw: bytes = field(repr=False)
    start: int
    end: int
    children: "list[Part]" = field(default_factory=list)
    defects: set[str] = field(default_factory=set)

    @property
    def body(self) -> bytes:
        """Give the bytes of the body, as they were sent."""
        return self.raw[self.start : self.end]

    @property
    def is_multipart(self) -> bool:
        """Say whether it was divided."""
        return bool(self.children)


def read_structure(raw: bytes) -> Part:
    """Divide a mail into its parts; never raises.

    At most PARTS_MAX parts, one within another at most DEPTH_MAX deep; what lies
    behind or below is left undivided, with the defect `too_many_parts` or `too_deep`.
    """
    if b"\r" in raw and b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    root = _read_part(raw, 0, len(raw), "text/plain")
    left = PARTS_MAX
    waiting = [(root, 1)]
    while waiting:
        part, depth = waiting.pop()
        if not part.kind.startswith("multipart/"):
            continue
        if depth > DEPTH_MAX:
            part.defects.add("too_deep")
            continue
        _divide(part, left)
        left -= len(part.children)
        waiting += [(child, depth + 1) for child in reversed(part.children)]
    return root


def every(part: Part) -> Iterator[Part]:
    """Give a part and all that are within it."""
    yield part
    for child in part.children:
        yield from every(child)


def inner_headers(body: bytes) -> Headers:
    """Read the headers of a mail that is attached to another one."""
    body = body[:HEAD_BYTES_MAX].lstrip(b"\r\n")
    return _read_part(body, 0, len(body), "text/plain").headers


def _divide(part: Part, most: int) -> None:
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    boundary = part.headers.parameter("content-type", "boundary").rstrip()
    if not boundary:
        part.defects.add("no_boundary_in_multipart")
        return
    sought = b"--" + boundary.encode("utf-8", "surrogateescape")
    begun: int | None = None
    for at, behind, closes in _delimiters(part, sought):
        if begun is not None:
            stop = _without_line_end(part.raw, begun, at)
            part.children.append(_read_part(part.raw, begun, stop, default))
        if closes:
            return
        if len(part.children) >= most:
            part.defects.add("too_many_parts")
            return
        begun = behind
    if begun is None:
        part.defects.add("start_boundary_not_found")
        return
    part.defects.add("close_boundary_not_found")
    part.children.append(_read_part(part.raw, begun, part.end, default))


def _delimiters(part: Part, sought: bytes) -> Iterator[tuple[int, int, bool]]:
    """Give start, end, and whether it is the last, of each line of the boundary."""
    raw, at = part.raw, part.start
    while (at := raw.find(sought, at, part.end)) >= 0:
        behind = at + len(sought)
        line_begins = at == part.start or raw[at - 1] in b"\r\n"
        closes = raw.startswith(b"--", behind)
        line = _LINE.match(raw, behind + 2 * closes, part.end)
        if line_begins and line and not line[1].strip(b" \t"):
            yield at, line.end(), closes
        at = behind


def _without_line_end(raw: bytes, start: int, end: int) -> int:
    """Leave out the line end that belongs to the boundary below."""
    if end > start and raw[end - 1] == ord("\n"):
        end -= 1
    if end > start and raw[end - 1] == ord("\r"):
        end -= 1
    return end


def _read_part(raw: bytes, start: int, end: int, default: str) -> Part:
    defects: set[str] = set()
    fields: list[tuple[str, str]] = []
    body = end
    at, stop = start, min(end, start + HEAD_BYTES_MAX)
    for _ in range(HEAD_LINES_MAX):
        if at >= stop:
            break
        line = _LINE.match(raw, at, end)
        if line is None or not line[1]:
            body = line.end() if line else end
            break
        if _takes(line[1], fields, at == start):
            at = line.end()
        elif b":" not in line[1] and _headers_go_on(raw, line.end(), end):
            defects.add("malformed_header")
            at = line.end()
        else:
            defects.add("missing_header_body_separator")
            body = at
            break
    else:
        at = stop
    if body == end and at >= stop and stop < end:
        defects.add("too_many_headers")
        blank = _BLANK.search(raw, at, end)
        body = blank.end() if blank else at
    headers = Headers(fields)
    return Part(headers, _kind(headers, default), raw, body, end, defects=defects)


def _takes(line: bytes, fields: list[tuple[str, str]], first: bool) -> bool:  # noqa: FBT001
    """Take a line as a header, as more of the last one, or as an envelope's line."""
    if line[:1] in b" \t":
        if fields:
            name, value = fields[-1]
            fields[-1] = name, f"{value}\n{_text(line)}"
        return True
    found = _FIELD.match(line)
    if found:
        fields.append((_text(found[1]), _text(found[2])))
    return found is not None or (first and line.lstrip(b">").startswith(b"From "))


def _headers_go_on(raw: bytes, at: int, end: int) -> bool:
    """Tell whether headers that every mail has follow a line that is none."""
    for _ in range(_BAD_LINES_LOOKED_BEHIND):
        line = _LINE.match(raw, at, end)
        if line is None or not line[1]:
            return False
        if _KNOWN_FIELD.match(line[1]):
            return True
        at = line.end()
    return False


def _kind(headers: Headers, default: str) -> str:
    if not headers.has("content-type"):
        return default
    kind = headers.source("content-type").partition(";")[0].strip().lower()
    return kind if _KIND.fullmatch(kind) else "text/plain"


def _text(line: bytes) -> str:
    return line.decode("ascii", "surrogateescape")
