"""Fault points: free unless armed, done once when armed, and all of them listed."""

import ast
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

import hub.telemetry
from hub.broker.topology import INTAKE, UPDATES
from hub.telemetry import points
from hub.telemetry.points import ACTIONS, POINTS, doing, point

ROOT = Path(__file__).parents[3]
OF_STAGES = {INTAKE, UPDATES}
"""Stages that do something are named by their lanes."""
WITHOUT_COMMIT = {
    "trim": "writes to the edge's own file",
    "gauges": "reads only",
    "asked": "reads only",
    "shadow": "writes only while another mapping is rehearsed",
    "switch": "writes only when a version was applied",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMPUL_FAULTS", str(tmp_path))
    monkeypatch.setattr(points, "_armed", points._find_folder())
    return tmp_path


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Signals that this process would have got."""
    found: list[int] = []

    def kill(process: int, number: int) -> None:
        assert process == os.getpid()
        found.append(number)

    monkeypatch.setattr(os, "kill", kill)
    return found


def hits(folder: Path) -> dict[str, int]:
    lines = (folder / f"hits-{os.getpid()}").read_text().splitlines()
    return {name: int(count) for name, count in (line.split() for line in lines)}


# --- what sources say ---------------------------------------------------------


def calls() -> Iterator[tuple[str, str]]:
    """Give the name of every called function whose first argument is a text."""
    files = [*(ROOT / "hub").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]
    trees = (ast.parse(file.read_text()) for file in files)
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield ast.unparse(node.func).rpartition(".")[2], first.value


def passed() -> set[str]:
    """Name every point that can be passed."""
    named: dict[str, set[str]] = {"point": set(), "doing": set(), "Duty": set()}
    for function, text in calls():
        if function in named:
            named[function].add(text)
    whole = {name for name in named["point"] if not name.startswith(".")}
    done = (named["doing"] | named["Duty"] | OF_STAGES) - set(WITHOUT_COMMIT)
    return whole | {what + at for what in done for at in named["point"] - whole}


def test_the_list_of_points_is_what_the_sources_pass() -> None:
    unlisted, unused = passed() - set(POINTS), set(POINTS) - passed()

    assert (sorted(unlisted), sorted(unused)) == ([], [])


def test_no_point_is_listed_twice() -> None:
    assert len(set(POINTS)) == len(POINTS)


# --- not armed ----------------------------------------------------------------


def test_in_production_nothing_is_armed() -> None:
    assert "SIMPUL_FAULTS" not in os.environ
    assert points._armed is None
    assert points._find_folder() is None


def test_a_point_that_is_not_armed_does_nothing_at_all() -> None:
    seen: list[str] = []

    def watch(frame: FrameType, event: str, argument: object) -> None:
        seen.append(f"{event} {frame.f_code.co_name}")

    sys.setprofile(watch)
    try:
        point("consumer.taken")
    finally:
        sys.setprofile(None)

    end_of_watch = "c_call test_a_point_that_is_not_armed_does_nothing_at_all"
    assert seen == ["call point", "return point", end_of_watch]


# --- armed --------------------------------------------------------------------


def test_an_armed_point_acts_once_at_its_passing(
    folder: Path, killed: list[int]
) -> None:
    point("consumer.taken")
    (folder / "armed").write_text("consumer.taken:2 kill\n")

    point("consumer.taken")
    point("consumer.handled")
    assert killed == []
    point("consumer.taken")
    point("consumer.taken")

    assert killed == [ACTIONS["kill"]]
    assert (folder / "fired").exists()
    assert not (folder / "armed").exists()
    assert hits(folder) == {"consumer.taken": 4, "consumer.handled": 1}


def test_a_commit_is_named_by_what_is_done(folder: Path, killed: list[int]) -> None:
    (folder / "armed").write_text("intake.committed stop")

    with doing("updates"), doing("intake"):
        point(".before_commit")
        point(".committed")
    with doing("updates"):
        point(".committed")

    assert killed == [ACTIONS["stop"]]
    assert hits(folder) == {
        "intake.before_commit": 1,
        "intake.committed": 1,
        "updates.committed": 1,
    }


def test_what_is_done_ends_with_its_block(folder: Path, killed: list[int]) -> None:
    with pytest.raises(ValueError, match="stop"), doing("intake"):
        raise ValueError("stop")  # noqa: EM101

    point(".committed")

    assert hits(folder) == {".committed": 1}


def test_only_one_process_fires(
    folder: Path, killed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "armed").write_text("http.sent kill")

    def rename(self: Path, target: Path) -> None:
        raise FileNotFoundError(str(self))

    monkeypatch.setattr(Path, "rename", rename)
    point("http.sent")

    assert killed == []


@pytest.mark.parametrize("text", ["", "http.sent", "http.sent kill now"])
def test_a_file_that_is_half_written_arms_nothing(
    folder: Path, killed: list[int], text: str
) -> None:
    (folder / "armed").write_text(text)

    point("http.sent")

    assert killed == []
    assert (folder / "armed").exists()


def test_the_points_are_reached_through_the_package() -> None:
    assert (hub.telemetry.point, hub.telemetry.doing) == (point, doing)
