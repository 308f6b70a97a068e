"""The polling pool: a thread for each source that is asked, and nobody waits."""

import threading
from collections.abc import Callable, Sequence
from typing import cast

from connectors.contract import Accept, Listener, System
from hub.bootstrap.listening import AgencyEars
from hub.bootstrap.polling import PollWorker
from hub.broker.consumer import Batch
from hub.stages.poll import Asked

SECONDS_MAX = 20


class Told:
    """What became due."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.changed = threading.Event()

    def __call__(self, pairs: object) -> None:
        self.pairs += list(pairs)  # type: ignore[call-overload]
        self.changed.set()


def worker_of(turns: dict[str, Callable[[], Asked]], told: Told) -> PollWorker:
    return PollWorker(turns, told, threading.Event())


def test_a_source_that_hangs_holds_its_own_thread_only() -> None:
    goes_on, hung = threading.Event(), []
    served = threading.Event()

    def hang() -> Asked:
        hung.append(1)
        assert goes_on.wait(SECONDS_MAX)
        return Asked()

    def serve() -> Asked:
        served.set()
        return Asked()

    many: dict[str, Callable[[], Asked]] = {f"slow {n}": hang for n in range(40)}
    worker = worker_of(many | {"quick": serve}, Told())
    worker(Batch("poll", [*many, *many, "quick", "nobody"]))

    assert served.wait(SECONDS_MAX)
    goes_on.set()
    worker.stop()
    assert len(hung) == 40, "one turn of a source at a time"


def test_what_has_more_is_hinted_again_and_failures_end_nothing() -> None:
    told, served = Told(), threading.Event()

    def breaks() -> Asked:
        raise ZeroDivisionError

    def away() -> Asked:
        served.set()
        raise ConnectionError

    turns = {
        "more": lambda: Asked(3, goes_on=True),
        "breaks": breaks,
        "away": away,
    }
    worker = worker_of(turns, told)
    worker(Batch("poll", ["breaks", "away", "more"]))

    assert told.changed.wait(SECONDS_MAX)
    assert served.wait(SECONDS_MAX)
    worker.stop()
    assert told.pairs == [("poll", "more")]
    worker(Batch("poll", ["more"]))
    assert told.pairs == [("poll", "more")], "it has stopped"


class Ear:
    """A listener that notes what was done with it."""

    def __init__(self, done: list[str], *, fails: bool = False) -> None:
        self._done = done
        self._fails = fails

    @property
    def address(self) -> str:
        return "nowhere"

    def start(self, accept: Accept) -> None:
        if self._fails:
            raise OSError
        self._done.append("start")

    def stop(self) -> None:
        if self._fails:
            raise OSError
        self._done.append("stop")


class Speaking:
    """A system with one listener."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear

    def listeners(self) -> Sequence[Listener]:
        return [self._ear]


def test_a_listener_that_fails_takes_no_other_along() -> None:
    done: list[str] = []
    systems = {
        "broken": cast("System", Speaking(Ear(done, fails=True))),
        "well": cast("System", Speaking(Ear(done))),
    }
    ears = AgencyEars()
    ears.listen_to(systems)

    ears.start(lambda raw: None)  # type: ignore[arg-type,return-value]
    ears.stop()

    assert done == ["start", "stop"]
    assert len(ears.listeners) == 2


def test_an_agency_that_changes_is_listened_to_anew_and_no_other() -> None:
    done: list[str] = []
    first, second = Speaking(Ear(done)), Speaking(Ear(done))
    other = cast("System", Speaking(Ear([])))
    ears = AgencyEars()
    ears.listen_to({"a": cast("System", first), "b": other})
    ears.start(lambda raw: None)  # type: ignore[arg-type,return-value]

    ears.listen_to({"a": cast("System", second), "b": other})

    assert done == ["start", "stop", "start"]
    assert len(ears.listeners) == 2
