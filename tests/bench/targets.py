"""Gates and targets, as data: what is compared with what, and how much is asked."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import isolation
from tests.bench.limits import Limits
from tests.bench.mails import KINDS
from tests.bench.throughput import Results

Values = list[float | None]

HUB_1, HUB_2 = "hub, 1 process", "hub, 2 processes"
HUB_BATCH_100 = "hub, 2 processes, batch 100"
HUB_650 = "hub, 2 processes, 650 parties"
HUB_10K, HUB_100K = "hub, backlog 10k", "hub, backlog 100k"
EMBEDDED = "hub embedded, 1 process"
PROTOTYPE_1, PROTOTYPE_2 = "prototype, 1 process", "prototype, 2 processes"
CELERY_PREFORK, CELERY_THREADS = "Celery prefork -c 2", "Celery threads -c 8"
DRAMATIQ = "Dramatiq -p 2 -t 16"
FASTSTREAM_1, FASTSTREAM_2 = "FastStream, 1 worker", "FastStream, 2 workers"
KOMBU_1, KOMBU_2 = "kombu loop, 1 process", "kombu loop, 2 processes"
TUNED = (DRAMATIQ, FASTSTREAM_1, FASTSTREAM_2)

ACCEPT_GROUPS, ACCEPT_SINGLY = "accept/s in groups", "accept/s one by one"
HTTP_HUB, HTTP_PEER = "HTTP accept/s, hub", "HTTP accept/s, uvicorn + FastAPI"
LATENCY_50, LATENCY_99 = "latency p50 ms", "latency p99 ms"
LATENCY_ACCEPT = "latency of accepting, p50 ms"
LATENCY_RATE = "complaints/s of the latency"
ACCEPT_MAILS, SMTP_HUB = "mail accept/s in groups", "mail accept/s at the SMTP door"
NORMALISED = ("us to understand a mail", "us to understand a web complaint")
READERS = ("hub", "stdlib", "mail-parser")
DELIVER_HUB, DELIVER_POOL = "deliveries/s, hub", "calls/s, bare pool"
SETTLE = "deliveries/s, nobody called"
ISOLATION = "p95 with 40 of 100 agencies hanging / without"
START = "simpul --help / empty Python start"


@dataclass(frozen=True)
class Target:
    """One line of the second table."""

    measure: str
    values: Callable[[Results], Values]
    """Per round; None where it was not measured."""
    limits: Limits | None = None
    """None for a figure that is only shown."""


def rates(of: str, *, by: tuple[str, ...]) -> Callable[[Results], Values]:
    """Compare complaints a second with those of the best of some others."""

    def ratios(results: Results) -> Values:
        others = [results.rates(name) for name in by]
        best = [_best(found) for found in zip(*others, strict=False)]
        return divided(results.rates(of), best)

    return ratios


def values(of: str, *, by: str = "") -> Callable[[Results], Values]:
    """Take a value as it is, or compare it with another one."""

    def found(results: Results) -> Values:
        ours = results.values.get(of, [])
        return divided(ours, results.values.get(by, [])) if by else ours

    return found


def beside(of: str, contender: str) -> Callable[[Results], Values]:
    """Compare a value with the complaints a second of a contender."""
    return lambda results: divided(results.values.get(of, []), results.rates(contender))


def reading(kind: str) -> tuple[str, ...]:
    """Name the mails a CPU second of each reader."""
    return tuple(f"{kind} mails per CPU s, {reader}" for reader in READERS)


def _reading(kind: str) -> tuple[Target, ...]:
    hub, standard, parser = reading(kind)
    return (
        Target(hub, values(hub)),
        Target(f"read mail ({kind}): hub / stdlib", values(hub, by=standard)),
        Target(f"read mail ({kind}): hub / mail-parser", values(hub, by=parser)),
    )


def mail_in_complaints(results: Results) -> Values:
    """Say how many web complaints one mail costs an intake worker."""
    mail, web = (results.values.get(name, []) for name in NORMALISED)
    worked = worker_us(results, HUB_1)
    return [
        (all_of_it - of_web + of_mail) / all_of_it
        if all_of_it and of_mail is not None and of_web is not None
        else None
        for of_mail, of_web, all_of_it in zip(mail, web, worked, strict=False)
    ]


def costs(
    of: str, figure: Callable[[Results, str], Values]
) -> Callable[[Results], Values]:
    """Take a figure out of the costs of one contender."""
    return lambda results: figure(results, of)


def worker_us(results: Results, name: str) -> Values:
    """CPU microseconds of workers per complaint."""
    return [cost.cpu_us[0] if cost else None for cost in results.costs.get(name, [])]


def memory_mb(results: Results, name: str) -> Values:
    """Memory of one worker."""
    return [cost.rss_mb if cost else None for cost in results.costs.get(name, [])]


def divided(ours: Values, theirs: Values) -> Values:
    """Divide round by round."""
    return [
        one / other if one is not None and other else None
        for one, other in zip(ours, theirs, strict=False)
    ]


def _best(found: tuple[float | None, ...]) -> float | None:
    """Take the best; None when one failed, which might have been it."""
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


TARGETS = (
    Target("hub 2p / best tuned peer", rates(HUB_2, by=TUNED), Limits(7, 12)),
    Target(
        "hub 2p / Celery prefork -c 2",
        rates(HUB_2, by=(CELERY_PREFORK,)),
        Limits(15, 30),
    ),
    Target(
        "hub 2p / Celery threads -c 8",
        rates(HUB_2, by=(CELERY_THREADS,)),
        Limits(9, 18),
    ),
    Target("hub 1p / kombu loop 1p", rates(HUB_1, by=(KOMBU_1,)), Limits(10, 18)),
    Target("hub 2p / kombu loop 2p", rates(HUB_2, by=(KOMBU_2,)), Limits(10, 18)),
    Target("hub 2p / prototype 2p", rates(HUB_2, by=(PROTOTYPE_2,)), Limits(0.5, 0.7)),
    Target("hub 1p / prototype 1p", rates(HUB_1, by=(PROTOTYPE_1,))),
    Target("hub 2p / hub 1p", rates(HUB_2, by=(HUB_1,))),
    Target("hub embedded / best tuned peer", rates(EMBEDDED, by=TUNED), Limits(4, 8)),
    Target(
        "worker CPU us, hub 2p", costs(HUB_2, worker_us), Limits(150, 100, less=True)
    ),
    Target(
        "RSS MB per worker, hub 2p", costs(HUB_2, memory_mb), Limits(120, 90, less=True)
    ),
    Target("latency at 500/s, p50 ms", values(LATENCY_50), Limits(20, 10, less=True)),
    Target("latency at 500/s, p99 ms", values(LATENCY_99), Limits(60, 25, less=True)),
    Target("    of it accepting, p50 ms", values(LATENCY_ACCEPT)),
    Target("    of these 500/s kept", values(LATENCY_RATE)),
    Target(
        "batch 100 / batch 500", rates(HUB_BATCH_100, by=(HUB_2,)), Limits(0.6, 0.7)
    ),
    Target("650 parties / 50 parties", rates(HUB_650, by=(HUB_2,)), Limits(0.6, 0.75)),
    Target("backlog 100k / 10k", rates(HUB_100K, by=(HUB_10K,)), Limits(0.8, 0.9)),
    Target(
        "accept: groups / one by one",
        values(ACCEPT_GROUPS, by=ACCEPT_SINGLY),
        Limits(1.5, 2),
    ),
    Target("accept: mails/s in groups", values(ACCEPT_MAILS)),
    Target("mails accepted / web complaints", values(ACCEPT_MAILS, by=ACCEPT_GROUPS)),
    Target("SMTP accept/s", values(SMTP_HUB)),
    Target("SMTP / HTTP accept", values(SMTP_HUB, by=HTTP_HUB)),
    *(line for kind in KINDS for line in _reading(kind)),
    Target(NORMALISED[0], values(NORMALISED[0])),
    Target(NORMALISED[1], values(NORMALISED[1])),
    Target("one mail in web complaints, intake", mail_in_complaints),
    Target("HTTP accept / FastAPI", values(HTTP_HUB, by=HTTP_PEER), Limits(1.2, 2)),
    Target(
        "delivery / bare pool of threads",
        values(DELIVER_HUB, by=DELIVER_POOL),
        Limits(0.6, 0.8),
    ),
    Target("deliver, nobody called / intake 1p", beside(SETTLE, HUB_1), Limits(2, 3)),
    Target("p95 beside hanging agencies", values(ISOLATION), isolation.LIMITS),
    Target("simpul --help / empty Python", values(START)),
)
