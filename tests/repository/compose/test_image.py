"""The image, read without building it."""

import re
import subprocess

from tests.repository.compose.files import (
    OURS,
    ROOT,
    mounts,
)

PYTHON = r"python:3\.\d+-slim-[a-z]+"


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
