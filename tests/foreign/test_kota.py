"""A city's own desk is connected by agencies/kota/agency.toml alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from connectors.contract import Done, Found, NotFound
from connectors.errors import Misconfigured, OutcomeUnknown, Refused
from connectors.kit.bench import Bench
from connectors.kit.proxy import Break
from connectors.kit.row import Verdict
from connectors.kit.sample import told
from schemas.updates import AgencyUpdate, Corrupt
from tests.foreign.connected import complaint_for, connected, heard_of, verdicts
from tests.foreign.kota import KEY, PER_PAGE, Kota

FIRST = "0001/PGD/2026"
STATED = "%d/%m/%Y %H:%M:%S"
SECOND = count(1)


@dataclass
class Officer:
    product: Kota

    def act(self, reference: str, word: str, note: str) -> None:
        self.product.say(reference, word, note)
        # Clocks show seconds, and an officer works slower than a test.
        row = self.product.cases[reference]["log"][-1]
        before = datetime.strptime(row["waktu"], STATED).replace(tzinfo=UTC)
        later = before + timedelta(seconds=next(SECOND))
        row["waktu"] = later.strftime(STATED)

    def count(self, reference: str) -> int:
        return len(self.product.cases)

    def words(self) -> list[str]:
        return []


@pytest.fixture
def kota() -> Iterator[Kota]:
    with Kota() as product:
        yield product


@pytest.fixture
def bench(kota: Kota) -> Iterator[Bench]:
    with connected("kota", environ(kota), Officer(kota)) as opened:
        yield opened


def environ(kota: Kota, key: str = KEY) -> dict[str, str]:
    return {"SIMPUL_KOTA_URL": kota.url, "SIMPUL_KOTA_KEY": key}


def test_the_conformance_suite_passes_with_a_way_back(bench: Bench) -> None:
    found = verdicts(bench)

    assert Verdict.FAIL not in found.values()
    supported = ("credentials", "recovers", "events", "status_back", "clock_right")
    assert {found[row] for row in supported} == {Verdict.PASS}


def test_a_form_brings_the_text_and_a_number_with_slashes_comes_back(
    bench: Bench, kota: Kota
) -> None:
    handed = complaint_for(bench, body="Lampu & jalan = padam; 100% gelap ✓")

    assert bench.submit(handed).reference == FIRST
    assert kota.cases[FIRST]["isi"] == "Lampu & jalan = padam; 100% gelap ✓"


def test_a_refusal_with_status_200_is_a_refusal(bench: Bench) -> None:
    assert isinstance(bench.submit(complaint_for(bench, body="")).error, Refused)


def test_after_a_lost_answer_the_case_is_found(bench: Bench) -> None:
    handed = complaint_for(bench)
    assert bench.proxy is not None
    bench.proxy.next_call(Break.ANSWER_LOST)

    assert isinstance(bench.submit(handed, hurried=True).error, OutcomeUnknown)
    assert bench.system.find(handed) == Found(reference=FIRST)
    assert bench.system.find(complaint_for(bench)) == NotFound()


def test_later_events_become_notes(bench: Bench, kota: Kota) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    tried = bench.send(told(bench.manifest, reference, "reporter_replied"))

    assert isinstance(tried.ended, Done)
    assert kota.cases[FIRST]["catatan"] == ["Catatan uji."]


def test_to_and_fro_between_two_questions_is_told_as_three(
    bench: Bench, kota: Kota
) -> None:
    reference = bench.submit(complaint_for(bench)).reference

    def works() -> None:
        for code in "CDC":
            kota.say(FIRST, code)

    heard = heard_of(bench, works, reference)
    assert [one.raw_status for one in heard if isinstance(one, AgencyUpdate)] == [
        *"ACDC"
    ]


def test_every_page_of_changes_is_read(bench: Bench, kota: Kota) -> None:
    for _ in range(2 * PER_PAGE + 1):
        bench.submit(complaint_for(bench))

    assert len(heard_of(bench, lambda: None, FIRST)) == 2 * PER_PAGE + 1


def test_a_status_that_nobody_mapped_is_set_aside(bench: Bench, kota: Kota) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    heard = heard_of(bench, lambda: kota.say(FIRST, "X"), reference)

    assert [type(one) for one in heard] == [AgencyUpdate, Corrupt]


def test_times_are_of_the_citys_zone(bench: Bench) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    (heard,) = heard_of(bench, lambda: None, reference)

    assert isinstance(heard, AgencyUpdate)
    assert heard.occurred_at is not None
    assert abs(datetime.now(UTC) - heard.occurred_at) < timedelta(hours=1)


def test_a_wrong_key_pauses_the_agency(kota: Kota) -> None:
    with connected("kota", environ(kota, "salah")) as bench:
        assert isinstance(bench.submit(complaint_for(bench)).error, Misconfigured)
        assert "key does not fit" in bench.receiver.ask([])
