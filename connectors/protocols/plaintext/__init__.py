"""Words from outside, made safe to keep and to print.

NFC, line feeds only, without control characters, direction marks, invisible
spaces and lone surrogates.
"""

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # controls; tab and line feed stay
    "\u200b\u200e\u200f\ufeff"  # invisible spaces and direction marks
    "\u202a-\u202e\u2066-\u2069"  # direction overrides
    "\ud800-\udfff\ufffe\uffff]"  # halves of pairs, non-characters
)


def clean(text: str) -> str:
    """Make text of many lines safe; outer white space goes."""
    if text.isascii() and text.isprintable():
        return text.strip()  # one line, and nothing in it to mend
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    lines = unicodedata.normalize("NFC", text).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def one_line(text: str) -> str:
    """Make text safe and put it on one line with single spaces."""
    return " ".join(clean(text).split())


def cut_at_word(text: str, length_max: int) -> str:
    """Shorten text to a length, at a word border unless the first word is longer."""
    if len(text) <= length_max:
        return text
    head = text[: length_max + 1]
    border = max(head.rfind(" "), head.rfind("\n"))
    return head[: border if border > 0 else length_max].rstrip()
