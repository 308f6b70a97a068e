"""A mapping changes while the hub runs; an agency's mistake is mended while it runs."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from connectors import registry
from connectors.registry import mapping_version
from hub.bootstrap import Hub, build_hub
from hub.bootstrap.rehearsing import rehearse
from hub.bootstrap.roles import Role
from hub.database.traffic import Window
from hub.database.versions import Change
from hub.simulator.faults import Fault
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure

OLD, NEW = '"sumber" = "=simpul"', '"sumber" = "=simpul-baru"'
HEALTH = {"category": {"code": "kesehatan"}}


def file_of(town: Town, agency: str) -> Path:
    folder = town.settings.agencies_dir
    assert folder is not None
    return folder / agency / "agency.toml"


def apply(town: Town, agency: str, content: bytes) -> None:
    town.desk.versions.apply([Change(agency, content)], "cli:siti", "peta baru")


def sources(town: Town) -> list[tuple[str, str]]:
    """Name key and `sumber` of each submit that reached the works agency."""
    found = [
        one.json()
        for one in town.pupr.requests
        if one.method == "POST" and one.path == "/api/laporan"
    ]
    return [(body["kunci"], body["sumber"]) for body in found]


def wait(holds: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.scenario(17)
def test_a_new_mapping_is_used_by_all_processes_and_for_nothing_that_was_begun(
    town: Town, figure: Figure
) -> None:
    file = file_of(town, "dinas_pupr")
    first = file.read_bytes()
    second = first.replace(OLD.encode(), NEW.encode())
    assert second != first
    other = build_hub(
        town.settings, town.region.environment(), frozenset({Role.DELIVER})
    )
    other.start()
    try:
        town.pupr.faults.set(Fault.RESET_AFTER_COMMIT)
        town.write("Jalan berlubang 0")
        town.wait(lambda: len(sources(town)) >= 1)
        apply(town, "dinas_pupr", second)
        hubs = (town.hub, other)
        wait(lambda: all(_runs(hub, second) for hub in hubs))
        before = len(sources(town))
        town.pupr.faults.clear()
        town.rest()
        assert len(sources(town)) > before, "it was not sent again"
        begun = set(sources(town))
        town.write("Jalan berlubang 1")
        town.rest()
        apply(town, "dinas_pupr", first)
        wait(lambda: all(_runs(hub, first) for hub in hubs))
        town.write("Jalan berlubang 2")
        town.rest()
    finally:
        other.stop()

    assert len(begun) == 1, "one key was sent with two bodies"
    assert {source for _, source in begun} == {"simpul"}
    words = list(dict.fromkeys(sources(town)))
    assert [source for _, source in words] == ["simpul", "simpul-baru", "simpul"]
    assert len(town.pupr.cases) == 3
    figure("2 processes switched twice; 1 key begun before ended with its old body")


@pytest.mark.scenario(17)
def test_an_agency_with_a_broken_file_waits_and_goes_on_once_it_is_applied(
    town: Town, figure: Figure
) -> None:
    file = file_of(town, "dinkes")
    good = file.read_bytes()
    file.write_text("this is [not toml")
    town.restart()
    code = town.write("Puskesmas tutup", **HEALTH)
    town.write("Jalan berlubang")
    town.wait(lambda: len(town.pupr.cases) == 1)
    town.wait(lambda: "assigned" in town.events(town.id_of(code)))

    rows = {row["party"]: row for row in town.hub.store.queries.parties()}
    assert rows["dinkes"]["state"] == "paused"
    assert re.search("misconfigured: .*is not TOML", rows["dinkes"]["why"])
    door = httpx2.post(f"{town.hub.http_url}/agencies/dinkes/updates", content=b"{}")
    assert (door.status_code, door.headers["retry-after"]) == (503, "60")
    assert town.events(town.id_of(code))[-1] == "assigned"

    apply(town, "dinkes", good)
    town.wait(lambda: len(town.region.dinkes.cases) == 1)
    town.rest()
    door = httpx2.post(f"{town.hub.http_url}/agencies/dinkes/updates", content=b"{}")
    assert door.status_code == 401
    figure("1 broken file: its complaint waited, 1 other went; mended without a stop")


def _runs(hub: Hub, content: bytes) -> bool:
    assert hub.switch is not None
    agency = hub.switch.config.agencies["dinas_pupr"]
    return agency.mapping_version == mapping_version(content)


@pytest.mark.scenario(17)
def test_what_another_mapping_would_change_is_known_before_it_is_applied(
    town: Town, figure: Figure
) -> None:
    file = file_of(town, "dinas_pupr")
    first = file.read_bytes()
    second = first.replace(OLD.encode(), NEW.encode()).replace(
        b'"Diterima" =', b'"Menunggu Alat" = "work_started"\n"Diterima" ='
    )
    known = [town.complain(f"Jalan berlubang {n}") for n in range(3)]
    town.pupr.move(known[0].reference, "Menunggu Alat", "alat berat dipinjam")
    store = town.hub.store
    town.wait(lambda: len(store.quarantine.waiting()) == 1)
    town.wait(lambda: town.in_step)
    environment, requests = town.region.environment(), len(town.pupr.requests)

    now = town.desk.queries.now()
    old = registry.make_agency(file, first, environment)
    new = registry.make_agency(file, second, environment)
    found = rehearse(town.desk, old, new, Window(now - timedelta(days=7), now, 100))

    assert found.fields == {"~sumber": 3}
    assert (found.deliveries, found.differ, found.fails_now) >= (3, 3, 0)
    assert found.read_otherwise == {"unmapped_status -> work_started": 1}
    assert (found.would_pass, len(found.complaints)) == (1, 3)
    assert len(town.pupr.requests) == requests, "the rehearsal was heard outside"

    apply(town, "dinas_pupr", second)
    wait(lambda: _runs(town.hub, second))
    (row,) = store.quarantine.waiting()
    town.desk.quarantine.replay([row["id"]], "cli:siti", "kini dipetakan")
    town.wait(lambda: town.status(known[0].id) == "in_progress")
    town.rest()
    figure("3 bodies would differ in 1 field, 1 word in quarantine would pass, and did")


@pytest.mark.scenario(17)
def test_a_shadow_counts_real_traffic_and_sends_nothing(
    town: Town, figure: Figure
) -> None:
    second = (
        file_of(town, "dinas_pupr").read_bytes().replace(OLD.encode(), NEW.encode())
    )
    town.desk.shadows.begin("dinas_pupr", second, "cli:siti", "uji")

    known = town.complain("Jalan berlubang")
    town.pupr.move(known.reference, "Dikerjakan", "regu berangkat")

    def seen() -> bool:
        (shadow,) = town.desk.shadows.all()
        report = shadow.report
        return bool(report.get("deliveries") and report.get("updates"))

    wait(seen, 60)
    (shadow,) = town.desk.shadows.all()
    assert shadow.report["fields"] == {"~sumber": 1}
    assert shadow.report["read_otherwise"] == {}
    assert [source for _, source in sources(town)] == ["simpul"]
    assert town.desk.shadows.end("dinas_pupr", "cli:siti", "cukup")
    figure("1 delivery and 1 update mapped twice beside the running hub, 0 sent")
