"""Configuration becomes connectors, or a text that says what to mend."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import ConfigError
from connectors.roster import read_roster
from connectors.systems.rest import RestSystem
from schemas.events import AGENCY_EVENTS

ENVIRON = {
    "RSUD_URL": "http://127.0.0.1:9",
    "RSUD_TOKEN": "t0ken-of-the-tests",
    "RSUD_WEBHOOK_SECRET": "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3Rz",
}
MANIFEST = """
name = "rsud"
title = "RSUD Sukamaju"
system = "rest"
allow = ["title", "body"]
[statuses]
"Baru" = "acknowledged"
[settings]
base_url = "env:RSUD_URL"
auth = { kind = "bearer", token = "env:RSUD_TOKEN" }
webhook = { secret = "env:RSUD_WEBHOOK_SECRET" }
update = { reference = "no", status = "status" }
[settings.submit]
path = "/cases"
reference = "id"
fields = { "judul" = "title" }
"""


def write(folder: Path, text: str = MANIFEST, name: str = "rsud") -> Path:
    path = folder / name / "agency.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def fault_of(
    folder: Path,
    old: str = "",
    new: str = "",
    *,
    environ: Mapping[str, str] = ENVIRON,
) -> str:
    assert old in MANIFEST
    path = write(folder, MANIFEST.replace(old, new) if old else MANIFEST + new)
    with pytest.raises(ConfigError) as caught:
        registry.load_agency(path, environ)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "t0ken" not in text
    assert "whsec_Y" not in text
    return text.removeprefix(f"{path}: ")


def test_a_manifest_becomes_a_connector(tmp_path: Path) -> None:
    path = write(tmp_path)

    agency = registry.load_agency(path, ENVIRON)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert agency.name == "rsud"
    assert agency.mapping_version == digest[:12]
    assert isinstance(agency.system, RestSystem)


def test_the_manifest_that_is_handed_on_has_no_secret(tmp_path: Path) -> None:
    agency = registry.load_agency(write(tmp_path), ENVIRON)

    assert agency.extra["manifest"].settings["auth"]["token"] == "env:RSUD_TOKEN"
    assert "t0ken" not in repr(agency)


# --- secrets ---------------------------------------------------------------


def test_secrets_are_replaced_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", "utf-8")
    settings = {
        "plain": "x",
        "number": 1,
        "list": ["env:A", {"deep": "file:token"}],
        "table": {"a": "env:A"},
    }

    found = registry.resolve_secrets(
        settings, {"A": "one"}, file=tmp_path / "agency.toml"
    )

    assert found == {
        "plain": "x",
        "number": 1,
        "list": ["one", {"deep": "from a file"}],
        "table": {"a": "one"},
    }
    assert settings["table"] == {"a": "env:A"}


@pytest.mark.parametrize("environ", [{}, {"RSUD_TOKEN": ""}])
def test_a_missing_variable_is_named_with_its_field(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    others = {name: ENVIRON[name] for name in ENVIRON if name != "RSUD_TOKEN"}

    assert fault_of(tmp_path, environ=others | environ) == (
        "settings.auth.token: the environment variable RSUD_TOKEN is not set"
    )


def test_a_missing_file_is_named_with_its_field(tmp_path: Path) -> None:
    assert fault_of(tmp_path, "env:RSUD_TOKEN", "file:/nowhere/token") == (
        "settings.auth.token: the file /nowhere/token cannot be read"
    )


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    write(tmp_path).with_name("token").write_text(" \n", "utf-8")

    assert "is empty" in fault_of(tmp_path, "env:RSUD_TOKEN", "file:token")


# --- what is wrong with a manifest -----------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        ('name = "rsud"', 'name = "other"', ["name: 'other'", "folder 'rsud'"]),
        ('system = "rest"', 'system = "soap"', ["system: no system 'soap'", "rest"]),
        ('system = "rest"', 'system = "rest"\nzone = "Mars/X"', ["zone: no time zone"]),
        ('title = "RSUD Sukamaju"', "", ["title: Field required"]),
        ('"body"]', '"boody"]', ["allow: unknown 'boody'", "title"]),
        ("[statuses]", 'wants = ["x"]\n[statuses]', ["wants: unknown 'x'", "reopened"]),
        ("acknowledged", "closed", ["statuses.Baru: unknown 'closed'", "resolved"]),
        ('"Baru" =', '"b aru" = "resolved"\n"Baru" =', ["are the same word"]),
        ("env:RSUD_URL", "rsud.example", ["settings.base_url: Input should be a val"]),
        ("env:RSUD_URL", "https://x.example/?a=1", ["settings.base_url: write the"]),
        ('kind = "bearer"', 'kind = "digest"', ["settings.auth.kind: ", "bearer"]),
        ("env:RSUD_WEBHOOK_SECRET", "whsec_", ["settings.webhook.secret: no webhook"]),
        ('path = "/cases"', 'path = "cases"', ["settings.submit.path: a path begins"]),
        ('path = "/cases"', 'paht = "/cases"', ["settings.submit.paht: Extra inputs"]),
        ('reference = "id"', 'reference = "a..b"', ["reference: a dotted path is"]),
        ('"judul" = "title"', '"a" = "title", "a.b" = "body"', ["set twice: a.b"]),
        ('"judul" = "title"', '"a" = "reporter.name"', ["submit.fields.a", "`allow`"]),
        ("[statuses]", 'order_by = "time"\n[statuses]', ["settings.update.time"]),
        ("[statuses]", 'order_by = "sequence"\n[statuses]', ["update.sequence"]),
        ("update = {", "# {", ["settings: webhook without update"]),
        (
            'reference = "id"',
            'reference = "id"\nfiles = {field = "f"}',
            ["attachments"],
        ),
        ('reference = "id"', 'reference = "id"\nnulls = ["x"]', ["nulls that are not"]),
        ("[statuses]", "[statuses", ["is not TOML"]),
    ],
)
def test_a_fault_is_named_with_its_file_and_field(
    tmp_path: Path, old: str, new: str, texts: list[str]
) -> None:
    fault = fault_of(tmp_path, old, new)

    assert all(text in fault for text in texts), fault


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("[settings.find]\npath='/a'\nparameter='k'", "settings: find.reference is"),
        ("[settings.send]\npath='/a'\nfields={a='titel'}", "not fields of an event"),
        (
            "[settings.send]\npath='/a'\nitems='a'\nkey_field='a'\nfields={b='type'}",
            "a",
        ),
    ],
)
def test_a_fault_in_a_table_is_named(tmp_path: Path, table: str, text: str) -> None:
    assert text in fault_of(tmp_path, new=table)


def test_a_status_that_no_agency_may_set_is_refused_with_the_legal_list(
    tmp_path: Path,
) -> None:
    fault = fault_of(tmp_path, "acknowledged", "rated")

    assert all(name in fault for name in AGENCY_EVENTS)


def test_a_manifest_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        registry.load_agency(tmp_path / "agency.toml", ENVIRON)


# --- directories -----------------------------------------------------------


def test_a_later_directory_overrides_an_earlier_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first, MANIFEST.replace("env:RSUD_TOKEN", "env:NOBODY_SET_THIS"))
    write(second, MANIFEST.replace("RSUD Sukamaju", "RSUD Kedua"))
    (second / "notes").mkdir()

    agencies = read_roster([first, second], ENVIRON).agencies

    assert list(agencies) == ["rsud"]
    assert agencies["rsud"].extra["manifest"].title == "RSUD Kedua"


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such directory"):
        read_roster([tmp_path / "none"], ENVIRON)


def test_manifests_are_read_without_any_secret(tmp_path: Path) -> None:
    write(tmp_path)

    (found,) = registry.read_manifests([tmp_path]).values()

    loaded = read_roster([tmp_path], ENVIRON).agencies["rsud"]
    assert found == loaded.extra["manifest"]


def test_units_are_declared_with_their_days_and_successors(tmp_path: Path) -> None:
    units = """
[[units]]
name = "igd"
title = "Instalasi Gawat Darurat"
[[units]]
name = "poli_lama"
title = "Poli Lama"
parent = "igd"
valid_until = 2026-06-30
successors = ["igd"]
"""
    write(tmp_path, MANIFEST + units)

    (found,) = registry.read_manifests([tmp_path]).values()

    assert [unit.name for unit in found.units] == ["igd", "poli_lama"]
    assert found.units[1].successors == ("igd",)


def test_a_unit_below_none_is_refused_with_its_file(tmp_path: Path) -> None:
    unit = '[[units]]\nname = "poli"\ntitle = "Poli"\nparent = "gone"\n'

    assert "'gone', which is no unit of it" in fault_of(tmp_path, new=unit)
