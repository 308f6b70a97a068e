"""What our own mail server thinks of a mail: spam or not."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from connectors.protocols.mail.headers import Headers

_YES = re.compile(r"\s*(?:yes|true|1)\b", re.IGNORECASE)
_FAIL = re.compile(r"\s*fail\b", re.IGNORECASE)
VERDICTS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "x-spam-flag": _YES.match,
        "x-spam-status": _YES.match,
        "x-ses-spam-verdict": _FAIL.match,
        "x-ses-virus-verdict": _FAIL.match,
    }
)
"""Header -> test of its value: true for a mail that an officer should look at first."""


def find_verdict(trusted: Headers | None) -> str:
    """Name the header by which our server calls a mail spam; empty: none does.

    `trusted` is the part of the header that our servers wrote.
    """
    if trusted is None:
        return ""
    return next(
        (name for name, is_bad in VERDICTS.items() if is_bad(trusted.source(name))), ""
    )
