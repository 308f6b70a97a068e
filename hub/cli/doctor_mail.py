"""`simpul doctor`: whether officers' answers by mail come back to their cases."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors import registry
from schemas.agency import AgencyManifest

KIND = CHANNEL = "email"
WHERE = Path(f"channels.{CHANNEL}")
"""What the channel's own references begin at."""
SAME: Mapping[str, str] = {"domain": "", "mailbox": "lapor", "reply_secret": ""}
"""What an agency that is reached by mail must have as the channel has it -> default."""


def apart(
    manifests: Mapping[str, AgencyManifest],
    channels: Mapping[str, Any],
    environ: Mapping[str, str],
    files: Mapping[str, Path],
) -> Iterator[dict[str, str]]:
    """Name mailbox agencies whose answers the channel would take for complaints.

    `files` are their agency.toml, since secrets may lie beside them. Raises
    registry.ConfigError.
    """
    for name, manifest in manifests.items():
        if manifest.system != KIND:
            continue
        if CHANNEL not in channels:
            why = "the channel email is off: no answer of its officers comes back"
            yield {"agency": name, "why": why}
            continue
        theirs = _same(manifest.settings, environ, files.get(name, WHERE))
        ours = _same(channels[CHANNEL], environ, WHERE)
        if other := [key for key in SAME if theirs[key] != ours[key]]:
            listed = ", ".join(other)
            why = (
                f"{listed}: not as the channel email has it; answers become complaints"
            )
            yield {"agency": name, "why": why}


def _same(
    table: Mapping[str, Any], environ: Mapping[str, str], file: Path
) -> dict[str, Any]:
    """Give what has to be alike; raises registry.ConfigError."""
    given = {key: table.get(key, default) for key, default in SAME.items()}
    return registry.resolve_secrets(given, environ, file=file)
