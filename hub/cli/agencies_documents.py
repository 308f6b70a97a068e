"""`python -m hub.cli.agencies_documents`: write what is published for integrators.

The feature matrix in connectors/README.md, docs/events.md, and a JSON Schema of
agency.toml for each kind of system. A test holds them against the code.
"""

from importlib import import_module, util
from pathlib import Path

from pydantic import BaseModel

from connectors import registry
from connectors.kit.checking import without_secrets
from connectors.kit.documents import events_page, manifest_schema, matrix, with_matrix

ROOT = Path(__file__).parents[2]
README = Path("connectors/README.md")


def documents() -> dict[Path, str]:
    """Make every document: path below the project's folder -> text."""
    readme = with_matrix((ROOT / README).read_text("utf-8"), _matrix())
    found = {README: readme, Path("docs/events.md"): events_page()}
    for kind in registry.SYSTEMS:
        if (schema := schema_of(kind)) is not None:
            found[Path(f"schemas/json/agency/{kind}.json")] = schema
    return found


def schema_of(kind: str) -> str | None:
    """Write the schema of agency.toml for a kind; None where it cannot be told."""
    model = _settings_of(kind) if kind in registry.SYSTEMS else None
    return None if model is None else manifest_schema(kind, model)


def _matrix() -> str:
    rows = {}
    for name, written in registry.read_manifests([registry.SAMPLES]).items():
        complete = without_secrets(written, registry.SAMPLES / name)
        system = registry.system_maker(written.system)(complete)
        rows[name] = (written.system, system.capabilities)
    return matrix(rows)


def _settings_of(kind: str) -> type[BaseModel] | None:
    """Find the model of a kind's [settings], which is named after the kind."""
    name = f"connectors.systems.{kind}.settings"
    if util.find_spec(name) is None:
        return None
    for found in vars(import_module(name)).values():
        if not isinstance(found, type) or not issubclass(found, BaseModel):
            continue
        if found.__name__.lower() == f"{kind}settings":
            return found
    return None


def main() -> None:
    """Write the documents."""
    for path, text in documents().items():
        place = ROOT / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
