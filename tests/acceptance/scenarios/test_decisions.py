"""What people decide, while agencies speak."""

import pytest

from hub.stages.act import NotPossibleError
from tests.acceptance.scenarios.test_agencies_words import item
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure


@pytest.mark.scenario(14)
def test_the_citizen_reopens_while_the_agency_closes(
    town: Town, figure: Figure
) -> None:
    case = town.complain()
    town.pupr.push([item(case, 1, "Selesai")])
    town.wait(lambda: town.status(case.id) == "closed" and town.in_step)
    parties = town.hub.store.parties
    parties.pause("dinas_pupr", "cli:siti", "jaringan")  # what is on its way stays so
    town.act(case.id, "dispute")
    town.pupr.push([item(case, 2, "Selesai", waktu="2099-01-01 08:00:00")])
    town.wait(lambda: town.events(case.id).count("resolved") == 2)
    crossed = town.track(case.code)
    assert crossed["status"] == "in_progress"
    assert [line["type"] for line in crossed["timeline"] if line["overtaken"]] == [
        "resolved"
    ]

    parties.resume("dinas_pupr", "cli:siti", "jaringan")
    town.wait(lambda: town.in_step)
    told = [event["jenis"] for event in town.pupr.cases[0].events]
    assert "reopened" in told, "the agency hears what holds"
    town.pupr.push([item(case, 3, "Selesai")])
    town.rest()

    assert town.status(case.id) == "closed"
    assert town.track(case.code)["agencies"][0]["status"] == "closed"
    figure("both in the history, both sides closed")


@pytest.mark.scenario(23)
def test_a_complaint_wanders_three_times_and_then_stays(
    town: Town, figure: Figure
) -> None:
    case = town.complain()
    for n in range(1, 4):
        if n > 1:
            town.act(case.id, "assign", agency="dinas_pupr")
            town.wait(lambda n=n: len(town.pupr.cases) == n and town.in_step)  # type: ignore[misc]
        newest = type(case)(case.code, case.id, town.pupr.cases[-1].nomor)
        town.pupr.push([item(newest, 1, "Bukan Wewenang")])
        town.wait(lambda: town.status(case.id) == "return_requested" and town.in_step)
        town.act(case.id, "take-back", agency="dinas_pupr")
        assert town.status(case.id) == "verified", "a transfer closes nothing"

    with pytest.raises(NotPossibleError, match="given back 3 times"):
        town.act(case.id, "assign", agency="dinas_pupr")
    town.act(case.id, "assign", agency="dinas_pupr", details={"final": True})
    town.wait(lambda: len(town.pupr.cases) == 4 and town.in_step)
    last = type(case)(case.code, case.id, town.pupr.cases[-1].nomor)
    town.pupr.push([item(last, 1, "Bukan Wewenang")])
    town.rest()

    assert town.status(case.id) == "assigned"
    alarms = town.events(case.id).count("supervision_requested")
    assert alarms == 4, "each time that it came back, and at the limit"
    figure(f"3 returns, then final; {alarms} alarms")


@pytest.mark.scenario(19)
def test_where_a_complaint_is_stands_on_one_timeline(
    town: Town, figure: Figure
) -> None:
    case = town.complain()
    town.pupr.push([item(case, 1, "Dikerjakan", catatan="Tim di lokasi")])
    town.rest()
    lines = town.hub.store.queries.trace(case.id)

    kinds = [line["what"].split()[0] for line in lines]
    assert kinds.count("raw") == 2, "the citizen's message and the agency's"
    assert kinds.count("attempt") >= 1
    events = town.events(case.id)
    for name in ("received", "registered", "verified", "assigned", "handed_over"):
        assert name in events
    assert "work_started" in events
    assert lines == sorted(lines, key=lambda line: line["at"])
    assert "Tim di lokasi" not in repr(lines)
    figure(f"{len(lines)} lines: {', '.join(sorted(set(kinds)))}")
