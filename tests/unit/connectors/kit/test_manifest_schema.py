"""The schema that helps editors: what the hub takes, it takes, and no unknown key."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connectors import registry
from connectors.kit.documents import manifest_schema
from connectors.systems.rest.settings import RestSettings

FOREIGN = Path(__file__).parents[3] / "foreign" / "agencies"
FILES = sorted(
    path
    for folder in (registry.SAMPLES, FOREIGN)
    for path in folder.glob("*/agency.toml")
    if tomllib.loads(path.read_text("utf-8"))["system"] == "rest"
)
SCHEMA: dict[str, Any] = json.loads(manifest_schema("rest", RestSettings))


def document(path: Path) -> dict[str, Any]:
    # Dates and the like are as JSON has them.
    found: dict[str, Any] = json.loads(
        json.dumps(tomllib.loads(path.read_text("utf-8")), default=str)
    )
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_file_that_the_hub_takes_is_right_by_its_schema(path: Path) -> None:
    jsonschema.validate(document(path), SCHEMA)


@pytest.mark.parametrize(
    ("table", "key"), [("auth", "tokn"), ("webhook", "secrett"), ("submit", "pth")]
)
def test_an_unknown_key_is_wrong_by_the_schema(table: str, key: str) -> None:
    found = document(registry.SAMPLES / "dinas_pupr" / "agency.toml")
    found["settings"][table][key] = "x"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)
