"""One answer of the doctor."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """What was looked at, whether it is well, and what was found."""

    check: str
    ok: bool
    detail: str
    findings: tuple[dict[str, Any], ...] = ()
