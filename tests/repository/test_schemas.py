"""The committed JSON Schema is what the models say."""

from schemas.__main__ import FOLDER, documents


def test_the_committed_schemas_are_those_of_the_models() -> None:
    written = {path.name: path.read_text() for path in FOLDER.glob("*.json")}

    assert written == documents(), "run `python -m schemas` and commit schemas/json"
