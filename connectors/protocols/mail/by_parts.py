"""A mail beyond the limit: its words and small files are fetched, the rest is named.

Whatever its size, a mail begins with headers, and its words are short; what makes it
huge is files. What is put together here has the parts of the mail at their places;
those left out are empty, and a header of ours in them says how large they are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

LEFT_OUT_HEADER = "x-simpul-left-out"
"""In a part that was not fetched: its size in bytes, as it is encoded."""
PARTS_MAX = 200
DEPTH_MAX = 20
TEXT_BYTES_MAX = 4_000_000
"""Of one part with words."""

Fetch = Callable[[str, int], bytes]
"""Reads at most so many bytes of a section, such as `1.2` or `1.2.MIME`."""


@dataclass
class _Left:
    fetch: Fetch
    bytes: int
    """That may still be fetched."""
    parts: int = 0
    words: set[str] = field(default_factory=set)


def compose(structure: Any, fetch: Fetch, bytes_max: int) -> bytes:
    """Put a mail together from its BODYSTRUCTURE (RFC 9051, 7.5.2), words first."""
    left = _Left(fetch, bytes_max)
    header = fetch("HEADER", 200_000)
    left.bytes -= len(header)
    texts = {
        number: fetch(number, min(TEXT_BYTES_MAX, max(0, left.bytes)))
        for number in _numbers_of_words(structure)
    }
    left.bytes -= sum(len(text) for text in texts.values())
    return header + b"".join(_written(structure, "", texts, left, 0))


def _numbers_of_words(structure: Any, number: str = "", depth: int = 0) -> list[str]:
    if depth > DEPTH_MAX:
        return []
    if structure.is_multipart:
        found: list[str] = []
        for n, child in enumerate(structure[0], 1):
            found += _numbers_of_words(child, _below(number, n), depth + 1)
        return found[:PARTS_MAX]
    return [number or "1"] if _lower(structure[0]) == b"text" else []


def _written(
    structure: Any, number: str, texts: dict[str, bytes], left: _Left, depth: int
) -> Iterator[bytes]:
    if not structure.is_multipart:
        yield _content(structure, number or "1", texts, left)
        return
    boundary = _boundary(structure)
    for n, child in enumerate(structure[0], 1):
        left.parts += 1
        if left.parts > PARTS_MAX or depth > DEPTH_MAX:
            break
        below = _below(number, n)
        head = left.fetch(f"{below}.MIME", 20_000).strip(b"\r\n")
        content = b"".join(_written(child, below, texts, left, depth + 1))
        if not content and (size := _size(child)):
            head += f"\r\n{LEFT_OUT_HEADER}: {size}".encode()
        yield b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"
    yield b"--" + boundary + b"--\r\n"


def _content(
    structure: Any, number: str, texts: dict[str, bytes], left: _Left
) -> bytes:
    if number in texts:
        return texts[number]
    size = _size(structure)
    if size > left.bytes:
        return b""
    content = left.fetch(number, size)
    left.bytes -= len(content)
    return content


def _below(number: str, n: int) -> str:
    return f"{number}.{n}" if number else str(n)


def _boundary(structure: Any) -> bytes:
    """Find the boundary among a multipart's parameters: pairs in one flat tuple."""
    flat = structure[2] if len(structure) > 2 and structure[2] else ()  # noqa: PLR2004
    pairs = dict(zip(map(_lower, flat[::2]), flat[1::2], strict=False))
    found = pairs.get(b"boundary", b"simpul")
    return found if isinstance(found, bytes) else b"simpul"


def _size(structure: Any) -> int:
    """Size in bytes of a part as it is encoded; 0 for one of several parts."""
    if structure.is_multipart:
        return 0
    size = structure[6] if len(structure) > 6 else 0  # noqa: PLR2004 - RFC 9051
    return size if isinstance(size, int) else 0


def _lower(value: Any) -> bytes:
    return value.lower() if isinstance(value, bytes) else b""
