"""Signed test updates (Standard Webhooks), and how each side verifies one."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from standardwebhooks import Webhook

from connectors.contract import HttpRequest
from connectors.protocols.http.signing import fill_signed, signature
from connectors.protocols.http.tokens import basic_header
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
        zone = ZoneInfo(manifest.zone)
        given["time"] = _written(at.astimezone(zone), where["time_format"])
    for name, value in given.items():
        if where.get(name):
            _put(item, _path(name, where[name]), value)
    body: dict[str, Any] = {}
    if not where.get("items"):
        return json.dumps(item).encode()
    _put(body, _path("items", where["items"]), [item])
    return json.dumps(body).encode()


def _written(at: datetime, time_format: str) -> str:
    parts = {"epoch": 1, "epoch_ms": 1000}.get(time_format)
    if parts is not None:
        return str(int(at.timestamp()) * parts)
    return at.strftime(time_format)


def _path(name: str, place: Any) -> str:
    if isinstance(place, str) and not place.startswith(("jsonata:", "header:")):
        return place
    msg = f"update.{name} is no plain path: give an update with --body FILE"
    raise UnsignableError(msg)


def signed(
    manifest: AgencyManifest, path: str, body: bytes, at: datetime
) -> HttpRequest:
    """Sign an update, or prove who sends it, as [settings.webhook] says.

    Raises UnsignableError.
    """
    webhook = manifest.settings.get("webhook")
    secret = webhook.get("secret") if isinstance(webhook, Mapping) else None
    if not isinstance(webhook, Mapping) or not secret:
        msg = "agency.toml has no [settings.webhook] with a secret: nothing is signed"
        raise UnsignableError(msg)
    message_id = f"msg_uji_{uuid4().hex[:16]}"
    if webhook.get("kind", "standard") == "standard":
        proof = _standard(secret, message_id, body, at)
    else:
        proof = _of_its_own(webhook, path, body, at)
        if webhook.get("id_header"):
            proof[str(webhook["id_header"]).lower()] = message_id
    return HttpRequest(
        method="POST",
        path=path,
        query={},
        headers={"content-type": "application/json", **proof},
        body=body,
    )


def _standard(
    secret: str, message_id: str, body: bytes, at: datetime
) -> dict[str, str]:
    try:
        signature = Webhook(secret).sign(message_id, at, body.decode("utf-8"))
    except ValueError as error:
        msg = "the secret of [settings.webhook] is no whsec_ and base64 after it"
        raise UnsignableError(msg) from error
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }


def _of_its_own(
    webhook: Mapping[str, Any], path: str, body: bytes, at: datetime
) -> dict[str, str]:
    """Prove it by HMAC, or by a secret as it is."""
    kind, secret = webhook["kind"], str(webhook["secret"])
    if kind == "basic":
        return {"authorization": basic_header(str(webhook["user"]), secret)}
    if kind in {"bearer", "header"}:
        name = str(webhook.get("header", "Authorization")).lower()
        return {name: f"Bearer {secret}" if kind == "bearer" else secret}
    parts = {
        "method": b"POST",
        "path": path.encode(),
        "timestamp": str(int(at.timestamp())).encode(),
        "nonce": uuid4().hex.encode(),
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest().encode(),
    }
    text = fill_signed(str(webhook.get("signed", "{body}")), parts)
    mark = signature(
        secret.encode(),
        text,
        webhook.get("algorithm", "sha256"),
        webhook.get("encoding", "hex"),
    )
    name = str(webhook.get("header", "X-Signature")).lower()
    proof = {name: f"{webhook.get('prefix', '')}{mark}"}
    for part in ("timestamp", "nonce"):
        if webhook.get(f"{part}_header"):
            proof[str(webhook[f"{part}_header"]).lower()] = parts[part].decode()
    return proof


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
