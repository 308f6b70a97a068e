"""What agencies say: twice the same, broken, unknown, too early, in any order."""

import itertools
import re
from typing import Any

import pytest

from hub.simulator.faults import Fault
from tests.acceptance.scenarios.town import Complaint, Town
from tests.figures import Figure

pytestmark = pytest.mark.slow


def item(case: Complaint, number: int, status: str, **more: Any) -> dict[str, Any]:
    """Write one update in the words of the works agency."""
    return {
        "nomor": case.reference,
        "status": status,
        "urutan": number,
        "waktu": f"2026-11-24 08:{number // 60:02}:{number % 60:02}",
        "id": f"{case.reference}-{number}",
        **more,
    }


@pytest.mark.scenario(6)
def test_a_status_that_comes_back_in_one_batch_is_a_second_word(
    town: Town, figure: Figure
) -> None:
    case = town.complain()
    words = ("Dikerjakan", "Selesai", "Dikerjakan")
    town.pupr.push([item(case, n, word) for n, word in enumerate(words, start=1)])
    town.rest()

    said = [e for e in town.events(case.id) if e in {"work_started", "resolved"}]
    assert said == ["work_started", "resolved", "work_started"]
    assert town.status(case.id) == "in_progress"
    figure(f"{len(said)} of 3 words")


@pytest.mark.scenario(7)
def test_one_broken_record_in_five_hundred_harms_no_other(
    town: Town, figure: Figure
) -> None:
    cases = town.complain_of(*(f"Jalan berlubang {n}" for n in range(5)))
    items = [
        item(cases[n % 5], n // 5 + 1, "Dikerjakan", catatan=f"Tahap {n // 5 + 1}")
        for n in range(499)
    ]
    items.insert(250, {"nomor": None, "status": 17})
    town.pupr.push(items)
    town.rest()

    applied = sum(town.events(case.id).count("work_started") for case in cases)
    waiting = town.hub.store.quarantine.waiting()
    assert applied == 499
    assert [row["cause"] for row in waiting] == ["missing_field"]
    figure(f"{applied} applied, {len(waiting)} quarantined")


@pytest.mark.scenario(8)
def test_a_word_that_nobody_mapped_waits_and_is_replayed_when_it_is(
    town: Town, figure: Figure
) -> None:
    case = town.complain()
    town.pupr.push([item(case, 1, "Menunggu Rapat Koordinasi")])
    town.rest()
    (waiting,) = town.hub.store.quarantine.waiting()
    seen = town.track(case.code)
    assert waiting["cause"] == "unmapped_status"
    assert "Rapat" not in repr(seen)
    assert seen["status"] == "assigned"

    file = town.settings.agencies_dir / "dinas_pupr" / "agency.toml"  # type: ignore[operator]
    mapped = '"Menunggu Rapat Koordinasi" = "work_started"\n"Dikerjakan" ='
    file.write_text(re.sub('"Dikerjakan" =', mapped, file.read_text(), count=1))
    town.restart()
    assert town.hub.store.quarantine.replay([waiting["id"]], "cli:siti", "dipetakan")
    town.rest()

    assert town.status(case.id) == "in_progress"
    assert town.hub.store.quarantine.waiting() == []
    figure("1 unmapped, 0 left after the replay")


@pytest.mark.scenario(9)
def test_a_word_that_comes_before_the_reference_is_matched_with_it(
    town: Town, figure: Figure
) -> None:
    town.pupr.faults.set(Fault.TIMEOUT_AFTER_COMMIT)
    code = town.write()
    town.wait(lambda: bool(town.pupr.cases))
    case = Complaint(code, "", town.pupr.cases[0].nomor)
    town.pupr.push([item(case, 1, "Dikerjakan")])
    town.wait(lambda: town.hub.store.queries.counts()["to_work"] == 1)
    town.pupr.faults.clear()
    town.rest()

    assert town.status(town.id_of(code)) == "in_progress"
    assert town.hub.store.quarantine.waiting() == []
    assert len(town.pupr.cases) == 1
    figure("1 early word, 1 applied")


@pytest.mark.scenario(13)
def test_every_order_and_every_repetition_gives_the_same_case(
    town: Town, figure: Figure
) -> None:
    words = ("Diterima", "Dikerjakan", "Selesai", "Dikerjakan")
    orders = list(itertools.permutations(range(1, 5)))
    cases = town.complain_of(*(f"Jalan berlubang {n}" for n in range(len(orders))))
    for case, order in zip(cases, orders, strict=True):
        for number in (*order, order[0]):
            town.pupr.push([item(case, number, words[number - 1])])
    town.rest()

    found = {
        (leg["status"], town.status(case.id))
        for case in cases
        for leg in town.track(case.code)["agencies"]
    }
    assert found == {("in_progress", "in_progress")}
    figure(f"{len(orders)} orders, {len(found)} result")


@pytest.mark.scenario(15)
def test_an_echo_goes_round_no_further(town: Town, figure: Figure) -> None:
    code = town.write("Limbah pabrik", category={"code": "lingkungan"})
    agencies = (town.pupr, town.region.dinkes)
    town.wait(lambda: all(a.cases for a in agencies) and town.in_step)
    case = Complaint(code, town.id_of(code), town.pupr.cases[0].nomor)
    theirs = Complaint(code, case.id, town.region.dinkes.cases[0].nomor)
    text = "Besok tim gabungan turun."
    town.pupr.push([item(case, 1, "Dikerjakan", catatan=text)])
    town.region.dinkes.push([item(theirs, 1, "ditangani")])
    town.rest()
    before = [len(a.cases[0].events) for a in agencies]

    for hop in range(2, 5):
        town.region.dinkes.push([item(theirs, hop, "ditangani", catatan=text)])
        town.pupr.push([item(case, hop, "Dikerjakan", catatan=text)])
        town.rest()

    after = [len(a.cases[0].events) for a in agencies]
    assert town.events(case.id).count("confirmed") >= 3
    assert after[0] - before[0] == 0, "who said it first hears nothing"
    figure(f"3 hops, {after[0] - before[0]} told back")
