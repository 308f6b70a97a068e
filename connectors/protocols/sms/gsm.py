"""What a text needs on the air: septets of GSM 03.38, else units of UCS-2."""

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One septet each."""
EXTENDED = "\f^{}\\[~]|€"
"""Two septets each, never divided between two parts."""

SEPTETS_SINGLE, SEPTETS_PART = 160, 153
UNITS_SINGLE, UNITS_PART = 70, 67

_COST = {**dict.fromkeys(BASIC, 1), **dict.fromkeys(EXTENDED, 2)}
_BEYOND_BMP = 0x10000

FRIENDLY = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201b": "'",
        "\u2032": "'",
        "\u00b4": "'",
        "`": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2033": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2015": "-",
        "\u2212": "-",
        "\u2026": "...",
        "\u2022": "-",
        "\u00b7": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\t": " ",
    }
)
"""Marks of word processors -> their plain twin, which costs one septet."""


def friendly(text: str) -> str:
    """Replace marks that would turn a text into UCS-2 though a plain twin exists."""
    return text.translate(FRIENDLY)


def septets(text: str) -> int | None:
    """Count the septets of a text; None where it needs UCS-2."""
    costs = [_COST.get(char) for char in text]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def segments(text: str) -> int:
    """Count the messages that a text is sent as; an empty text is one."""
    total = septets(text)
    if total is not None:
        costs = [_COST[char] for char in text]
        return _parts(costs, total, SEPTETS_SINGLE, SEPTETS_PART)
    costs = [2 if ord(char) >= _BEYOND_BMP else 1 for char in text]
    return _parts(costs, sum(costs), UNITS_SINGLE, UNITS_PART)


def _parts(costs: list[int], total: int, single: int, part: int) -> int:
    if total <= single:
        return 1
    count, used = 1, 0
    for cost in costs:
        # A character of two units begins a new part rather than be divided.
        if used + cost > part:
            count, used = count + 1, 0
        used += cost
    return count
