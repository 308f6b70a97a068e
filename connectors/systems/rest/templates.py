"""Texts with `{names}` in them: paths, query parameters and headers of a call."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from connectors.protocols.records.paths import MISSING, pick

_NAME = re.compile(r"\{([^{}]*)\}")


def names_in(template: str) -> list[str]:
    """List the names that a template asks for."""
    return _NAME.findall(template)


def fill(
    template: str, scope: Mapping[str, Any], escape: Callable[[str], str] = str
) -> str:
    """Put the scope's values in; what there is not is empty."""
    return _NAME.sub(lambda found: escape(as_text(pick(scope, found[1]))), template)


def fill_path(template: str, scope: Mapping[str, Any]) -> str:
    """The same for the path of an address, so that no value leads elsewhere."""

    def escaped(value: str) -> str:
        return "" if value in {".", ".."} else quote(value, safe="")

    return fill(template, scope, escaped)


def fill_header(template: str, scope: Mapping[str, Any]) -> str:
    """The same for a header, so that no value begins another one."""
    return fill(template, scope, lambda value: " ".join(value.split()))


def as_text(value: Any) -> str:
    """Write a value as an address or a form has it; lists and objects are nothing."""
    if value is MISSING or value is None or isinstance(value, list | dict):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def unknown(templates: Iterable[str], known: Iterable[str]) -> list[str]:
    """Name what templates ask for that nobody will ever give."""
    roots = set(known)
    asked = [name for template in templates for name in names_in(template)]
    return sorted({name for name in asked if name.split(".")[0] not in roots})
