"""The conformance suite: every row in order, and what they say together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.kit.bench import Bench
from connectors.kit.mail_rows import MAIL_ROWS
from connectors.kit.row import Outcome, Row, Verdict
from connectors.kit.rows import ROWS

LEVELS = (1, 2, 3)
_NEEDED: Mapping[int, tuple[str, ...]] = {
    1: ("create",),
    2: ("status_back",),
    3: ("originates",),
}
"""Rows that must pass for a level; of all others of it none may fail."""


@dataclass
class Report:
    """What the suite found of one agency."""

    agency: str
    title: str
    system: str
    against: str
    """What was on the other side: an address, or the simulator."""
    began_at: datetime
    rows: list[tuple[Row, Outcome]] = field(default_factory=list)
    capabilities: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """No row failed, and a complaint could be handed over."""
        return not self.failed and self.level > 0

    @property
    def failed(self) -> list[str]:
        """Ids of the rows that failed."""
        return [row.id for row, out in self.rows if out.verdict is Verdict.FAIL]

    @property
    def counts(self) -> Counter[str]:
        """How many rows came to each verdict."""
        return Counter(str(out.verdict) for _, out in self.rows)

    @property
    def level(self) -> int:
        """The highest level that holds together with all below it; 0 is mail only."""
        reached = 0
        for level in LEVELS:
            mine = {row.id: out.verdict for row, out in self.rows if row.level == level}
            needed = all(mine.get(one) is Verdict.PASS for one in _NEEDED[level])
            if not needed or Verdict.FAIL in mine.values():
                break
            reached = level
        return reached

    def document(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "agency": self.agency,
            "title": self.title,
            "system": self.system,
            "against": self.against,
            "began_at": self.began_at,
            "passed": self.passed,
            "level": self.level,
            "counts": dict(self.counts),
            "capabilities": self.capabilities,
            "rows": [
                {
                    "id": row.id,
                    "level": row.level,
                    "title": asdict(row.title),
                    "verdict": str(out.verdict),
                    "evidence": out.evidence,
                    "seconds": round(out.seconds, 3),
                    "means": None if out.verdict is Verdict.PASS else asdict(row.means),
                    "exchanges": out.exchanges,
                }
                for row, out in self.rows
            ],
        }


def run_suite(
    bench: Bench,
    *,
    against: str,
    rows: Sequence[Row] | None = None,
    progress: Callable[[Row, Outcome], None] = lambda *_: None,
) -> Report:
    """Try every row on an open bench; a row that breaks has failed.

    Without `rows` all that can be asked of its kind of system.

    Calls the agency's sandbox for real, and leaves some twenty test cases there.
    """
    manifest = bench.manifest
    report = Report(
        manifest.name,
        manifest.title,
        manifest.system,
        against,
        datetime.now(UTC),
        capabilities=bench.system.capabilities.model_dump(mode="json"),
    )
    for row in rows_of(bench) if rows is None else rows:
        out = _tried(row, bench)
        report.rows.append((row, out))
        progress(row, out)
    return report


def rows_of(bench: Bench) -> Sequence[Row]:
    """Name the rows for a system: an agency that is reached by mail has more."""
    return ROWS if bench.mail is None else (*ROWS, *MAIL_ROWS)


def require_conforming(bench: Bench) -> None:
    """Run the suite on an open bench in a test of a plug-in's own.

    Raises AssertionError that names every row that failed.
    """
    report = run_suite(bench, against=bench.base_url)
    faults = [
        f"{row.id}: {'; '.join(out.evidence)}"
        for row, out in report.rows
        if out.verdict is Verdict.FAIL
    ]
    if faults or not report.level:
        msg = "\n".join(faults) or "no complaint could be handed over"
        raise AssertionError(msg)


def _tried(row: Row, bench: Bench) -> Outcome:
    try:
        return row.run(bench)
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        return Outcome(Verdict.FAIL, [f"the row broke: {type(error).__name__}"])
