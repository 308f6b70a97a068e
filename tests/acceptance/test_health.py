"""What a process tells of itself: alive, ready, healthy, and its metrics."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import pytest

from hub.web.health import BUSY_SECONDS_MAX, Health, build_health_app
from hub.web.server import WebServer
from tests.acceptance.command import Run, first_document, started
from tests.services.waiting import wait_until

SECONDS_MAX = 60.0
PATHS = ("/livez", "/readyz", "/healthz")
COMPLAINT = {"title": "Jalan berlubang", "body": "Mohon ditambal."}


@dataclass
class Part:
    """A publisher or a consumer, as far as health asks."""

    connected: bool = True
    busy: float = 0.0

    def busy_seconds(self) -> float:
        return self.busy


@dataclass
class Process:
    """What health asks, and what may be wrong with it."""

    publisher: Part = field(default_factory=Part)
    consumer: Part = field(default_factory=Part)
    database_is_away: bool = False

    def ping(self) -> None:
        if self.database_is_away:
            raise ConnectionError

    def break_(self, what: str) -> None:
        changes: dict[str, Callable[[], None]] = {
            "nothing": lambda: None,
            "the database": lambda: setattr(self, "database_is_away", True),
            "the publisher": lambda: setattr(self.publisher, "connected", False),
            "the consumer": lambda: setattr(self.consumer, "connected", False),
            "a batch": lambda: setattr(self.consumer, "busy", BUSY_SECONDS_MAX + 1),
        }
        changes[what]()


@pytest.fixture
def process() -> Process:
    return Process()


@pytest.fixture
def url(process: Process) -> Iterator[str]:
    health = Health(process.ping, process.publisher, process.consumer)
    server = WebServer(build_health_app(health), "127.0.0.1", 0)
    server.start()
    yield server.url
    server.stop()


def codes(url: str) -> tuple[int, ...]:
    return tuple(httpx2.get(f"{url}{path}", timeout=10).status_code for path in PATHS)


@contextmanager
def running(**variables: str) -> Iterator[str]:
    """Run a hub of its own; gives its address."""
    with started("run", "--port=0", "--json", **variables) as process:
        yield str(first_document(process)["http"])


def metric(url: str, name: str) -> float:
    lines = httpx2.get(f"{url}/metrics", timeout=10).text.splitlines()
    return next(float(ln.split()[-1]) for ln in lines if ln.startswith(f"{name} "))


# --- what is told of what is wrong --------------------------------------------------


@pytest.mark.parametrize(
    ("what", "expected", "words"),
    [
        ("nothing", (200, 200, 200), "healthy"),
        ("the database", (200, 503, 503), "the database cannot be reached"),
        ("the publisher", (200, 200, 503), "the broker cannot be reached"),
        ("the consumer", (200, 200, 503), "the broker cannot be reached"),
        ("a batch", (200, 200, 503), "a batch runs for more than 300 s"),
    ],
)
def test_a_process_tells_what_is_wrong_with_it(
    process: Process, url: str, what: str, expected: tuple[int, ...], words: str
) -> None:
    """Accepting needs the database only; a restart helps with none of these."""
    process.break_(what)

    assert codes(url) == expected
    healthy = httpx2.get(f"{url}/healthz", timeout=10)
    assert words in healthy.text
    assert healthy.headers["content-type"] == "application/json"
    assert ("retry-after" in healthy.headers) is (healthy.status_code == 503)


def test_all_that_is_wrong_is_told(process: Process, url: str) -> None:
    for what in ("the database", "the publisher", "a batch"):
        process.break_(what)

    detail = httpx2.get(f"{url}/healthz", timeout=10).json()["detail"]

    assert detail.count(";") == 2


def test_health_comes_back_with_what_was_away(process: Process, url: str) -> None:
    process.break_("the database")
    assert codes(url) == (200, 503, 503)

    process.database_is_away = False

    assert codes(url) == (200, 200, 200)


def test_a_process_without_other_doors_shows_metrics_and_no_more(url: str) -> None:
    page = httpx2.get(f"{url}/metrics", timeout=10)

    assert page.headers["content-type"].startswith("text/plain")
    for name in ("simpul_broker_blocked", "simpul_hints_dropped_total"):
        assert name in page.text
    for path in ("/", "/docs", "/openapi.json", "/api/v1/complaints/0123-4567-8"):
        assert httpx2.get(f"{url}{path}", timeout=10).status_code == 404


# --- whole processes ------------------------------------------------------------------


def test_the_embedded_hub_is_healthy(run: Run) -> None:
    with running() as url:
        assert wait_until(lambda: codes(url) == (200, 200, 200), SECONDS_MAX)
        assert metric(url, "simpul_broker_blocked") == 0


def test_without_the_broker_a_hub_goes_on_accepting(run: Run) -> None:
    away = "amqp://guest:guest@127.0.0.1:1/"
    with running(SIMPUL_BROKER_URL=away) as url:
        assert wait_until(
            lambda: metric(url, "simpul_broker_blocked") == 1, SECONDS_MAX
        )
        assert codes(url) == (200, 200, 503)
        assert "the broker" in httpx2.get(f"{url}/healthz", timeout=10).text
        accepted = httpx2.post(
            f"{url}/api/v1/complaints",
            json=COMPLAINT,
            headers={"Idempotency-Key": "key-0001"},
            timeout=10,
        )

    assert accepted.status_code == 202
