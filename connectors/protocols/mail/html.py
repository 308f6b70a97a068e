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
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr", "area"})


def html_to_text(source: str) -> str:
    """Render HTML as text; never raises, whatever the markup."""
    source = _CONTROL.sub(" ", source[:HTML_CHARS_MAX].replace("\r", ""))
    if _is_simple_enough(source):
        try:
            return str(get_text(source))
        except Exception:  # noqa: BLE001 - the renderer names no errors of its own
            return _plainly(source)
    return _plainly(source)


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
