"""The production composition, checked without an engine that could start it."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.bootstrap.roles import ALL_ROLES, read_roles
from hub.settings import Settings
from tests.repository.compose.files import (
    DOCUMENT,
    ENDING,
    FILE,
    OURS,
    PARTS,
    ROOT,
    SERVICES,
    STAYING,
    VARIABLE,
    mounts,
    names_of,
    parse,
    seconds,
    strings,
)

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

RELEASE_LINES = {
    "simpul": re.escape(VERSION),
    "postgres": r"\d+",  # its second number is the patch already
    "rabbitmq": r"\d+\.\d+-management",
    "prom/prometheus": r"v\d+\.\d+\.\d+",
}
"""Image -> a tag that only ever gets repairs."""
NOT_DEFAULTS = {"COMPOSE_PROFILES"}
"""Variables of Compose itself."""
PASSWORD = re.compile(
    r"://[^\s/:@]+:(?![$<])[^\s/@]+@"
    r"|(?i:pass|password|secret|token)\s*[=:]\s*(?!file:|/run/secrets/)[\w+/-]{6,}"
)


def test_every_image_stays_on_its_release_line() -> None:
    images = {name: service["image"] for name, service in SERVICES.items()}

    strays = {
        name: image
        for name, image in images.items()
        if not re.fullmatch(
            RELEASE_LINES.get(image.rpartition(":")[0], "none"),
            image.rpartition(":")[2],
        )
    }

    assert len(images) > 5
    assert strays == {}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    user, _, group = service["user"].partition(":")

    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    assert not {"privileged", "cap_add", "pid", "ipc", "container_name"} & set(service)
    assert service.get("network_mode", "none") == "none"
    assert not any("docker.sock" in source for source, _, _ in mounts(service))


@pytest.mark.parametrize("name", STAYING)
def test_a_service_that_stays_is_watched_and_comes_back(name: str) -> None:
    service = STAYING[name]

    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert seconds(service["healthcheck"]["timeout"]) > 0


@pytest.mark.parametrize("name", ENDING)
def test_a_service_that_ends_is_waited_for_or_called_by_hand(name: str) -> None:
    service = ENDING[name]
    waited_for = {
        needed
        for other in SERVICES.values()
        for needed, how in other.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }

    assert service["healthcheck"] == {"disable": True}
    assert name in waited_for or service["profiles"] in (["tools"], ["demo"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_can_come_true(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        ends = needed in ENDING
        expected = "service_completed_successfully" if ends else "service_healthy"
        assert how["condition"] == expected
        assert "profiles" not in SERVICES[needed]


def test_the_tables_and_queues_are_there_before_anyone_works() -> None:
    processes = [service for name, service in OURS.items() if name in STAYING]

    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]
    assert SERVICES["topology"]["command"] == ["topology", "apply"]
    assert all({"migrate", "topology"} <= set(s["depends_on"]) for s in processes)


@pytest.mark.parametrize("name", OURS)
def test_the_command_line_of_a_service_is_one_that_exists(name: str) -> None:
    assert parse(OURS[name]["command"]).command.name


def test_every_role_is_played_by_somebody() -> None:
    played = [
        read_roles(context.params["only"], on_rabbitmq=True, embedded=False)
        for name, service in OURS.items()
        if name in STAYING and (context := parse(service["command"]))
    ]

    assert frozenset().union(*played) == ALL_ROLES
    assert sum(len(roles) for roles in played) == len(ALL_ROLES)


def test_whoever_accepts_messages_keeps_them_on_a_volume_and_nobody_else() -> None:
    keeping = {
        name
        for name in STAYING
        for source, _, _ in mounts(SERVICES[name])
        if source == "edge"
    }

    assert keeping == {"web", "mail", "poll"}


def setting_names(model: type[BaseModel], prefix: str = "SIMPUL_") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name.upper()
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{prefix}{name.upper()}__")


@pytest.mark.parametrize("name", OURS)
def test_the_environment_of_a_service_makes_its_settings(
    name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service, known = OURS[name], set(setting_names(Settings))
    given: dict[str, str | None] = service["environment"]
    monkeypatch.chdir(tmp_path)
    for variable in [v for v in os.environ if v.startswith("SIMPUL_")]:
        monkeypatch.delenv(variable)

    for variable, value in given.items():
        if value is not None:
            here = value.replace("/run/secrets", str(secrets))
            monkeypatch.setenv(variable, here)
    settings = Settings()

    assert set(given) <= known
    assert settings.on_rabbitmq is bool(given)
    assert settings.is_embedded is not bool(given)
    for variable, value in given.items():
        if value is not None and value.startswith("/run/secrets/"):
            assert variable.endswith("_FILE")
            assert value.rpartition("/")[2] in names_of(service["secrets"])


def test_the_defaults_that_are_told_are_those_that_hold() -> None:
    told = dict(
        re.findall(
            r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE
        )
    )
    passed = {
        v
        for s in OURS.values()
        for v, value in s["environment"].items()
        if value is None
    }
    held = dict(VARIABLE.findall(FILE.read_text()))

    settings = {name: told.pop(name) for name in passed}
    others = {name: value for name, value in told.items() if name not in NOT_DEFAULTS}

    assert others == held
    assert settings.pop("SIMPUL_LOG_LEVEL") == Settings().log_level
    assert json.loads(settings.pop("SIMPUL_CHANNELS").strip("'")) == Settings().channels
    assert settings == {}


@pytest.mark.parametrize("kind", ["networks", "volumes", "secrets", "configs"])
def test_what_is_declared_is_used_and_what_is_used_is_declared(kind: str) -> None:
    used = {
        name
        for service in SERVICES.values()
        for name in (
            [source for source, _, named in mounts(service) if named]
            if kind == "volumes"
            else names_of(service.get(kind, ()))
        )
    }

    assert used == set(DOCUMENT[kind])


def test_every_file_and_folder_that_is_named_is_there() -> None:
    named = [config["file"] for config in DOCUMENT["configs"].values()]
    named += [source for s in SERVICES.values() for source, _, n in mounts(s) if not n]
    named += [s["build"]["dockerfile"] for s in OURS.values()]

    assert [path for path in named if not (ROOT / path).exists()] == []
    assert all((ROOT / s["build"]["context"]).resolve() == ROOT for s in OURS.values())


def test_nobody_from_outside_reaches_database_or_broker() -> None:
    assert DOCUMENT["networks"]["inside"] == {"internal": True}
    for name in ("database", "broker"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]
    published = [port for s in SERVICES.values() for port in s.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_password_is_written_anywhere() -> None:
    documents = {n: d for n, d in DOCUMENT.items() if not n.startswith("x-")}
    documents["services"] = {
        n: s for n, s in SERVICES.items() if s.get("profiles") != ["demo"]
    }
    files = [
        FILE,
        ROOT / ".env.example",
        *PARTS.glob("*.*"),
        ROOT / "docs/production.md",
    ]

    literal = [
        path
        for path, text in strings(documents)
        if PASSWORD.search(text)
        or (
            re.search(r"(?i)pass|secret|token", path.rpartition(".")[2])
            and not text.startswith("/run/secrets/")
        )
    ]
    written = [file.name for file in files if PASSWORD.search(file.read_text())]

    assert [path for path in literal if not path.startswith(".secrets.")] == []
    assert written == []
