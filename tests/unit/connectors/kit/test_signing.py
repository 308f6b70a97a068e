"""Signed test updates: our door takes them, and so do the programs we hand out."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import HttpRequest, Take
from connectors.kit.signing import (
    LANGUAGES,
    UnsignableError,
    signed,
    snippet,
    update_body,
)
from connectors.systems.rest import RestSystem
from hub.simulator.profiles import PUPR
from tests.unit.connectors.kit.standing import SECRET, manifest_of, standing
from tests.unit.connectors.rest.asked import described

ENVIRON = {
    "SIMPUL_PUPR_URL": "http://127.0.0.1:9",
    "SIMPUL_PUPR_TOKEN": "a-token",
    "SIMPUL_PUPR_WEBHOOK_SECRET": SECRET,
}
BODY = '{"items": [{"nomor": "1", "catatan": "é"}]}'.encode()
PATH = "/agencies/dinas_pupr/updates"


def request() -> HttpRequest:
    manifest = manifest_of("dinas_pupr", ENVIRON)
    return signed(manifest, PATH, BODY, datetime.now(UTC))


def arguments(headers: HttpRequest) -> list[str]:
    given = headers.headers
    return [given["webhook-id"], given["webhook-timestamp"], given["webhook-signature"]]


def test_our_door_takes_what_was_signed() -> None:
    system = RestSystem.from_manifest(manifest_of("dinas_pupr", ENVIRON))

    assert isinstance(system.doors()[0].read(request()), Take)


def test_without_a_secret_nothing_is_signed() -> None:
    manifest = manifest_of("dinas_pupr", ENVIRON)
    bare = manifest.model_copy(update={"settings": {}})

    with pytest.raises(UnsignableError):
        signed(bare, PATH, BODY, datetime.now(UTC))


@pytest.mark.parametrize("body", [BODY, BODY + b" "], ids=["true", "changed"])
def test_the_python_program_tells_true_from_changed(
    tmp_path: Path, body: bytes
) -> None:
    file = tmp_path / "verify.py"
    file.write_text(snippet("python"))

    ended = subprocess.run(
        [sys.executable, file, SECRET, *arguments(request())], input=body, check=False
    )

    assert ended.returncode == (0 if body == BODY else 1)


@pytest.mark.parametrize("body", [BODY, BODY + b" "], ids=["true", "changed"])
def test_the_node_program_tells_true_from_changed(tmp_path: Path, body: bytes) -> None:
    node = shutil.which("node")
    if node is None:
        assert "timingSafeEqual" in snippet("node")
        return
    (tmp_path / "verify.mjs").write_text(snippet("node"))
    (tmp_path / "body").write_bytes(body)
    (tmp_path / "main.mjs").write_text(
        "import { verify } from './verify.mjs';\n"
        "import { readFileSync } from 'node:fs';\n"
        "const [secret, id, time, signature] = process.argv.slice(2);\n"
        "const body = readFileSync('body', 'utf8');\n"
        "process.exit(verify(secret, id, time, body, signature) ? 0 : 1);\n"
    )

    ended = subprocess.run(
        [node, "main.mjs", SECRET, *arguments(request())], cwd=tmp_path, check=False
    )

    assert ended.returncode == (0 if body == BODY else 1)


def test_the_shell_program_signs_what_our_door_takes(tmp_path: Path) -> None:
    (tmp_path / "sign.sh").write_text(snippet("curl"))
    (tmp_path / "body.json").write_bytes(BODY)
    with standing(PUPR) as (bench, _):
        ended = subprocess.run(
            ["sh", "sign.sh", bench.receiver.url + PATH, "body.json"],
            cwd=tmp_path,
            env={"SECRET": SECRET, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        came = bench.receiver.raws

    assert " 202 " in ended.stdout
    assert [raw.body for raw in came] == [BODY]


def test_every_language_has_its_program() -> None:
    assert all("webhook" in snippet(one).lower() for one in LANGUAGES)


@pytest.mark.parametrize(
    "webhook",
    [
        {"kind": "hmac", "secret": "rahasia", "prefix": "sha1=", "algorithm": "sha1"},
        {
            "kind": "hmac",
            "secret": "rahasia",
            "encoding": "base64",
            "signed": "{timestamp}.{nonce}.{body}",
            "timestamp_header": "X-At",
            "nonce_header": "X-Nonce",
        },
        {"kind": "bearer", "secret": "rahasia", "id_header": "X-Id"},
        {"kind": "header", "secret": "rahasia", "header": "X-Secret"},
        {"kind": "basic", "user": "dinas", "secret": "rahasia"},
    ],
)
def test_every_proof_that_a_door_can_ask_for_is_written(
    webhook: dict[str, str],
) -> None:
    found = described({"webhook": webhook})
    system = RestSystem.from_manifest(found)
    (door,) = system.doors()
    at = datetime.now(UTC)
    body = update_body(found, reference="C-1", word="Selesai", at=at)

    assert isinstance(door.read(signed(found, door.path, body, at)), Take)
    forged = signed(found, door.path, body, at).model_copy(update={"headers": {}})
    assert not isinstance(door.read(forged), Take)
    system.close()
