"""The contract of the AMQP door is whole: it names what there is, and only that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from schemas.__main__ import FOLDER
from schemas.amqp_door import EventMessage, HandedOver, UpdateMessage

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text())
STANDARD = Path(__file__).parent / "asyncapi" / "3.0.0.json"
OPERATION_KEYS = {"action", "channel", "messages", "bindings", "reply"}
CHANNEL_KEYS = {"address", "description", "messages", "parameters", "bindings"}


def references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(found := tree.get("$ref"), str):
            yield found
        for value in tree.values():
            yield from references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from references(value)


def at(reference: str) -> Any:
    tree: Any = DOCUMENT
    assert reference.startswith("#/"), reference
    for step in reference.removeprefix("#/").split("/"):
        tree = tree[step]
    return tree


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))

    assert found
    assert all(at(reference) for reference in found)


def test_every_schema_and_every_message_is_used() -> None:
    found = set(references(DOCUMENT))
    parts = DOCUMENT["components"]
    there = {f"#/components/{kind}/{name}" for kind in parts for name in parts[kind]}

    assert there <= found


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_a_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


def test_it_is_valid_by_the_schema_of_the_standard() -> None:
    standard = Draft7Validator(json.loads(STANDARD.read_text()))
    wrong = json.loads(json.dumps(DOCUMENT))
    wrong["operations"]["tell"]["action"] = "publish"

    assert [error.message for error in standard.iter_errors(DOCUMENT)] == []
    assert not standard.is_valid(wrong)


def test_it_has_the_shape_of_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT["info"]) == {"title", "version", "description"}
    for channel in DOCUMENT["channels"].values():
        assert set(channel) <= CHANNEL_KEYS
        address = channel["address"] or ""
        named = {f"{{{name}}}" for name in channel.get("parameters", {})}
        assert all(name in address for name in named)
        assert ("{" in address) == bool(named)
    for operation in DOCUMENT["operations"].values():
        assert set(operation) <= OPERATION_KEYS
        assert operation["action"] in {"send", "receive"}
        # A message of an operation is one of its channel's.
        channel = operation["channel"]["$ref"]
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")


def test_the_server_declares_every_variable_of_its_address() -> None:
    server = DOCUMENT["servers"]["agency"]
    text = server["host"] + server["pathname"]

    assert {f"{{{name}}}" for name in server["variables"]} <= set(
        text.replace(":", "/").split("/")
    )


@pytest.mark.parametrize("model", [HandedOver, EventMessage, UpdateMessage])
def test_messages_have_the_names_of_their_models(model: type) -> None:
    names = {m["name"] for m in DOCUMENT["components"]["messages"].values()}

    assert model.__name__ in names
