"""Puts the proof of who we are on a request, and renews it when it is refused."""

import base64
import functools
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from connectors.protocols.http.auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    Headers,
    Hmac,
    OAuth2,
    Splp,
)
from connectors.protocols.http.tokens import TokenSource, basic_header


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request before it is sent."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)

    def with_headers(self, headers: Mapping[str, str]) -> "Outgoing":
        """Add headers."""
        return replace(self, headers={**self.headers, **headers})


class Signer(Protocol):
    """Proves who we are; safe for many threads."""

    def sign(self, request: Outgoing) -> Outgoing:
        """Return the request with its proof; may fetch a token.

        Raises the errors of `connectors.errors` where a token cannot be had.
        """

    def refused(self) -> bool:
        """Hear that the proof was refused (401); True if there is another to try.

        Nothing is done on a 401, so the request may be sent again, once.
        """


Proof = Callable[[str, Outgoing], Outgoing]


class Fixed:
    """One of some secrets that do not change by themselves; what worked stays."""

    def __init__(self, values: Sequence[str], put: Proof) -> None:
        self._values = values
        self._put = put
        self._at = 0

    def sign(self, request: Outgoing) -> Outgoing:
        """Put the secret on that worked last."""
        return self._put(self._values[self._at % len(self._values)], request)

    def refused(self) -> bool:
        """Turn to the other secret, where there is one."""
        self._at += 1
        return len(self._values) > 1


class Renewed:
    """A token that is fetched, and fetched anew when it is refused."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    def sign(self, request: Outgoing) -> Outgoing:
        """Put a token on that is valid for a while."""
        return _bearer("Bearer", self._tokens.token(), request)

    def refused(self) -> bool:
        """Forget the token."""
        self._tokens.forget()
        return True


def signer_for(auth: Auth, tokens_for: Callable[[OAuth2], TokenSource]) -> Signer:
    """Make what signs the requests of one system."""
    inner = _oauth2(auth)
    if inner is not None:
        return Renewed(tokens_for(inner))
    return Fixed(*_fixed(auth))


def _fixed(auth: Auth) -> tuple[list[str], Proof]:
    """Return the secrets of a proof, the newest first, and how one is put on."""
    put: Proof
    match auth:
        case Bearer():
            values = _values(auth.token, auth.previous_token)
            put = functools.partial(_bearer, auth.scheme)
        case Basic():
            values = _values(auth.password, auth.previous_password)
            put = functools.partial(_basic, auth.user)
        case ApiKey():
            values = _values(auth.key, auth.previous_key)
            way = _parameter if auth.parameter else _header
            put = functools.partial(way, auth.parameter or auth.header)
        case Splp():
            values = _values(auth.apikey, auth.previous_apikey)
            put = functools.partial(_header, "Apikey")
        case Hmac():
            values, put = _values(auth.secret), functools.partial(_hmac, auth)
        case Headers():
            values, put = [""], functools.partial(_headers, auth.headers)
        case _:
            values, put = [""], _nothing
    return values, put


def _nothing(_: str, request: Outgoing) -> Outgoing:
    return request


def _oauth2(auth: Auth) -> OAuth2 | None:
    inner = auth.oauth2 if isinstance(auth, Splp) else auth
    return inner if isinstance(inner, OAuth2) else None


def token_addresses(auth: Auth) -> list[str]:
    """Name the addresses beside the system's own that its proof needs."""
    inner = _oauth2(auth)
    return [] if inner is None else [inner.token_url]


def base_path(auth: Auth) -> str:
    """Tell what the proof's gateway puts before every path."""
    return auth.base_path if isinstance(auth, Splp) else ""


def _values(*secrets_: SecretStr | None) -> list[str]:
    return [secret.get_secret_value() for secret in secrets_ if secret is not None]


def _bearer(scheme: str, token: str, request: Outgoing) -> Outgoing:
    space = "" if scheme.endswith("=") else " "
    return request.with_headers({"Authorization": f"{scheme}{space}{token}"})


def _basic(user: str, password: str, request: Outgoing) -> Outgoing:
    return request.with_headers({"Authorization": basic_header(user, password)})


def _header(name: str, key: str, request: Outgoing) -> Outgoing:
    return request.with_headers({name: key})


def _headers(named: Mapping[str, SecretStr], _: str, request: Outgoing) -> Outgoing:
    return request.with_headers(
        {name: value.get_secret_value() for name, value in named.items()}
    )


def _parameter(name: str, key: str, request: Outgoing) -> Outgoing:
    joint = "&" if "?" in request.url else "?"
    pair = f"{quote(name, safe='')}={quote(key, safe='')}"
    return replace(request, url=f"{request.url}{joint}{pair}")


def _hmac(auth: Hmac, secret: str, request: Outgoing) -> Outgoing:
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    url = urlsplit(request.url)
    path = f"{url.path}?{url.query}" if url.query else url.path
    body = request.body or b""
    parts = {
        "method": request.method.encode(),
        "path": path.encode(),
        "timestamp": timestamp.encode(),
        "nonce": nonce.encode(),
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest().encode(),
    }
    signed = fill_signed(auth.signed, parts)
    value = signature(secret.encode(), signed, auth.algorithm, auth.encoding)
    headers = {auth.header: f"{auth.prefix}{value}"}
    if auth.timestamp_header:
        headers[auth.timestamp_header] = timestamp
    if auth.nonce_header:
        headers[auth.nonce_header] = nonce
    return _headers(auth.headers, "", request).with_headers(headers)


def fill_signed(template: str, parts: Mapping[str, bytes]) -> bytes:
    """Put the parts into what is signed; raises KeyError for an unknown part."""
    template = template.replace("\\n", "\n")
    pieces = re.split(r"\{(\w+)\}", template)
    return b"".join(
        parts[piece] if number % 2 else piece.encode()
        for number, piece in enumerate(pieces)
    )


def signature(secret: bytes, signed: bytes, algorithm: str, encoding: str) -> str:
    """Sign bytes, written in hex or base64."""
    digest = hmac.new(secret, signed, algorithm).digest()
    return (
        digest.hex() if encoding == "hex" else base64.b64encode(digest).decode("ascii")
    )
