"""HTML of a mail to the text that a reader would see."""

import html
import re

from inscriptis import get_text

HTML_CHARS_MAX = 1_000_000
"""More is cut: beyond it are newsletters, not letters."""

_TAGS_MAX = 60_000
_DEPTH_MAX = 200
_INVISIBLE = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style|head|title)\b.*?(?:</\1\s*>|$)",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)[^<>]*+>")
_BLOCK = re.compile(
    r"</?(?:br|p|div|tr|li|h\d|table|blockquote)\b[^<>]*+>", re.IGNORECASE
)
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b[^<>]*+>", re.IGNORECASE)
_CITES = re.compile(
    r"type\s*=\s*[\"']?cite|\bcite\s*=|"
    r"class\s*=\s*[\"']?[^\"'>]*quote|border-left\s*:\s*(?!none|0)",
    re.IGNORECASE,
)
_OPENS, _CLOSES = "\ue000", "\ue001"
"""Private letters that no mail means anything by; a mail's own are taken out."""
_QUOTE_DEPTH_MAX = 20
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ue000\ue001]")
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area"})


def html_to_text(source: str) -> str:
    """Render HTML as text; never raises, whatever the markup."""
    source = _CONTROL.sub(" ", source[:HTML_CHARS_MAX].replace("\r", ""))
    source = _with_marks(source)
    if not _is_simple_enough(source):
        return _quoted(_plainly(source))
    try:
        return _quoted(str(get_text(source)))
    except Exception:  # noqa: BLE001 - the renderer names no errors of its own
        return _quoted(_plainly(source))


def _with_marks(source: str) -> str:
    """Mark where a program quotes an older mail; an indented block may be new."""
    if "<blockquote" not in source.lower():
        return source
    open_blocks: list[bool] = []

    def mark(tag: re.Match[str]) -> str:
        if not tag[1]:
            quotes = _CITES.search(tag[0]) is not None
            open_blocks.append(quotes)
            return f"<p>{_OPENS}</p>{tag[0]}" if quotes else tag[0]
        quotes = open_blocks.pop() if open_blocks else False
        return f"{tag[0]}<p>{_CLOSES}</p>" if quotes else tag[0]

    return _BLOCKQUOTE.sub(mark, source)


def _quoted(text: str) -> str:
    """Write "> " before the lines between the marks."""
    if _OPENS not in text:
        return text
    depth, lines = 0, []
    for line in text.split("\n"):
        opened, closed = line.count(_OPENS), line.count(_CLOSES)
        depth = min(depth + opened, _QUOTE_DEPTH_MAX)
        words = line.replace(_OPENS, "").replace(_CLOSES, "").strip()
        if words or not (opened or closed):
            lines.append(f"{'>' * depth} {words}".rstrip() if depth else line)
        depth = max(0, depth - closed)
    return "\n".join(lines).replace(_OPENS, "").replace(_CLOSES, "")


def _is_simple_enough(source: str) -> bool:
    """Keep what would exhaust a renderer (bombs of nested tags) away from it."""
    depth = 0
    for number, tag in enumerate(_TAG.finditer(source)):
        if tag[2].lower() not in _VOID:
            depth += -1 if tag[1] else 1
        if depth > _DEPTH_MAX or number > _TAGS_MAX:
            return False
    return True


def _plainly(source: str) -> str:
    source = _BLOCK.sub("\n", _INVISIBLE.sub(" ", source))
    return html.unescape(re.sub(r"<[^<>]*+>", "", source))
