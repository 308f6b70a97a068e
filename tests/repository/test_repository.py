"""House rules that no other tool knows."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hub", "connectors", "schemas")
MAPPED = (
    "domain",
    "stages",
    "ports",
    "database",
    "broker",
    "web",
    "bootstrap",
    "telemetry",
)
LINES_MAX = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked() -> list[Path]:
    """Files in the repository, and those that are about to be added."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {ROOT / name for name in listing.stdout.split("\0") if name}
    return sorted(file for file in files if file.is_file())


def places(pattern: str, files: list[Path]) -> list[str]:
    """Where a pattern occurs in text files, as `path:line`."""
    found = []
    for file in files:
        content = file.read_bytes()
        if b"\0" in content:
            continue
        lines = content.decode(errors="replace").split("\n")
        found += [
            f"{file.relative_to(ROOT)}:{number}"
            for number, line in enumerate(lines, start=1)
            if re.search(pattern, line)
        ]
    return found


def test_every_dependency_says_what_it_is_for() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)
    declared = [
        *project["project"]["dependencies"],
        *(name for group in project["dependency-groups"].values() for name in group),
    ]

    explained = re.findall(r'^ *# .+\n *"([^"]+)",$', text, re.MULTILINE)

    assert declared
    assert sorted(set(declared) - set(explained)) == []


def test_the_code_map_names_every_file_of_the_hubs_layers_once() -> None:
    rows = re.findall(
        r"^\| `(\w+)/` \| (.+) \|$", (ROOT / "hub/README.md").read_text(), re.MULTILINE
    )
    named = dict(rows)

    lacks = [
        f"{layer}/{file.stem}"
        for layer in MAPPED
        for file in sorted((ROOT / "hub" / layer).glob("[a-z]*.py"))
        if not re.search(rf"\b{file.stem}\b", named[layer])
    ]

    assert lacks == []
    assert len(named) == len(rows)


def test_entries_of_the_decision_log_are_paragraphs_of_their_own() -> None:
    lines = (ROOT / "hub/README.md").read_text().split("\n")
    begins = [number for number, line in enumerate(lines) if line.startswith("**20")]
    before = {lines[number - 1] for number in begins}

    assert begins
    assert before == {"## Decision log", ""}


def test_lock_files_name_hashes_and_no_addresses() -> None:
    locks = [file for file in tracked() if re.search(r"lock|requirements", file.name)]
    pinned = [file for file in locks if file.suffix == ".txt"]

    assert pinned
    assert all("--hash=sha256:" in file.read_text() for file in pinned)
    assert places(r"https?://|--(extra-)?index-url|--find-links", locks) == []


def test_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)

    answer = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = re.findall(r"^  make ([a-z-]+) +\S", answer.stdout, re.MULTILINE)

    assert targets
    assert listed == targets


def test_no_module_outgrows_its_reader() -> None:
    modules = [file for name in PACKAGES for file in (ROOT / name).rglob("*.py")]

    too_long = {
        str(file.relative_to(ROOT)): lines
        for file in modules
        if file.parent.name != "versions"  # migrations are history, not reading
        and (lines := len(file.read_text().splitlines())) > LINES_MAX
    }

    assert modules
    assert too_long == {}


def test_every_module_is_named_for_what_it_holds() -> None:
    names = {
        file.relative_to(ROOT): {*file.relative_to(ROOT).parts[:-1], file.stem}
        for file in tracked()
        if file.suffix == ".py"
    }

    assert [str(path) for path, parts in names.items() if parts & VAGUE_NAMES] == []


def test_nothing_is_left_for_later() -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME"))

    assert places(rf"\b({marks})\b", tracked()) == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert places(r"(?<![\w.-])/(work|root)/", tracked()) == []
