"""`python -m tests.scenarios`: all acceptance scenarios on real servers, in a table.

Runs the tests that are marked with a scenario's number. Arguments go to pytest. Exits
with 1 when one that has a test fails.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

SCENARIOS: Mapping[int, str] = {
    1: "an agency commits, its reply is lost",
    2: "a slow agency that answers with a token",
    3: "a worker is killed while it sends",
    4: "an agency is away for three days",
    5: "local time as UTC, or without a zone",
    6: "status A, B, A in one poll",
    7: "one broken record in a batch of 500",
    8: "a status that nobody mapped",
    9: "an update of an unknown case",
    10: "one of two back-ends fails in a poll",
    11: "a poison message",
    12: "recovery after an outage",
    13: "pushes out of order and repeated",
    14: "the citizen reopens while the agency closes",
    15: "an echo",
    16: "a new agency in a day",
    17: "a mapping changes",
    18: "an agency's key is rotated, or expires",
    19: "where is this complaint?",
    20: "drift between an agency and the hub",
    21: "a confidential and an anonymous complaint",
    22: "a request for erasure",
    23: "not competent, back and forth",
    24: "deadlines in Indonesian working days",
}
"""Number -> what happens."""


MONTH = {"SIMPUL_MONTH_DAYS": "31"}
"""`make test` plays the beginning of the month only."""


@dataclass
class Shown:
    """What the tests of one scenario showed."""

    tests: int = 0
    failed: int = 0
    figures: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Pass, fail or not yet."""
        if not self.tests:
            return "not yet"
        return "FAIL" if self.failed else "pass"


def read(report: Path) -> dict[int, Shown]:
    """Read pytest's report of the marked tests."""
    found = {number: Shown() for number in SCENARIOS}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        named = {p.get("name"): p.get("value", "") for p in case.iter("property")}
        if "scenario" not in named:
            continue
        shown = found[int(named["scenario"])]
        shown.tests += 1
        shown.failed += case.find("failure") is not None
        shown.failed += case.find("error") is not None
        if figure := named.get("figure"):
            shown.figures.append(figure)
    return found


def table(found: Mapping[int, Shown]) -> str:
    """Write the table of all scenarios."""
    lines = [f"{'#':>2}  {'scenario':<46}{'':<9}figure"]
    for number, title in SCENARIOS.items():
        shown = found[number]
        figure = "; ".join(shown.figures)
        lines.append(f"{number:>2}  {title:<46}{shown.verdict:<9}{figure}".rstrip())
    counts = [shown.verdict for shown in found.values()]
    lines.append(
        f"\n{counts.count('pass')} pass, {counts.count('FAIL')} fail, "
        f"{counts.count('not yet')} not yet"
    )
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the marked tests and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "scenario", "tests"]
        command += ["-p", "no:cacheprovider", f"--junitxml={report}", *arguments]
        command += ["-o", "junit_family=xunit1"]  # the only one that keeps properties
        ran = subprocess.run(command, check=False, env=MONTH | os.environ)
        if not report.exists():
            return ran.returncode or 1
        found = read(report)
    sys.stdout.write(f"{table(found)}\n")
    return int(any(shown.failed for shown in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
