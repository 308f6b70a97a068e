"""The production composition, checked without an engine that could start it."""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import BaseModel
from sqlalchemy import make_url

from hub import telemetry
from hub.bootstrap.roles import ALL_ROLES, read_roles
from hub.cli.root import simpul
from hub.settings import Settings
from schemas.agency import Limits
from tests.services.postgres import connect

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
PARTS = ROOT / "deploy" / "compose"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

RELEASE_LINES = {
    "simpul": re.escape(VERSION),
    "postgres": r"\d+",  # its second number is the patch already
    "rabbitmq": r"\d+\.\d+-management",
    "prom/prometheus": r"v\d+\.\d+\.\d+",
}
"""Image -> a tag that only ever gets repairs."""
PYTHON = r"python:3\.\d+-slim-[a-z]+"

NOT_DEFAULTS = {"COMPOSE_PROFILES"}
"""Variables of Compose itself."""
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
PASSWORD = re.compile(
    r"://[^\s/:@]+:(?![$<])[^\s/@]+@"
    r"|(?i:pass|password|secret|token)\s*[=:]\s*(?!file:|/run/secrets/)[\w+/-]{6,}"
)
BATCH_MAX = 500
OPEN_FILES_MIN = 20_000


def filled(text: str) -> str:
    """Put the defaults where variables stand."""
    return VARIABLE.sub(lambda found: found[2], text)


DOCUMENT: dict[str, Any] = yaml.safe_load(filled(FILE.read_text()))
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
OURS = {n: s for n, s in SERVICES.items() if s["image"].startswith("simpul:")}
STAYING = {n: s for n, s in SERVICES.items() if s["restart"] != "no"}
ENDING = {n: s for n, s in SERVICES.items() if s["restart"] == "no"}


def strings(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk through every text of a document with the way to it."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for number, value in enumerate(found):
            yield from strings(value, f"{path}.{number}")
    elif found is not None:
        yield path, str(found)


def names_of(entries: Sequence[Any]) -> list[str]:
    """Read a list of secrets or configs in both of its spellings."""
    return [one if isinstance(one, str) else one["source"] for one in entries]


def mounts(service: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Read volumes as (source, target, is a named one)."""
    for one in service.get("volumes", ()):
        if isinstance(one, str):
            source, target = one.split(":")[:2]
            yield source, target, not source.startswith((".", "/"))
        else:
            yield one["source"], one["target"], one["type"] == "volume"


def seconds(duration: str) -> int:
    amount, unit = int(duration[:-1]), duration[-1]
    return amount * {"s": 1, "m": 60}[unit]


def parse(arguments: Sequence[str]) -> click.Context:
    """Have the real command line read the arguments; raises click.UsageError."""
    command: click.Command = simpul
    name, rest, context = "simpul", list(arguments), None
    while True:
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, click.Group):
            return context
        given = [*context._protected_args, *context.args]
        found_name, found, rest = command.resolve_command(context, given)
        assert found_name is not None
        assert found is not None
        name, command = found_name, found


def configuration(file: Path) -> dict[str, str]:
    """Read a file of `name = value` lines."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if line and line[0] != "#"]
    assert all(equals for _, equals, _ in pairs), f"{file.name} has another line"
    return {name.strip(): value.strip().strip("'") for name, _, value in pairs}


# --- the composition ------------------------------------------------------------------


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

    assert keeping == {"web", "mail"}


def setting_names(model: type[BaseModel], prefix: str = "SIMPUL_") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name.upper()
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{prefix}{name.upper()}__")


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as secrets.sh makes it."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    subprocess.run([PARTS / "secrets.sh", folder], check=True, capture_output=True)
    return folder


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


# --- its parts ------------------------------------------------------------------------


def test_the_secrets_are_made_once_and_fit_each_other(secrets: Path) -> None:
    wanted = {Path(one["file"]).name for one in DOCUMENT["secrets"].values()}
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    database = make_url(before["database_url"].strip())
    broker = configuration(secrets / "broker_user.conf")

    subprocess.run([PARTS / "secrets.sh", secrets], check=True, capture_output=True)

    assert wanted <= set(before)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in secrets.iterdir()} == {0o444}
    assert database.password == before["database_password"].strip()
    assert len(str(database.password)) >= 40
    assert database.host in SERVICES
    assert database.database == SERVICES["database"]["environment"]["POSTGRES_DB"]
    for name, ending in (
        ("broker_url", ":5672/simpul"),
        ("broker_management_url", ":15672"),
    ):
        who = f"//{broker['default_user']}:{broker['default_pass']}@broker{ending}\n"
        assert before[name].endswith(who)


def test_made_secrets_stay_out_of_the_repository() -> None:
    made = [one["file"].removeprefix("./") for one in DOCUMENT["secrets"].values()]

    answer = subprocess.run(
        ["git", "check-ignore", *made, ".env"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout.split() == [*made, ".env"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
def test_the_health_check_believes_only_a_good_answer(
    status: int | None, code: int
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status or 500)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    check = SERVICES["web"]["healthcheck"]["test"]
    port = SERVICES["web"]["environment"]["SIMPUL_SERVER__METRICS_PORT"]
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        program = check[-1].replace(port, str(server.server_port))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        if status is None:
            server.socket.close()
        else:
            thread.start()

        answer = subprocess.run(
            [sys.executable, *check[2:-1], program], check=False, capture_output=True
        )

        if status is not None:
            server.shutdown()
            thread.join()
    assert check[1] == "python"
    assert program != check[-1]
    assert answer.returncode == code


def test_a_process_has_time_to_finish_its_call() -> None:
    call = Limits().deadline_seconds + Settings().work.lease_slack_seconds

    assert all(
        seconds(service["stop_grace_period"]) > call
        for name, service in OURS.items()
        if name in STAYING
    )


def test_the_broker_may_open_enough_files_and_stops_before_its_memory_ends() -> None:
    broker = SERVICES["broker"]
    settings = configuration(PARTS / "rabbitmq.conf")
    memory = broker["deploy"]["resources"]["limits"]["memory"]
    alarm = settings["vm_memory_high_watermark.absolute"]

    assert broker["ulimits"]["nofile"]["soft"] >= OPEN_FILES_MIN
    assert broker["hostname"] == "broker"
    assert int(alarm.removesuffix("MiB")) < int(memory.removesuffix("g")) * 1024 * 0.7


def test_the_database_knows_its_settings(postgres_url: str) -> None:
    settings = configuration(PARTS / "postgresql.conf")

    with connect(postgres_url) as connection:
        known = {
            row[0].lower() for row in connection.execute("SELECT name FROM pg_settings")
        }

    assert settings.keys() - known == set()
    assert settings["synchronous_commit"] == settings["fsync"] == "on"


def test_the_lock_table_has_room_for_eighty_full_batches() -> None:
    settings = configuration(PARTS / "postgresql.conf")
    places = int(settings["max_connections"]) * int(
        settings["max_locks_per_transaction"]
    )

    assert places >= 80 * BATCH_MAX


def test_prometheus_asks_every_process_where_it_shows_its_metrics() -> None:
    jobs = yaml.safe_load((PARTS / "prometheus.yml").read_text())["scrape_configs"]

    asked = {
        name: str(place["port"])
        for job in jobs
        for place in job.get("dns_sd_configs", ())
        for name in place["names"]
    }

    assert asked == {
        name: service["environment"]["SIMPUL_SERVER__METRICS_PORT"]
        for name, service in OURS.items()
        if name in STAYING
    }
    assert all(job["job_name"] in SERVICES for job in jobs)


def test_alerts_rest_on_metrics_that_exist() -> None:
    text = (PARTS / "alerts.yml").read_text()
    shown = {
        name
        for metric in telemetry.REGISTRY.collect()
        for name in (metric.name, f"{metric.name}_total", f"{metric.name}_bucket")
    }

    named = set(re.findall(r"\bsimpul_\w+", text))
    jobs = set(re.findall(r'job="(\w+)"', text))

    assert named
    assert named - shown == set()
    assert jobs - set(SERVICES) == set()


# --- the image ------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile as (instruction, rest)."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    words = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(first, rest.strip()) for first, rest in words]


def matches(path: str, pattern: str) -> bool:
    """Match as .dockerignore does: a folder's pattern holds for what is in it."""
    expression = (
        re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    )
    return re.fullmatch(f"{expression}(?:/.*)?", path) is not None


def sent() -> list[str]:
    """List the files that a build is given."""
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and line[0] != "#"
    ]
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for path in [".git/config", ".env", *filter(None, listing.stdout.split("\0"))]:
        hits = [rule for rule in rules if matches(path, rule.removeprefix("!"))]
        if not hits or hits[-1].startswith("!"):
            found.append(path)
    return found


def test_the_build_is_given_what_it_copies_and_nothing_else() -> None:
    sources = [
        source
        for instruction, rest in instructions()
        if instruction == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    ]
    files = sent()

    unused = [f for f in files if not any(matches(f, s) for s in sources)]

    assert sources
    assert [s for s in sources if not any(matches(f, s) for f in files)] == []
    assert unused == []


def test_the_image_rests_on_a_pinned_one_and_runs_as_nobody_special() -> None:
    found = instructions()
    bases = [rest for instruction, rest in found if instruction == "FROM"]
    last = dict(found[max(i for i, (name, _) in enumerate(found) if name == "FROM") :])
    named = {base.split()[2] for base in bases if " AS " in base}

    assert len(bases) > 1
    assert all(re.fullmatch(PYTHON, base.split()[0]) for base in bases)
    assert {rest for name, rest in found if name == "COPY" and "--from" in rest} == {
        "--from=build /opt/simpul /opt/simpul"
    }
    assert named == {"build"}
    assert last["ENTRYPOINT"] == '["simpul"]'
    assert {service["user"] for service in OURS.values()} == {last["USER"]}
    assert any("--require-hashes" in rest for name, rest in found if name == "RUN")


def test_every_volume_is_mounted_where_the_image_has_a_folder_of_its_user() -> None:
    made = " ".join(rest for name, rest in instructions() if name == "RUN")
    targets = {t for s in OURS.values() for _, t, named in mounts(s) if named}

    folders = re.search(r"install --directory --owner=simpul .*", made)

    assert folders
    assert targets <= set(folders[0].split())


# --- what is told about it ------------------------------------------------------------

WITH_VALUE = {"--profile", "--entrypoint", "--scale", "--since"}


def compose_calls() -> list[str]:
    """List the calls of Compose that operators are told, without redirections."""
    told = [ROOT / "docs" / "production.md", PARTS / "alerts.yml", FILE]
    text = "\n".join(file.read_text() for file in told)
    text = re.sub(r"\{\{.*?\}\}", "label", text)
    calls = re.findall(r"docker compose ([^`\n<>&]+)", text)
    return sorted({call.strip() for call in calls})


def split_call(call: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Read a call as options and the words from the verb on."""
    options, words, rest = {}, [], list(call)
    while rest:
        word = rest.pop(0)
        if word in WITH_VALUE:
            options[word] = rest.pop(0)
        elif word.startswith("-"):
            options[word] = ""
        else:
            words.append(word)
        if len(words) == 2 and words[0] in {"run", "exec"}:
            return options, [*words, *rest]
    return options, words


@pytest.mark.parametrize("call", compose_calls())
def test_a_command_that_operators_are_told_can_be_typed(call: str) -> None:
    options, (verb, *named) = split_call(shlex.split(call))

    if verb == "run" and "--entrypoint" not in options and len(named) > 1:
        assert named[0] in OURS
        assert parse(named[1:]).command.name
    elif verb in {"run", "exec"}:
        assert named[0] in SERVICES
    else:
        assert verb in {
            "build",
            "config",
            "logs",
            "ps",
            "pull",
            "restart",
            "stop",
            "up",
        }
        assert set(named) <= set(SERVICES)
    if scaled := options.get("--scale"):
        assert scaled.partition("=")[0] in SERVICES
    if profile := options.get("--profile"):
        assert profile in {p for s in SERVICES.values() for p in s.get("profiles", ())}


def test_every_parser_at_hand_finds_the_same_services() -> None:
    found = {"ours": set(SERVICES)}
    docker = shutil.which("docker")

    if (
        docker
        and not subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        answer = subprocess.run(
            [docker, "compose", "--profile", "*", "config", "--services"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        found["Compose's"] = set(answer.stdout.split())

    assert all(services == set(SERVICES) for services in found.values())
