from dataclasses import replace
from datetime import datetime

import pytest

from hub.simulator.agency import SimulatedAgency
from hub.simulator.cases import UnknownCase
from hub.simulator.profiles import DINKES, DISDUKCAPIL, PROFILES, PUPR, AgencyProfile
from hub.simulator.server import FaultyServer
from tests.unit.simulator.conftest import OpenAgency
from tests.unit.simulator.stand_in import (
    eventually,
    items_told,
    look_up,
    submit,
    tell,
)

EVENT = {"jenis": "reporter_replied", "waktu": "2026-11-24T03:00:00Z", "id": "e-1"}


@pytest.mark.parametrize(
    ("profile", "status", "cases"),
    [(PUPR, 200, 1), (DISDUKCAPIL, 201, 2), (DINKES, 201, 2)],
)
def test_a_repeated_key_has_one_effect_only_where_keys_are_honoured(
    open_agency: OpenAgency, profile: AgencyProfile, status: int, cases: int
) -> None:
    agency = open_agency(profile)
    first = submit(agency)

    second = submit(agency)

    assert (first.status_code, second.status_code) == (201, status)
    assert (first.json() == second.json()) == profile.honours_keys
    assert len(agency.cases) == cases


def test_a_ticket_stands_for_its_case_after_some_asks(agency: SimulatedAgency) -> None:
    agency.tickets.asks = 2
    first = submit(agency)
    ticket = first.json()["data"]["tiket"]

    told = [look_up(agency, f"/api/antrian/{ticket}", "").json() for _ in range(4)]

    assert (first.status_code, agency.tickets.given) == (202, 1)
    known = {"data": {"nomor": agency.cases[0].nomor}}
    assert told == [{"data": {}}, {"data": {}}, known, known]
    assert look_up(agency, "/api/antrian/tiket/x", "").status_code == 404
    assert submit(agency).json() == first.json()


@pytest.mark.parametrize("profile", [PUPR, DISDUKCAPIL])
def test_a_case_is_found_by_its_key(
    open_agency: OpenAgency, profile: AgencyProfile
) -> None:
    agency = open_agency(profile)
    reference = submit(agency, "k-9").json()["data"][profile.answer_reference]

    found = look_up(agency, "/api/laporan", "k-9").json()["data"]
    missed = look_up(agency, "/api/laporan", "k-8")

    assert [item["nomor"] for item in found] == [reference]
    assert found[0][profile.answer_reference] == reference
    assert missed.status_code == 200
    assert missed.json() == {"data": []}


def test_an_event_is_found_by_its_key(agency: SimulatedAgency) -> None:
    nomor = submit(agency).json()["data"]["nomor"]
    tell(agency, nomor, "k-2", EVENT)

    found = look_up(agency, "/api/peristiwa", "k-2").json()
    missed = look_up(agency, "/api/peristiwa", "k-3").json()

    assert found == {"data": [{"nomor": nomor}]}
    assert missed == {"data": []}


@pytest.mark.parametrize("path", ["/api/laporan", "/api/peristiwa"])
def test_an_agency_without_look_up_says_404(open_agency: OpenAgency, path: str) -> None:
    agency = open_agency(DINKES)
    submit(agency)

    assert look_up(agency, path, "k-1").status_code == 404


def test_the_dialects_differ(open_agency: OpenAgency) -> None:
    answers = [submit(open_agency(profile)).json()["data"] for profile in PROFILES]

    assert answers == [
        {"nomor": "PUPR-26-000001"},
        {"no_tiket": "DKC0000001"},
        {"nomor": "00001/KES"},
    ]


def test_a_number_with_a_slash_works_in_an_address(open_agency: OpenAgency) -> None:
    agency = open_agency(DINKES)
    submit(agency)

    answer = tell(agency, "00001%2FKES", "k-2", EVENT)

    assert answer.json() == {"data": {"diterima": 1}}
    assert agency.cases[0].events == (EVENT,)


def test_a_wrong_token_opens_nothing(agency: SimulatedAgency) -> None:
    agency.token = "of somebody else"

    assert submit(agency).status_code == 401
    assert agency.cases == []
    assert agency.requests[0].headers["authorization"] == "Bearer of somebody else"


@pytest.mark.parametrize(
    ("body", "status"),
    [({"kunci": "k"}, 422), ({"uraian": "b"}, 422), ([], 400)],
)
def test_a_body_that_does_not_fit_is_refused(
    open_agency: OpenAgency, body: dict[str, str], status: int
) -> None:
    agency = open_agency(DISDUKCAPIL)

    assert submit(agency, body=body).status_code == status
    assert agency.cases == []


def test_an_event_of_an_unknown_case_is_refused(agency: SimulatedAgency) -> None:
    assert tell(agency, "PUPR-26-000009", "k-2", EVENT).status_code == 404
    with pytest.raises(UnknownCase):
        agency.move("PUPR-26-000009", "Selesai")


def test_events_are_kept_once_and_repetitions_counted(open_agency: OpenAgency) -> None:
    agency = open_agency(DISDUKCAPIL)
    nomor = submit(agency).json()["data"]["no_tiket"]

    tell(agency, nomor, "k-2", EVENT)
    answer = tell(agency, nomor, "k-2", EVENT, EVENT | {"id": "e-2"})

    case = agency.cases[0]
    assert answer.json() == {"data": {"diterima": 2}}
    assert [event["id"] for event in case.events] == ["e-1", "e-2"]
    assert case.events_repeated == 1


def test_work_goes_through_all_words_and_the_hub_hears_of_each(
    open_agency: OpenAgency, hub: FaultyServer
) -> None:
    agency = open_agency(PUPR, work_seconds=(0.01, 0.02))
    for number in range(3):
        submit(agency, f"k-{number}")

    assert eventually(lambda: agency.at_rest)

    told = items_told(hub)
    for case in agency.cases:
        mine = [item for item in told if item["nomor"] == case.nomor]
        assert [item["status"] for item in mine] == [*PUPR.words]
        assert [item["urutan"] for item in mine] == [1, 2, 3]
        assert [item["id"] for item in mine] == [c.event_id for c in case.history]
    assert agency.told.delivered == 9
    assert all(
        request.path == "/agencies/dinas_pupr/updates" for request in hub.requests
    )


def test_each_dialect_writes_time_in_its_own_way(
    open_agency: OpenAgency, hub: FaultyServer
) -> None:
    def begin(profile: AgencyProfile) -> None:
        agency = open_agency(profile)
        reference = submit(agency).json()["data"][profile.answer_reference]
        agency.move(reference, profile.words[0])
        assert eventually(lambda: agency.at_rest)

    begin(PUPR)
    begin(DISDUKCAPIL)

    naive, aware = (datetime.fromisoformat(item["waktu"]) for item in items_told(hub))

    assert naive.tzinfo is None
    assert str(aware.tzinfo) == "UTC+07:00"
    assert abs((aware.replace(tzinfo=None) - naive).total_seconds()) < 5


def test_a_share_of_cases_is_given_back(open_agency: OpenAgency) -> None:
    agency = open_agency(replace(PUPR, returns=0.5), work_seconds=(0, 0.01))
    for number in range(12):
        submit(agency, f"k-{number}")

    assert eventually(lambda: agency.at_rest)

    ends = {case.history[-1].word for case in agency.cases}
    assert ends == {"Selesai", "Bukan Wewenang"}


def test_an_agency_works_again_when_a_case_is_reopened(
    open_agency: OpenAgency,
) -> None:
    agency = open_agency(DISDUKCAPIL, work_seconds=(0, 0.01))
    nomor = submit(agency).json()["data"]["no_tiket"]
    assert eventually(lambda: agency.at_rest)

    tell(agency, nomor, "k-2", EVENT | {"jenis": "reopened"})

    assert eventually(lambda: agency.at_rest)
    words = [change.word for change in agency.cases[0].history]
    assert words == [*DISDUKCAPIL.words, *DISDUKCAPIL.words[1:]]


def test_the_same_seed_gives_the_same_work(open_agency: OpenAgency) -> None:
    profile = replace(PUPR, returns=0.4)

    def work(seed: int) -> list[list[tuple[str, str]]]:
        agency = open_agency(profile, work_seconds=(0, 0.02), seed=seed)
        for number in range(8):
            submit(agency, f"k-{number}")
        assert eventually(lambda: agency.at_rest)
        return [[(c.word, c.note) for c in case.history] for case in agency.cases]

    assert work(1) == work(1)
    assert work(1) != work(2)


def test_a_snapshot_shows_cases_and_faults(agency: SimulatedAgency) -> None:
    submit(agency)
    agency.move("PUPR-26-000001", "Diterima")
    assert eventually(lambda: agency.at_rest)

    shown = agency.snapshot()

    assert shown["cases"][0]["history"] == ["Diterima"]
    assert shown["updates"] == {"delivered": 1, "waiting": 0}
