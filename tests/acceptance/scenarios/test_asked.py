"""Agencies that are asked: away for days, with wrong clocks, failing, drifting."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connectors import registry
from hub.cli.root import simpul
from tests.acceptance.scenarios.offices import PLACE, Offices, open_offices
from tests.figures import Figure

STEP = timedelta(hours=2)


@pytest.fixture
def offices(
    postgres_url: str,
    rabbitmq_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Offices]:
    monkeypatch.setattr(registry, "SYSTEMS", {**registry.SYSTEMS, "office": PLACE})
    with open_offices(tmp_path, postgres_url, rabbitmq_url) as found:
        monkeypatch.setenv("SIMPUL_DATABASE_URL", postgres_url)
        monkeypatch.setenv("SIMPUL_BROKER_URL", rabbitmq_url)
        monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(tmp_path / "agencies"))
        monkeypatch.setenv("SIMPUL_DATA_DIR", str(tmp_path / "data"))
        yield found


def run(*command: str) -> Any:
    """Run a command in this process, whose threads write log lines beside it."""
    answer = CliRunner().invoke(simpul, command, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    begin = answer.stdout.index("{\n")
    return json.JSONDecoder().raw_decode(answer.stdout[begin:])[0]


@pytest.mark.scenario(4)
def test_what_an_agency_did_in_three_days_of_outage_is_all_heard_once(
    offices: Offices, figure: Figure
) -> None:
    cases = [offices.write(f"Jalan {n}") for n in range(5)]
    references = list(offices.a.cases)
    offices.a.is_down = True
    for hour in range(0, 72, 2):
        for n, reference in enumerate(references):
            at = offices.desk.queries.now().isoformat()
            offices.a.say(reference, "dikerjakan", at, f"Hari ini langkah {hour}.{n}")
        offices.pass_by(STEP)
    offices.wait(lambda: bool(offices.source("kantor_a")["failures"]))
    assert offices.source("kantor_a")["age_seconds"] > 2.9 * 86400
    pages = len(offices.a.pages)

    offices.a.is_down = False
    offices.pass_by(STEP)
    offices.wait(lambda: offices.source("kantor_a")["age_seconds"] < 60)
    said = len(offices.a.said)
    offices.wait(
        lambda: (
            sum(
                row.type in {"work_started", "confirmed"}
                for case in cases
                for row in offices.log(case)
            )
            >= said
        )
    )
    offices.rest()
    heard = [
        row.occurrence_key
        for case in cases
        for row in offices.log(case)
        if row.author_kind == "agency"
    ]
    caught_up = offices.a.pages[pages:]
    per_second = Counter(int(at.timestamp()) for at in caught_up)
    assert len(heard) == len(set(heard)) == said == 180
    assert max(per_second.values()) <= 40, "a burst of 20, then 20 a second"
    figure(f"{said} of {said} words, 0 lost, 0 doubled")


@pytest.mark.scenario(5)
def test_times_without_a_zone_or_with_a_wrong_one_cost_no_word(
    offices: Offices, figure: Figure
) -> None:
    works = offices.write("Jalan berlubang")
    health = offices.write("Obat habis", "kesehatan")
    now = offices.desk.queries.now().replace(microsecond=0)
    local = (now + timedelta(hours=7)).replace(tzinfo=None)
    # One office writes Jakarta's time as if it were UTC, the other without a zone.
    offices.a.clock = lambda at: (at + timedelta(hours=7)).isoformat()
    (reference,) = offices.a.cases
    offices.a.say(reference, "dikerjakan", f"{local.isoformat()}+00:00")
    (reference,) = offices.b.cases
    offices.b.say(reference, "dikerjakan", local.isoformat())
    for case in (works, health):
        offices.wait(
            lambda case=case: any(r.type == "work_started" for r in offices.log(case))  # type: ignore[misc]
        )
    offices.wait(lambda: offices.source("kantor_a")["skew_seconds"] is not None)
    offices.rest()

    (wrong,) = [r for r in offices.log(works) if r.type == "work_started"]
    (right,) = [r for r in offices.log(health) if r.type == "work_started"]
    shown = offices.source("kantor_a")
    assert right.occurred_at == now
    assert wrong.occurred_at <= offices.desk.queries.now(), "counted from its arrival"
    assert wrong.facts["claimed_at"].startswith(local.isoformat()), "its word is kept"
    assert round(shown["skew_seconds"]) == 7 * 3600
    assert shown["hint"].startswith("+7 h")
    figure(f"2 of 2 words, skew {shown['skew_seconds'] / 3600:+.0f} h shown")


@pytest.mark.scenario(10)
def test_a_source_that_fails_moves_no_other_and_loses_nothing(
    offices: Offices, figure: Figure
) -> None:
    works = offices.write("Jalan berlubang")
    health = offices.write("Obat habis", "kesehatan")
    offices.a.is_down = True
    offices.wait(lambda: offices.source("kantor_a")["failures"] >= 2)
    for office in (offices.a, offices.b):
        (reference,) = office.cases
        office.say(reference, "dikerjakan")
    offices.wait(lambda: any(r.type == "work_started" for r in offices.log(health)))

    failing, well = offices.source("kantor_a"), offices.source("kantor_b")
    assert (failing["why"], well["failures"]) == ("connection refused", 0)
    assert not any(r.type == "work_started" for r in offices.log(works))

    offices.a.is_down = False
    offices.wait(lambda: any(r.type == "work_started" for r in offices.log(works)))
    offices.rest()
    figure("1 source failed, 1 went on, 0 words lost")


@pytest.mark.scenario(20)
def test_drift_is_counted_at_night_and_healed_by_one_command(
    offices: Offices, figure: Figure
) -> None:
    moved, gone, same = [offices.write(f"Jalan {n}") for n in range(3)]
    first, second, _ = list(offices.a.cases)
    offices.a.cases[first] = "tuntas"  # nobody was told
    del offices.a.cases[second]
    offices.pass_by(timedelta(hours=30))
    offices.wait(lambda: len(offices.hub.store.drifts.listed()) == 2)

    counted = offices.hub.store.drifts.counts()
    assert {(one["kind"], one["cases"]) for one in counted} == {
        ("different_status", 1),
        ("missing_there", 1),
    }
    command = ["agencies", "reconcile", "kantor_a", "--json"]
    before = run(*command, "--dry-run")
    assert {one["complaint"] for one in before["drift"]} == {moved, gone}
    assert before["healed"] == []

    healed = run(*command, "--heal", "--why", "setelah pemadaman")
    done = [one["did"] for one in healed["healed"]]
    assert len(done) == 2
    offices.wait(lambda: len(offices.a.cases) == 3)
    offices.rest()

    after = run(*command)
    assert after["drift"] == []
    assert offices.hub.store.drifts.listed() == []
    assert [r.type for r in offices.log(gone)].count("handed_over") == 2
    assert [r.type for r in offices.log(same)].count("handed_over") == 1
    figure(f"{len(before['drift'])} of 3 cases differed, 0 after one command")
