"""`simpul agencies new`: the first file of an agency."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.agencies_loading import MANIFEST, load
from hub.cli.errors import Failed
from hub.cli.output import answer_action
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from connectors.kit.scaffold import Open311Server, RestApi

OPEN311 = "open311:"


@click.command("new")
@click.argument("name")
@click.option(
    "--system",
    type=click.Choice(["rest", "open311", "email"]),
    help="Kind of the agency's system; otherwise as --from says, or rest.",
)
@click.option("--title", default="", help="What people read.")
@click.option(
    "--from",
    "source",
    metavar="openapi.json|open311:URL",
    help="Begin with what a description says: a file, or an Open311 server's own.",
)
@common
def new(
    name: str,
    system: str | None,
    title: str,
    source: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write NAME's folder: agency.toml with comments, a sample, a golden case.

    It goes into SIMPUL_AGENCIES_DIR, or agencies/ here; nothing is overwritten.
    """
    from connectors.kit import scaffold
    from schemas.agency import NAME

    if not re.fullmatch(NAME, name):
        msg = f"{name!r} is no name: small letters, digits and _, a letter first"
        raise click.UsageError(msg)
    kind = system or ("open311" if (source or "").startswith(OPEN311) else "rest")
    folder = (read_settings(data_dir).agencies_dir or Path("agencies")) / name
    if (folder / MANIFEST).exists():
        msg = f"{folder / MANIFEST} is there already; nothing was written"
        raise Failed(msg)
    title = title or name.replace("_", " ").title()
    if kind == "email":
        if source is not None:
            msg = "--system email has nothing to begin --from: a mailbox says nothing"
            raise click.UsageError(msg)
        text = scaffold.email(name, title)
    elif kind == "open311":
        text = scaffold.open311(name, title, _open311(source))
    else:
        text = scaffold.rest(name, title, _openapi(source))
    written = _write(folder, text, kind)
    answer_action(
        {"agency": name, "system": kind, "files": [str(path) for path in written]},
        f"Wrote {', '.join(str(path) for path in written)}",
        as_json=as_json,
        then=f"Next: SIMPUL_AGENCIES_DIR={folder.parent} simpul agencies check {name}",
    )


def _openapi(source: str | None) -> "RestApi":
    from connectors.kit.describing import DescriptionError, of_openapi
    from connectors.kit.scaffold import RestApi

    if source is None:
        return RestApi()
    if source.startswith(OPEN311):
        msg = "--system rest cannot begin with an Open311 server"
        raise click.UsageError(msg)
    try:
        return of_openapi(Path(source).read_text("utf-8"))
    except DescriptionError as error:
        msg = f"{source}: {error}"
        raise Failed(msg) from error


def _open311(source: str | None) -> "Open311Server":
    from connectors.kit.describing import DescriptionError, of_open311
    from connectors.kit.scaffold import Open311Server

    if source is None:
        return Open311Server()
    if not source.startswith(OPEN311):
        msg = f"--system open311 begins with {OPEN311}URL"
        raise click.UsageError(msg)
    try:
        return of_open311(source.removeprefix(OPEN311))
    except DescriptionError as error:
        raise Failed(str(error)) from error


def _write(folder: Path, text: str, kind: str) -> list[Path]:
    from connectors.kit.golden import FOLDER
    from connectors.kit.sample import SAMPLE, SAMPLE_FILE
    from connectors.kit.scaffold import SCHEMA
    from hub.cli.agencies_documents import schema_of

    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    manifest, sample = folder / MANIFEST, folder / SAMPLE_FILE
    manifest.write_text(text, "utf-8")
    sample.write_text(_json(SAMPLE), "utf-8")
    written = [manifest, sample]
    if (schema := schema_of(kind)) is not None:
        (folder / SCHEMA).write_text(schema, "utf-8")
        written.append(folder / SCHEMA)
    if (body := _first_body(manifest)) is not None:
        golden = folder / FOLDER / "complaint.json"
        golden.write_text(_json({"complaint": SAMPLE, "expected": body}), "utf-8")
        written.append(golden)
    return written


def _first_body(manifest: Path) -> Any:
    """Return what the file makes of the sample; None where it cannot be told yet."""
    from connectors.kit.checking import STAND_IN_SECRET, STAND_INS
    from connectors.kit.golden import body_of
    from connectors.kit.sample import SAMPLE
    from connectors.registry import ConfigError

    names = re.findall(r'"env:([A-Z0-9_]+)"', manifest.read_text("utf-8"))
    shapes = {"URL": "https://agency.invalid", "RELAY": STAND_INS["relay"]}
    stand_ins = {
        name: shapes.get(name.rpartition("_")[2], STAND_IN_SECRET) for name in names
    }
    try:
        loaded = load(manifest, stand_ins)
    except ConfigError:
        return None
    return body_of(loaded.manifest, loaded.system, SAMPLE)


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
