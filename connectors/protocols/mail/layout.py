"""A mail's content as parts, and each written twice: as plain text and as HTML."""

import html
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.protocols.mail.phrases import DELIMITER, END_OF_OURS

COLUMNS = 72
"""Of a plain mail (RFC 3676, 4.2, asks for 78 at most)."""
_LABEL_MAX = 30


@dataclass(frozen=True)
class Part:
    """A heading with what stands below it; anything may be empty."""

    heading: str = ""
    rows: Sequence[tuple[str, str]] = ()
    """Label and value."""
    text: str = ""
    is_title: bool = False
    is_loud: bool = False
    """It must not be overlooked."""


def plain(parts: Sequence[Part]) -> str:
    """Write plain text of at most 72 columns; only a longer word sticks out."""
    blocks = ["\n".join(_plain(part)) for part in parts]
    return "\n\n".join([DELIMITER, *filter(None, blocks), END_OF_OURS]) + "\n"


def _plain(part: Part) -> Iterator[str]:
    if part.heading:
        shown = part.heading.upper() if part.is_loud else part.heading
        lines = _wrapped(f"*** {shown} ***" if part.is_loud else shown)
        yield from lines
        if part.is_title:
            yield "=" * max(map(len, lines))
        elif not part.is_loud:
            yield "-" * max(map(len, lines))
    width = min(max((len(label) for label, _ in part.rows), default=0), _LABEL_MAX)
    for label, value in part.rows:
        yield from _row(label, value, width)
    if part.text:
        if part.rows:
            yield ""
        yield from (new for line in part.text.split("\n") for new in _wrapped(line))


def _row(label: str, value: str, width: int) -> list[str]:
    indent = " " * (width + 4)
    lines = [new for line in value.split("\n") for new in _wrapped(line, len(indent))]
    first = f"  {label.ljust(width)}  "
    head, *more = lines or [""]
    return [f"{first}{head}".rstrip(), *(f"{indent}{line}" for line in more)]


def _wrapped(line: str, indent: int = 0) -> list[str]:
    """Break a line at words; what begins it stays, and no sign is lost but spaces."""
    return textwrap.wrap(
        line,
        COLUMNS - indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    ) or [""]


_STYLE = {
    "page": "margin:0;padding:16px 0;background:#f3f4f6;",
    "sheet": "max-width:640px;margin:0 auto;background:#ffffff;"
    "border:1px solid #d1d5db;border-radius:6px;padding:8px 24px 20px;"
    "font-family:Arial,Helvetica,sans-serif;"
    "font-size:15px;line-height:1.5;color:#111827;",
    "edge": "color:#6b7280;font-size:12px;text-align:center;margin:8px 0;",
    "title": "font-size:20px;line-height:1.3;margin:16px 0 8px;",
    "heading": "font-size:13px;color:#374151;border-bottom:1px solid #d1d5db;"
    "margin:24px 0 8px;padding-bottom:4px;",
    "loud": "background:#b91c1c;color:#ffffff;font-weight:bold;padding:8px 12px;"
    "border-radius:4px;margin:12px 0;",
    "table": "border-collapse:collapse;width:100%;",
    "label": "text-align:left;vertical-align:top;font-weight:normal;color:#4b5563;"
    "padding:3px 16px 3px 0;width:38%;",
    "value": "vertical-align:top;padding:3px 0;overflow-wrap:anywhere;",
    "text": "margin:8px 0;overflow-wrap:anywhere;",
}
"""Beside each element, since many mail programs drop style sheets."""


def rich(parts: Sequence[Part], language: str = "id") -> str:
    """Write HTML without scripts, pictures or anything from elsewhere.

    `language` is that of what comes first.
    """
    body = [_edge(DELIMITER), *(line for p in parts for line in _rich(p))]
    body.append(_edge(END_OF_OURS))
    inner = "\n".join(body)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>\n'
        f'<body style="{_STYLE["page"]}"><div style="{_STYLE["sheet"]}">\n'
        f"{inner}\n</div></body></html>\n"
    )


def _edge(text: str) -> str:
    return f'<p style="{_STYLE["edge"]}">{html.escape(text)}</p>'


def _rich(part: Part) -> Iterator[str]:
    if part.heading:
        kind = "title" if part.is_title else "loud" if part.is_loud else "heading"
        tag = {"title": "h1", "loud": "p", "heading": "h2"}[kind]
        yield f'<{tag} style="{_STYLE[kind]}">{html.escape(part.heading)}</{tag}>'
    if part.rows:
        yield f'<table role="presentation" style="{_STYLE["table"]}">'
        for label, value in part.rows:
            yield (
                f'<tr><th scope="row" style="{_STYLE["label"]}">{_escaped(label)}</th>'
                f'<td style="{_STYLE["value"]}">{_escaped(value)}</td></tr>'
            )
        yield "</table>"
    for paragraph in filter(None, part.text.split("\n\n")):
        yield f'<p style="{_STYLE["text"]}">{_escaped(paragraph)}</p>'


def _escaped(text: str) -> str:
    return html.escape(text).replace("\n", "<br>\n")
