"""Judges whether a pushed update is the agency's own, by the way it proves it."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import assert_never

from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.contract import HttpRequest
from connectors.protocols.http.signing import fill_signed, signature
from connectors.systems.rest.coming_in import (
    BasicWebhook,
    HmacWebhook,
    SharedSecretWebhook,
    StandardWebhook,
    WebhookSettings,
)

_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")
"""HMAC-SHA256 in base64; the library stumbles over anything else."""

Proof = Callable[[HttpRequest], bool]


def proof_of(settings: WebhookSettings) -> Proof:
    """Make what judges the requests of one agency; any of its secrets will do."""
    match settings:
        case StandardWebhook():
            secrets = _secrets(settings.secret, settings.previous_secret)
            webhooks = [Webhook(secret.decode()) for secret in secrets]
            return lambda request: is_signed(webhooks, request.body, request.headers)
        case HmacWebhook():
            return lambda request: _is_hmac(settings, request)
        case SharedSecretWebhook():
            prefix = b"Bearer " if settings.kind == "bearer" else b""
            told = _secrets(settings.secret, settings.previous_secret)
            values = [prefix + secret for secret in told]
            name = settings.header.lower()
            return lambda request: _is_one_of(values, request.headers.get(name, ""))
        case BasicWebhook():
            told = _secrets(settings.secret, settings.previous_secret)
            pairs = [f"{settings.user}:".encode() + secret for secret in told]
            return lambda request: _is_one_of(pairs, _basic(request.headers))
        case other:
            assert_never(other)


def is_signed(
    webhooks: Sequence[Webhook], body: bytes, headers: Mapping[str, str]
) -> bool:
    """Tell whether one signature fits one secret and is at most five minutes old."""
    signatures = _SIGNATURE.findall(headers.get("webhook-signature", ""))
    signed = {**headers, "webhook-signature": " ".join(signatures)}
    for webhook in webhooks:
        with suppress(WebhookVerificationError, ValueError):
            webhook.verify(body, signed, json_parse=False)
            return True
    return False


def _is_hmac(settings: HmacWebhook, request: HttpRequest) -> bool:
    headers = request.headers
    timestamp = headers.get(settings.timestamp_header.lower(), "")
    if settings.timestamp_header and not _is_fresh(settings, timestamp):
        return False
    parts = {
        "method": request.method.encode(),
        "path": request.path.encode(),
        "timestamp": timestamp.encode(),
        "nonce": headers.get(settings.nonce_header.lower(), "").encode(),
        "body": request.body,
        "body_sha256": hashlib.sha256(request.body).hexdigest().encode(),
    }
    signed = fill_signed(settings.signed, parts)
    value = headers.get(settings.header.lower(), "")
    given = value.removeprefix(settings.prefix).strip()
    if not value.startswith(settings.prefix):
        return False
    if settings.encoding == "hex":
        given = given.lower()
    expected = [
        signature(secret, signed, settings.algorithm, settings.encoding).encode()
        for secret in _secrets(settings.secret, settings.previous_secret)
    ]
    return _is_one_of(expected, given)


def _is_fresh(settings: HmacWebhook, timestamp: str) -> bool:
    if not _SECONDS.fullmatch(timestamp):
        return False
    return abs(time.time() - int(timestamp)) <= settings.tolerance_seconds


def _is_one_of(expected: Sequence[bytes], given: str | bytes) -> bool:
    """Compare with each, in the same time whatever is wrong."""
    raw = given if isinstance(given, bytes) else given.encode("utf-8", "replace")
    found = [hmac.compare_digest(one, raw) for one in expected]
    return any(found)


def _basic(headers: Mapping[str, str]) -> bytes:
    scheme, _, pair = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(pair.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _secrets(*secrets: SecretStr | None) -> list[bytes]:
    return [one.get_secret_value().encode() for one in secrets if one is not None]
