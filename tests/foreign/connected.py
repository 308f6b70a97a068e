"""A product and its agency.toml: the system that a hub would build, on the bench."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.contract import Delivery, File
from connectors.kit.bench import Bench
from connectors.kit.receiver import Record
from connectors.kit.row import Verdict
from connectors.kit.sample import SAMPLE, hand_over
from connectors.kit.suite import run_suite
from schemas.agency import AgencyManifest

AGENCIES = Path(__file__).parent / "agencies"
NETWORKS = ("127.0.0.0/8",)
HURRIED_SECONDS = 1.0


def manifest_of(name: str, environ: Mapping[str, str]) -> AgencyManifest:
    """Load agencies/NAME/agency.toml with its secrets, allowed to call this machine."""
    path = AGENCIES / name / "agency.toml"
    written: AgencyManifest = registry.load_agency(path, environ).extra["manifest"]
    settings = registry.resolve_secrets(
        {"settings": written.settings}, environ, file=path
    )
    egress = written.egress.model_copy(update={"networks": NETWORKS})
    return written.model_copy(update={**settings, "egress": egress})


@contextmanager
def connected(
    name: str, environ: Mapping[str, str], officer: Any = None
) -> Iterator[Bench]:
    """Stand an agency on the bench, before its product."""
    manifest = manifest_of(name, environ)
    make = registry.system_maker(manifest.system)
    keys = {value for key, value in environ.items() if key.endswith("_KEY")}
    with Bench(
        manifest,
        make,
        secrets=keys,
        officer=officer,
        wait_seconds=5,
        hurried_seconds=HURRIED_SECONDS,
    ) as bench:
        # These officers date each of their steps a second after the last.
        bench.step_seconds = 0
        yield bench


def verdicts(bench: Bench) -> dict[str, Verdict]:
    """Run the whole suite."""
    report = run_suite(bench, against=bench.base_url)
    return {row.id: outcome.verdict for row, outcome in report.rows}


def complaint_for(bench: Bench, *files: File, **changes: Any) -> Delivery:
    """Make a hand-over of the kit's sample."""
    return hand_over(bench.manifest, {**SAMPLE, **changes}, files=files)


def heard_of(bench: Bench, act: Callable[[], None], reference: str) -> list[Record]:
    """Let somebody act, ask the product once, and read what came new of it."""
    since = len(bench.receiver.raws)
    act()
    assert bench.receiver.ask([reference]) == ""
    return bench.receiver.records(since)
