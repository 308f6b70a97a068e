"""A shipped agency on the bench, with the simulator behind it."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors import registry
from connectors.kit.bench import Bench
from connectors.kit.row import Verdict
from connectors.kit.suite import Report, rows_of, run_suite
from hub.simulator.agency import SimulatedAgency
from hub.simulator.faults import Timing
from hub.simulator.profiles import AgencyProfile
from schemas.agency import AgencyManifest

TOKEN = "a-token-of-the-tests"
SECRET = "whsec_" + base64.b64encode(b"a secret of the tests only").decode()
DEADLINE_SECONDS = 1.0
HURRIED_SECONDS = 0.8


@dataclass
class SimulatedOfficer:
    agency: SimulatedAgency

    def act(self, reference: str, word: str, note: str) -> None:
        self.agency.move(reference, word, note)

    def count(self, reference: str) -> int | None:
        return len(self.agency.cases)

    def words(self) -> Sequence[str]:
        return self.agency.profile.words

    def begin(self) -> bool:
        return False


def manifest_of(name: str, environ: Mapping[str, str]) -> AgencyManifest:
    path = registry.SAMPLES / name / "agency.toml"
    written: AgencyManifest = registry.load_agency(path, environ).extra["manifest"]
    resolved = registry.resolve_secrets(
        {"settings": written.settings}, environ, file=path
    )
    limits = written.limits.model_copy(update={"deadline_seconds": DEADLINE_SECONDS})
    return written.model_copy(update={**resolved, "limits": limits})


@contextmanager
def standing(
    profile: AgencyProfile,
    *,
    settings: Mapping[str, Any] | None = None,
    timing: Timing | None = None,
) -> Iterator[tuple[Bench, SimulatedAgency]]:
    """Put an agency on the bench; its updates come once the bench is open."""
    benches: list[Bench] = []
    agency = SimulatedAgency(
        profile,
        seed=1,
        hub_url=lambda: benches[0].receiver.url if benches else "",
        token=TOKEN,
        webhook_secret=SECRET,
        work_seconds=None,
        timing=timing,
    )
    with agency:
        manifest = manifest_of(profile.name, agency.environment())
        changed = {**manifest.settings, **(settings or {})}
        bench = Bench(
            manifest.model_copy(update={"settings": changed}),
            registry.system_maker(manifest.system),
            secrets={TOKEN, SECRET},
            officer=SimulatedOfficer(agency),
            wait_seconds=5,
            hurried_seconds=HURRIED_SECONDS,
        )
        with bench:
            benches.append(bench)
            yield bench, agency


def report_of(bench: Bench, until: str = "") -> Report:
    """Run the suite, or its rows up to one of them."""
    rows = rows_of(bench)
    ids = [row.id for row in rows]
    last = ids.index(until) + 1 if until else len(ids)
    return run_suite(bench, against="simulator", rows=rows[:last])


def verdicts(report: Report) -> dict[str, Verdict]:
    return {row.id: outcome.verdict for row, outcome in report.rows}
