"""Signed test updates (Standard Webhooks), and how each side verifies one."""

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from standardwebhooks import Webhook

from connectors.contract import HttpRequest
from schemas.agency import AgencyManifest

LANGUAGES = ("python", "php", "node", "curl")
"""Of the programs in the folder `snippets` beside this module."""


class UnsignableError(Exception):
    """No update can be signed for this agency; the text says why."""


def snippet(language: str) -> str:
    """Return a program that verifies an update, or signs and sends one (curl)."""
    place = Path(__file__).parent / "snippets" / f"{language}.txt"
    return place.read_text("utf-8")


def update_body(
    manifest: AgencyManifest, *, reference: str, word: str, at: datetime
) -> bytes:
    """Write one update by [settings.update]; raises UnsignableError."""
    where = manifest.settings.get("update")
    if not isinstance(where, Mapping) or not where.get("reference"):
        msg = "agency.toml has no [settings.update]: give the body with --body FILE"
        raise UnsignableError(msg)
    item: dict[str, Any] = {}
    given = {
        "reference": reference,
        "status": word,
        "time": at.isoformat(timespec="seconds"),
        "event_id": f"uji-{uuid4().hex[:12]}",
        "sequence": 1,
        "text": "Pembaruan uji dari bangku uji Simpul.",
    }
    if where.get("time_format"):
        given["time"] = at.strftime(where["time_format"])
    for name, value in given.items():
        if where.get(name):
            _put(item, where[name], value)
    body: dict[str, Any] = {}
    if not where.get("items"):
        return json.dumps(item).encode()
    _put(body, where["items"], [item])
    return json.dumps(body).encode()


def signed(
    manifest: AgencyManifest, path: str, body: bytes, at: datetime
) -> HttpRequest:
    """Sign an update with [settings.webhook]'s secret; raises UnsignableError."""
    webhook = manifest.settings.get("webhook")
    secret = webhook.get("secret") if isinstance(webhook, Mapping) else None
    if not secret:
        msg = "agency.toml has no [settings.webhook] with a secret: nothing is signed"
        raise UnsignableError(msg)
    webhook_id = f"msg_uji_{uuid4().hex[:16]}"
    try:
        signature = Webhook(secret).sign(webhook_id, at, body.decode("utf-8"))
    except ValueError as error:
        msg = "the secret of [settings.webhook] is no whsec_ and base64 after it"
        raise UnsignableError(msg) from error
    return HttpRequest(
        method="POST",
        path=path,
        query={},
        headers={
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        },
        body=body,
    )


def curl_of(request: HttpRequest, hub_url: str) -> str:
    """Write a signed update as a line for a shell; it holds no secret."""
    words = ["curl", "-i", "-X", request.method, hub_url.rstrip("/") + request.path]
    for name, value in request.headers.items():
        words += ["-H", f"{name}: {value}"]
    return shlex.join([*words, "--data-binary", request.body.decode("utf-8")])


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        tree = tree.setdefault(step, {})
    tree[last] = value
