"""The tables that a run prints."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.contender import Cost
from tests.bench.targets import TARGETS, Target, Values
from tests.bench.throughput import Results

NOTE = """
The peers store the same rows in one transaction of five statements, and publish one
next message per complaint; the hub publishes lists of ids, one lane per party. The
hub also decrypts, encrypts, settles its journal and keeps keys; the peers need not.
Ratios are medians of per-round ratios, [least - greatest]; absolute figures hold on
this machine only. CPU is us per complaint, to 10 ms per run; memory counts shared
pages in every process.
""".strip()


def contenders(results: Results) -> Iterator[str]:
    """Print what each contender did, the slowest first."""
    head = ("contender", "complaints/s", "worker", "DB", "broker", "MB/worker")
    yield _row(head)
    found = {
        name: [cost for cost in costs if cost] for name, costs in results.costs.items()
    }
    done = {name: costs for name, costs in found.items() if costs}
    speeds = {name: _median([c.per_second for c in done[name]]) for name in done}
    for name in sorted(done, key=speeds.__getitem__):
        yield _row((name, *_figures(done[name])))
    for name in found.keys() - done.keys():
        yield _row((name, "failed", "", "", "", ""))


def _figures(costs: Sequence[Cost]) -> tuple[str, ...]:
    speed = _spread([cost.per_second for cost in costs], digits=0)
    cpu = (_or_dash(list(of)) for of in zip(*(c.cpu_us for c in costs), strict=True))
    return (speed, *cpu, f"{_median([cost.rss_mb for cost in costs]):.0f}")


def measures(results: Results) -> Iterator[str]:
    """Print every measure with its gate and its target."""
    yield _line(("measure", "value", "gate", "target", ""))
    for target in TARGETS:
        found = [one for one in target.values(results) if one is not None]
        if found:
            yield _line(_measure(target, found))
        else:
            yield _line((target.measure, "not measured", *_asked(target), ""))


def _measure(target: Target, found: list[float]) -> tuple[str, ...]:
    value = _median(found)
    return (
        target.measure,
        _spread(found, digits=2 if value < 100 else 0),
        *_asked(target),
        target.limits.verdict(value) if target.limits else "",
    )


def _asked(target: Target) -> tuple[str, str]:
    limits = target.limits
    if limits is None:
        return "-", "-"
    return limits.shown(limits.gate), limits.shown(limits.target)


def as_json(results: Results) -> dict[str, Any]:
    """Give everything that was measured, round by round."""
    costs = {
        name: [cost and asdict(cost) for cost in found]
        for name, found in results.costs.items()
    }
    return {"costs": costs, "values": results.values, "failures": results.failures}


def _spread(found: Sequence[float], digits: int) -> str:
    least, greatest = min(found), max(found)
    middle = f"{_median(found):.{digits}f}"
    if len(found) == 1:
        return middle
    return f"{middle} [{least:.{digits}f} - {greatest:.{digits}f}]"


def _or_dash(found: Values) -> str:
    known = [one for one in found if one is not None]
    return f"{_median(known):.0f}" if known else "-"


def _median(found: Sequence[float]) -> float:
    return statistics.median(found)


def _row(cells: Sequence[str]) -> str:
    name, speed, *rest = cells
    return f"{name:36s} {speed:>26s} " + " ".join(f"{cell:>9s}" for cell in rest)


def _line(cells: Sequence[str]) -> str:
    measure, value, gate, target, verdict = cells
    return f"{measure:36s} {value:>26s} {gate:>9s} {target:>9s}  {verdict}"
