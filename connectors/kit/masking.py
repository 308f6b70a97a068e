"""What a person may see of a call: secrets masked, also as a line for cURL."""

import json
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from connectors.protocols.http.tap import Exchange

MASK = "••••••"
MAIL = "SMTP"
"""Method of what is no call but a mail."""
SHOWN_CHARACTERS = 4_000
SECRET_HEADER = re.compile(r"auth|token|key|secret|cookie|signature", re.IGNORECASE)
"""Headers that prove who we are; the idempotency key is no such thing."""
ADDRESSES = frozenset({"relay"})
"""Settings that are an address without a scheme: `host:port`."""
OPEN_HEADERS = frozenset({"idempotency-key"})
SECRET_FIELD = re.compile(
    r"(access|refresh|id|session)_?token|client_secret|password|kata_?sandi",
    re.IGNORECASE,
)
"""Fields of bodies that hold what an answer has just made a secret."""
_SHORTEST = 4


def secrets_of(settings: Mapping[str, Any], resolved: Mapping[str, Any]) -> set[str]:
    """Name the values that `env:` and `file:` stand for; addresses are none."""
    return {secret for secret in _differing(settings, resolved) if "://" not in secret}


def _differing(written: Any, resolved: Any) -> Iterable[str]:
    if isinstance(written, Mapping):
        for key, value in written.items():
            if key not in ADDRESSES:
                yield from _differing(value, resolved[key])
    elif isinstance(written, list | tuple):
        for one, other in zip(written, resolved, strict=True):
            yield from _differing(one, other)
    elif isinstance(resolved, str) and written != resolved:
        yield resolved


def masked(text: str, secrets: Collection[str]) -> str:
    """Replace every secret, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) < _SHORTEST:
            continue
        for written in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
            text = text.replace(written, MASK)
    return text


def readable(body: bytes | None, secrets: Collection[str] = ()) -> str:
    """Write a body for a person: JSON in lines, anything else as it is, cut."""
    if not body:
        return ""
    try:
        tree = _without_tokens(json.loads(body))
        text = json.dumps(tree, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
    text = masked(text, secrets)
    left = len(text) - SHOWN_CHARACTERS
    return text if left <= 0 else f"{text[:SHOWN_CHARACTERS]}\n… {left} more"


def _without_tokens(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {
            name: MASK if SECRET_FIELD.fullmatch(name) else _without_tokens(value)
            for name, value in tree.items()
        }
    if isinstance(tree, list):
        return [_without_tokens(one) for one in tree]
    return tree


def shown_headers(
    headers: Mapping[str, str], secrets: Collection[str]
) -> dict[str, str]:
    """Return the headers with everything masked that may be a secret."""
    return {
        name: MASK
        if SECRET_HEADER.search(name) and name.lower() not in OPEN_HEADERS
        else masked(value, secrets)
        for name, value in headers.items()
    }


def shown(exchange: Exchange, secrets: Collection[str]) -> dict[str, Any]:
    """Write one exchange for a person or a report, secrets masked."""
    answer = exchange.answer
    return {
        "step": exchange.step,
        "request": f"{exchange.method} {masked(exchange.url, secrets)}",
        "headers": shown_headers(exchange.headers, secrets),
        "body": readable(exchange.body, secrets),
        "status": answer.status if answer else None,
        "answer": readable(answer.body, secrets) if answer else "",
        "curl": curl(exchange, secrets),
    }


def curl(exchange: Exchange, secrets: Collection[str] = ()) -> str:
    """Write the call as a line for a shell, secrets masked."""
    if exchange.method == MAIL:
        return _curl_of_mail(exchange, secrets)
    words = ["curl", "-X", exchange.method, masked(exchange.url, secrets)]
    for name, value in shown_headers(exchange.headers, secrets).items():
        words += ["-H", f"{name}: {value}"]
    if exchange.body:
        text = exchange.body.decode("utf-8", "replace")
        words += ["--data-binary", masked(text, secrets)]
    return shlex.join(words)


def _curl_of_mail(exchange: Exchange, secrets: Collection[str]) -> str:
    """Write how a mail that lies in a file goes the same way."""
    words = ["curl", masked(exchange.url, secrets)]
    for address in exchange.headers.get("To", "").split(","):
        words += ["--mail-rcpt", masked(address.strip(), secrets)]
    return shlex.join([*words, "--upload-file", "mail.eml"])
