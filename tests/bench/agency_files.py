"""The files of the bench's fictional agencies, as a deployment has them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.agency import Route

ALLOW = ("public_number", "title", "body")
NOBODY = 9
"""A port on which no agency is reached, where nothing is delivered."""
DEADLINE_SECONDS = 10

MANIFEST = """
name = "{name}"
title = "{title}"
system = "rest"
zone = "Asia/Jakarta"
order_by = "arrival"
allow = {allow}
egress = {{ networks = ["127.0.0.0/8"] }}

[limits]
rate_per_second = 1000
concurrency = 4
deadline_seconds = {deadline}

[statuses]
"Diterima" = "acknowledged"

[settings]
base_url = "http://127.0.0.1:{port}/{name}"
honours_key = true
auth = {{ kind = "bearer", token = "kunci-uji-0123456789" }}

[settings.submit]
path = "/laporan"
key_field = "kunci"
reference = "nomor"

[settings.submit.fields]
"judul" = "title"

[settings.send]
path = "/laporan/{{reference}}/peristiwa"
items = "peristiwa"
key_field = "kunci"

[settings.send.fields]
"id" = "event_id"
"""


def write(
    folder: Path, titles: Mapping[str, str], rules: Sequence[Route], port: int = NOBODY
) -> None:
    """Write agencies by name and title, and the rules that choose among them."""
    for name, title in titles.items():
        (folder / name).mkdir(parents=True)
        text = MANIFEST.format(
            name=name,
            title=title,
            port=port,
            allow=json.dumps(ALLOW),
            deadline=DEADLINE_SECONDS,
        )
        (folder / name / "agency.toml").write_text(text)
    (folder / "routing.toml").write_text("\n".join(map(_rule, rules)))


def _rule(rule: Route) -> str:
    lines = ["[[rules]]"]
    for name in ("id", "why", "keyword", "category", "region", "main", "cc"):
        value = getattr(rule, name)
        if value:
            lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
