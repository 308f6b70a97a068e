"""Tokens of client credentials: fetched when needed, shared, renewed in time."""

import base64
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retryable,
)
from connectors.protocols.http.auth import OAuth2
from connectors.protocols.http.client import HttpClient
from connectors.protocols.http.outcome import require_success

EARLY_SECONDS = 30
"""A token is not used in its last seconds: a call takes a while."""
LIFE_SECONDS = 300
"""Of a token whose answer does not say."""
TOKEN_BYTES_MAX = 100_000


class TokenSource:
    """The token of one system; safe for many threads, which fetch it once."""

    def __init__(
        self, client: HttpClient, auth: OAuth2, *, deadline_seconds: float
    ) -> None:
        self._client = client
        self._auth = auth
        self._seconds = deadline_seconds
        self._lock = threading.Lock()
        self._token = ""
        self._ends_at = 0.0

    def token(self) -> str:
        """Return a token that is valid for a while.

        Raises Misconfigured when we are refused, Retryable for anything else: the
        call that needs it was not made.
        """
        with self._lock:
            if not self._token or time.monotonic() >= self._ends_at:
                self._token, seconds = self._fetch()
                early = min(EARLY_SECONDS, seconds / 2)
                self._ends_at = time.monotonic() + seconds - early
            return self._token

    def forget(self) -> None:
        """Fetch another token the next time."""
        with self._lock:
            self._token = ""

    def _fetch(self) -> tuple[str, float]:
        auth = self._auth
        form = {"grant_type": "client_credentials", **auth.parameters}
        if auth.scope:
            form["scope"] = auth.scope
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        secret = auth.client_secret.get_secret_value()
        if auth.credentials_in == "body":
            form |= {"client_id": auth.client_id, "client_secret": secret}
        else:
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            pair = quote_plus(auth.client_id), quote_plus(secret)
            headers["Authorization"] = basic_header(*pair)
        try:
            answer = self._client.call(
                "POST",
                auth.token_url,
                headers,
                urlencode(form).encode(),
                deadline_seconds=self._seconds,
                response_bytes_max=TOKEN_BYTES_MAX,
                step="token",
            )
            require_success(answer, method="POST", step="token", now=datetime.now(UTC))
            return self._read(answer.body)
        except OutcomeUnknown as error:
            raise Retryable(_why(error), fingerprint=error.fingerprint) from error
        except (Refused, Misconfigured) as error:
            raise Misconfigured(_why(error), fingerprint=error.fingerprint) from error

    def _read(self, body: bytes) -> tuple[str, float]:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            told = None
        token = _at(told, self._auth.token_path)
        if not isinstance(token, str) or not token:
            why = f"its answer has no token at {self._auth.token_path}"
            raise OutcomeUnknown(why, fingerprint="http no token POST token")
        try:
            seconds = float(_at(told, self._auth.expires_path) or LIFE_SECONDS)
        except (TypeError, ValueError):
            seconds = LIFE_SECONDS
        return token, max(seconds, 1.0)


def basic_header(user: str, password: str) -> str:
    """Write the header of RFC 7617."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return f"Basic {pair}"


def _at(tree: Any, path: str) -> Any:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def _why(error: ConnectorError) -> str:
    return f"no token: the token address {error.why}"
