"""What an agency.toml of the system amqp may say, and what it is told otherwise."""

from typing import Any

import pytest

from connectors import registry
from connectors.roster import read_roster
from connectors.systems.amqp import AmqpSystem
from schemas.agency import AgencyManifest
from tests.unit.connectors.rest.test_samples import ENVIRON, NAMES

SETTINGS: dict[str, Any] = {
    "url": "amqp://hub:rahasia@127.0.0.1:9/simpul",
    "submit": {"routing_key": "laporan"},
}


def made(settings: dict[str, Any] | None = None, **fields: Any) -> AmqpSystem:
    chosen: dict[str, Any] = {
        "name": "pln_contoh",
        "title": "PLN Contoh",
        "system": "amqp",
        "allow": ("public_number", "body"),
        "statuses": {"DITERIMA": "acknowledged"},
        "settings": {**SETTINGS, **(settings or {})},
    }
    return AmqpSystem.from_manifest(AgencyManifest(**{**chosen, **fields}))


def test_the_least_that_is_needed_is_an_address_and_a_key() -> None:
    can = made().capabilities

    assert not any((can.honours_key, can.finds, can.sends, can.pushes))
    assert made().listeners() == ()


def test_what_is_declared_can_be_done() -> None:
    can = made(
        {
            "honours_key": True,
            "files": "upload",
            "send": {"routing_key": "peristiwa"},
            "updates": {"queue": "kabar"},
        },
        allow=("public_number", "attachments"),
    ).capabilities

    assert can.honours_key
    assert can.sends
    assert can.pushes
    assert not can.coalesces
    assert can.files == "upload"


@pytest.mark.parametrize(
    ("settings", "fields", "why"),
    [
        ({"url": "http://broker"}, {}, "amqp:// or amqps://"),
        ({"url": "amqp://broker/v?heartbeat=0"}, {}, "nothing more"),
        ({"submit": {"routing_key": ""}}, {}, "routing_key"),
        ({"submit": {"routing_key": "a" * 256}}, {}, "255 bytes"),
        ({"submit": {"routing_key": "a", "field": {}}}, {}, "field"),
        ({"acknowledgement": {}}, {}, "honours_key"),
        ({"tls": {"key_path": "kunci.pem"}}, {}, "certificate_path"),
        ({"updates": {"queue": "k", "prefetch": 0}}, {}, "prefetch"),
        ({}, {"allow": ("body",)}, "'public_number' is not in `allow`"),
        (
            {"submit": {"routing_key": "a", "fields": {"isi": "body"}}},
            {},
            "no field carries 'public_number'",
        ),
        (
            {"submit": {"routing_key": "a", "fields": {"n": "title"}}},
            {},
            "'title' is not in `allow`",
        ),
        (
            {"submit": {"routing_key": "a", "fields": {"n": "body", "n.a": "body"}}},
            {},
            "set twice: n.a",
        ),
        (
            {"send": {"routing_key": "a", "fields": {"n": "reporter.name"}}},
            {},
            "'reporter.name' is none of",
        ),
        ({"files": "upload"}, {}, "'attachments' is not in `allow`"),
        (
            {},
            {"statuses": {"A b": "acknowledged", "AB": "resolved"}},
            "are the same word",
        ),
        ({"update": {"sequence": ""}}, {"order_by": "sequence"}, "sequence is missing"),
        ({"update": {"time": ""}}, {"order_by": "time"}, "time is missing"),
    ],
)
def test_what_does_not_fit_is_named_at_load(
    settings: dict[str, Any], fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why.replace("(", r"\(")) as caught:
        made(settings, **fields)

    assert "rahasia" not in str(caught.value)


def test_a_certificate_that_cannot_be_used_is_named_at_load() -> None:
    url = "amqps://hub:rahasia@127.0.0.1:9/simpul"
    with pytest.raises(ValueError, match="tls: a certificate or key"):
        made({"url": url, "tls": {"authority": "no certificate"}})
    with pytest.raises(ValueError, match="tls: a certificate or key"):
        made({"url": url, "tls": {"certificate_path": "/nowhere/hub.pem"}})


def test_the_sample_loads_once_its_variable_is_set() -> None:
    url = {"SIMPUL_PLN_URL": "amqp://hub:rahasia@127.0.0.1:9/simpul"}
    path = registry.SAMPLES / "pln_sukamaju" / "agency.toml"

    pln = registry.load_agency(path, url)

    assert pln.system.capabilities.honours_key
    assert len(pln.system.listeners()) == 1
    assert "rahasia" not in repr(pln)


def test_a_sample_that_nobody_set_up_is_left_out() -> None:
    assert tuple(read_roster([registry.SAMPLES], ENVIRON).agencies) == NAMES
