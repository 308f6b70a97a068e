"""Redmine is connected by agencies/redmine/agency.toml, without a line of Python."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from connectors.contract import Done, Found, NotFound
from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.kit.bench import Bench
from connectors.kit.proxy import Break
from connectors.kit.row import Verdict
from connectors.kit.sample import PICTURE, told
from schemas.updates import AgencyUpdate, Corrupt
from tests.foreign.connected import complaint_for, connected, heard_of, verdicts
from tests.foreign.redmine import KEY, Redmine

SECOND = count(1)


def shifted(stated: str, seconds: int) -> str:
    later = datetime.fromisoformat(stated) + timedelta(seconds=seconds)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Officer:
    product: Redmine

    def act(self, reference: str, word: str, note: str) -> None:
        issue = self.product.issues[int(reference)]
        self.product.say(int(reference), int(word), note)
        # Clocks show seconds, and an officer works slower than a test.
        issue["updated_on"] = shifted(issue["updated_on"], next(SECOND))

    def count(self, reference: str) -> int:
        return len(self.product.issues)

    def words(self) -> list[str]:
        return []


@pytest.fixture
def redmine() -> Iterator[Redmine]:
    with Redmine() as product:
        yield product


@pytest.fixture
def bench(redmine: Redmine) -> Iterator[Bench]:
    with connected("redmine", environ(redmine), Officer(redmine)) as opened:
        yield opened


def environ(redmine: Redmine, key: str = KEY) -> dict[str, str]:
    return {"SIMPUL_REDMINE_URL": redmine.url, "SIMPUL_REDMINE_KEY": key}


def test_the_conformance_suite_passes_with_a_way_back(bench: Bench) -> None:
    found = verdicts(bench)

    assert Verdict.FAIL not in found.values()
    assert {found[row] for row in SUPPORTED} == {Verdict.PASS}


SUPPORTED = (
    "credentials",
    "attachment",
    "recovers",
    "events",
    "status_back",
    "snapshot",
)


@pytest.mark.parametrize("files", [0, 1, 2])
def test_text_and_files_reach_the_issue(
    bench: Bench, redmine: Redmine, files: int
) -> None:
    handed = complaint_for(bench, *[PICTURE] * files)
    reference = bench.submit(handed).reference

    issue = redmine.issues[int(reference)]
    assert issue["description"] == handed.complaint["body"]
    assert issue["files"] == [PICTURE.content] * files


def test_after_a_lost_answer_the_issue_is_found(bench: Bench) -> None:
    handed = complaint_for(bench)
    assert bench.proxy is not None
    bench.proxy.next_call(Break.ANSWER_LOST)

    assert isinstance(bench.submit(handed, hurried=True).error, OutcomeUnknown)
    assert bench.system.find(handed) == Found(reference="1")
    assert bench.system.find(complaint_for(bench)) == NotFound()


@pytest.mark.parametrize(
    ("stood", "kind", "stands"),
    [(3, "reopened", 2), (1, "reporter_replied", 1), (2, "resolved", 2)],
)
def test_what_reopens_a_complaint_reopens_a_settled_issue_only(
    bench: Bench, redmine: Redmine, stood: int, kind: str, stands: int
) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    redmine.say(1, stood)
    tried = bench.send(told(bench.manifest, reference, kind))

    assert isinstance(tried.ended, Done)
    assert redmine.issues[1]["status"]["id"] == stands
    assert [one["notes"] for one in redmine.issues[1]["journals"]] == ["Catatan uji."]


def test_to_and_fro_with_a_question_after_each_is_told_as_three(
    bench: Bench, redmine: Redmine
) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    officer = Officer(redmine)
    heard = []
    for word in "121":
        act = partial(officer.act, reference, word, "")
        heard += heard_of(bench, act, reference)

    assert [one.raw_status for one in heard if isinstance(one, AgencyUpdate)] == [
        *"121"
    ]
    assert len({one.occurred_at for one in heard if isinstance(one, AgencyUpdate)}) == 3


def test_a_status_that_nobody_mapped_is_set_aside(
    bench: Bench, redmine: Redmine
) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    (heard,) = heard_of(bench, lambda: redmine.say(1, 5), reference)

    assert isinstance(heard, Corrupt)
    assert heard.code == "unmapped_status"


def test_times_are_the_products_in_utc(bench: Bench, redmine: Redmine) -> None:
    reference = bench.submit(complaint_for(bench)).reference
    (heard,) = heard_of(bench, lambda: redmine.say(1, 2), reference)

    assert isinstance(heard, AgencyUpdate)
    stated = datetime.fromisoformat(redmine.issues[1]["updated_on"])
    assert heard.occurred_at == stated


def test_a_wrong_key_pauses_the_agency(redmine: Redmine) -> None:
    with connected("redmine", environ(redmine, "salah")) as bench:
        assert isinstance(bench.submit(complaint_for(bench)).error, Misconfigured)
        assert "401" in bench.receiver.ask([])


def test_a_snapshot_shows_each_case_as_it_stands(
    bench: Bench, redmine: Redmine
) -> None:
    for _ in range(2):
        bench.submit(complaint_for(bench))
    redmine.say(1, 3)
    views: list[Any] = list(bench.system.snapshot(["1", "2", "77"]))

    assert [(view.raw_status, view.present) for view in views] == [
        ("3", True),
        ("1", True),
        ("", False),
    ]
