"""A line that is cut again and again: what was said of each message holds."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.contract import Receiptful
from connectors.errors import ConnectorError, OutcomeUnknown, Retryable
from schemas.raw import RawMessage
from tests.contract.amqp.utility import NEWS, delivery, system, taken, tell, waiting
from tests.figures import Figure
from tests.services.fault_proxy import AMQP_PUBLISH, Cut, FaultProxy
from tests.services.waiting import wait_until

MESSAGES, THREADS, CUTS = 300, 8, 12
SECONDS_MAX = 90.0


def test_done_is_there_and_not_sent_is_not_there(
    agency_url: str, figure: Figure
) -> None:
    words: dict[str, list[str]] = defaultdict(list)
    pause = threading.Event()

    def hand_over(key: str) -> None:
        """Try until the broker has it, or nobody knows whether it does."""
        while True:
            try:
                pln.submit(delivery(key))
            except Retryable:
                words[key].append("not sent")
                pause.wait(0.1)
            except OutcomeUnknown:
                words[key].append("unknown")
                return
            except ConnectorError as error:
                words[key].append(f"{error!r}")
                return
            else:
                words[key].append("done")
                return

    with (
        FaultProxy.before(agency_url) as proxy,
        system(proxy.instead_of(agency_url)) as pln,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        calls = [pool.submit(hand_over, f"k-{n}") for n in range(MESSAGES)]
        cuts = 0
        while not all(call.done() for call in calls):
            if cuts < CUTS and proxy.cuts == cuts:
                where = (Cut.BEFORE, Cut.AFTER, Cut.ANSWER)[cuts % 3]
                proxy.cut_at(AMQP_PUBLISH, where)
                cuts += 1
            pause.wait(0.02)
        for call in calls:
            call.result()

    arrived = [properties.message_id for properties, _ in taken(agency_url)]
    last = {key: said[-1] for key, said in words.items()}
    done = {key for key, word in last.items() if word == "done"}
    unknown = {key for key, word in last.items() if word == "unknown"}
    figure(f"{len(done)} done, {len(unknown)} unknown, {proxy.cuts} cuts")
    assert len(arrived) == len(set(arrived)), "something was sent twice"
    assert done <= set(arrived)
    assert set(arrived) <= done | unknown
    assert done | unknown == {f"k-{n}" for n in range(MESSAGES)}
    assert proxy.cuts > 0
    assert unknown


def test_every_update_is_stored_whatever_is_cut(agency_url: str) -> None:
    stored: set[str] = set()

    def accept(raw: RawMessage) -> Receiptful:
        stored.add(raw.source_key)
        return Receiptful(state="new", journal_id="j")

    sent = {f"kabar-{number}" for number in range(60)}
    with (
        FaultProxy.before(agency_url) as proxy,
        system(proxy.instead_of(agency_url)) as pln,
    ):
        (listener,) = pln.listeners()
        listener.start(accept)
        for number, key in enumerate(sorted(sent)):
            tell(agency_url, b"{}", message_id=key)
            if number % 20 == 10:
                proxy.reset_all()
        assert wait_until(lambda: stored == sent, SECONDS_MAX)
        assert wait_until(lambda: waiting(agency_url, NEWS) == 0, SECONDS_MAX)
        listener.stop()


@pytest.mark.parametrize("part", ["listener", "publisher"])
def test_an_end_waits_for_no_broker_that_is_silent_from_the_start(
    agency_url: str, part: str
) -> None:
    with FaultProxy.before(agency_url) as proxy:
        proxy.blackhole()
        with system(proxy.instead_of(agency_url)) as pln, ThreadPoolExecutor(1) as pool:
            (listener,) = pln.listeners()
            if part == "listener":
                listener.start(lambda _: Receiptful(state="new", journal_id="j"))
            else:
                call = pool.submit(pln.submit, delivery())
            assert wait_until(lambda: proxy.connections_total > 0, SECONDS_MAX)
            if part == "listener":
                listener.stop()
            else:
                pln.close()
                assert isinstance(call.exception(), Retryable)
