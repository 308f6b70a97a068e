"""The platform is asked: what is new there, and how our cases stand."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import System
from connectors.errors import Retryable
from connectors.systems.sp4n.reading import filled
from hub.simulator.faults import Fault
from hub.simulator.sp4n import SimulatedSp4n
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt
from tests.unit.connectors.sp4n.speaking import (
    NUMBER,
    ask,
    delivery,
    entry,
    event,
    heard,
    polled,
)

WHY = (
    "Admin Nasional meneruskan laporan ke Pemerintah Kabupaten Sukamaju: "
    "Terverifikasi menjadi Tertunda"
)


def test_what_is_disposed_to_us_begins_here(
    system: System, platform: SimulatedSp4n
) -> None:
    case = platform.begin(
        "Jalan", "Jalan rusak", category_id=103, is_anonymous=True, is_secret=True
    )
    platform.begin("Lain", "Bukan untuk kami", disposition_id=5300)

    raws, _ = polled(system)
    (record,) = heard(system, raws)
    assert isinstance(record, AgencyComplaint)
    assert (record.reference, record.raw_status) == (case.nomor, "Belum Terverifikasi")
    complaint = record.complaint
    assert (complaint.title, complaint.body) == ("Jalan", "Jalan rusak")
    assert (complaint.anonymous, complaint.confidential) == (True, True)
    assert complaint.category is not None
    assert complaint.category.code == "kesehatan"
    assert complaint.region is not None
    assert complaint.region.code == "32"
    assert record.public_number == ""


def test_a_complaint_of_ours_bears_our_number_when_it_is_listed(
    system: System, platform: SimulatedSp4n
) -> None:
    system.submit(delivery())
    (case,) = platform.cases
    for tags in (case.body["tags_raw"], ""):
        body = dict(case.body) | {"tags_raw": tags, "disposition_id": 5201}
        platform.book.open(body, filed=True)
    raws, _ = polled(system)
    numbers = [
        r.public_number for r in heard(system, raws) if isinstance(r, AgencyComplaint)
    ]
    assert numbers == [NUMBER, NUMBER]


def test_logs_and_follow_ups_are_updates_and_our_own_words_are_not(
    system: System, platform: SimulatedSp4n
) -> None:
    nomor = platform.begin("Jalan", "Jalan rusak").nomor
    platform.move(nomor, "Terverifikasi")
    platform.move(nomor, "Tertunda")
    platform.say(nomor, "Kapan diperbaiki?")
    platform.say(nomor, "Mohon dipercepat.", by=1)
    said = delivery(events=[event("followed_up", "Besok.")], reference=nomor)
    system.send(said)

    raws, _ = polled(system, references=[nomor])
    found = [r for r in heard(system, raws) if isinstance(r, AgencyUpdate)]
    assert [(r.event_type, r.text) for r in found] == [
        ("verified", ""),
        ("put_on_hold", WHY),
        ("reporter_replied", "Kapan diperbaiki?"),
        ("remarked", "Mohon dipercepat."),
    ]
    assert len({r.event_id for r in found}) == 4
    assert all(r.occurred_at is not None for r in found)


def test_what_did_not_change_is_the_same_message(
    system: System, platform: SimulatedSp4n
) -> None:
    nomor = platform.begin("Jalan", "Jalan rusak").nomor
    platform.move(nomor, "Terverifikasi")
    first, place = polled(system, references=[nomor])
    second, _ = polled(system, place, references=[nomor])
    assert first == second
    platform.move(nomor, "Tertunda")
    third, _ = polled(system, place, references=[nomor])
    assert {raw.source_key for raw in third} == {raw.source_key for raw in first}
    assert third != first


def test_pages_are_asked_for_until_there_is_no_more(
    system: System, platform: SimulatedSp4n
) -> None:
    numbers = [platform.begin("Jalan", f"Rusak {n}").nomor for n in range(45)]
    for nomor in numbers:
        platform.move(nomor, "Terverifikasi")
    raws, place = polled(system, references=numbers)
    assert len(raws) == 90
    assert place is not None
    assert json.loads(place)["phase"] == "list"


def test_the_next_round_looks_back_by_the_overlap(
    system: System, platform: SimulatedSp4n
) -> None:
    now = datetime.now(UTC)
    page = system.poll(ask(now=now))
    page = system.poll(ask(page.checkpoint, now=now + timedelta(minutes=1)))
    assert not page.more
    place = json.loads(page.checkpoint or b"")
    since = datetime.fromisoformat(place["since"])
    assert since == now - timedelta(hours=1)


def test_a_case_that_is_gone_is_named_and_stops_no_other(
    system: System, platform: SimulatedSp4n
) -> None:
    nomor = platform.begin("Jalan", "Rusak", disposition_id=1).nomor
    platform.move(nomor, "Terverifikasi")
    raws, _ = polled(system, references=["1", nomor])
    gone, update = heard(system, raws)
    assert isinstance(gone, Corrupt)
    assert (gone.code, gone.reference) == ("missing_case", "1")
    assert isinstance(update, AgencyUpdate)


def test_a_page_that_fails_leaves_the_checkpoint_where_it_was(
    system: System, platform: SimulatedSp4n
) -> None:
    platform.faults.for_next(1, Fault.UNAVAILABLE_503)
    with pytest.raises(Retryable):
        system.poll(ask())


def test_a_status_in_no_table_is_quarantined_and_a_bad_time_too(
    system: System,
) -> None:
    rows = [
        {"id": 1, "status_code": 99, "status_name": "Baru", "created_at": ""},
        {"id": 2, "status_code": 2, "created_at": "2026-11-24"},
    ]
    records = [{"kind": "log", "complaint_id": 7, "item": row} for row in rows]
    found = system.read(entry(json.dumps(records).encode()))
    assert [r.code for r in found if isinstance(r, Corrupt)] == [
        "unmapped_status",
        "bad_time",
    ]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"[1]", b'[{"kind": "x", "complaint_id": 1}]', b"[{}]"]
)
def test_rubbish_is_corrupt_and_raises_nothing(system: System, body: bytes) -> None:
    assert all(isinstance(one, Corrupt) for one in system.read(entry(body)))


def test_times_have_the_zone_of_the_manifest(system: System) -> None:
    row = {"id": 2, "status_code": 2, "created_at": "24-11-2026 12:00:00"}
    body = json.dumps([{"kind": "log", "complaint_id": 7, "item": row}]).encode()
    (found,) = system.read(entry(body))
    assert isinstance(found, AgencyUpdate)
    assert found.occurred_at == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def test_the_places_of_a_template_are_filled_and_unknown_ones_left_out() -> None:
    row = {
        "template": "{{institution_from}} ke {{ institution_to }}{{nobody}}: selesai",
        "institution_from": "Admin Nasional",
        "institution_to": "Kabupaten",
    }
    assert filled(row) == "Admin Nasional ke Kabupaten: selesai"


def test_a_snapshot_says_how_cases_stand_and_which_are_gone(
    system: System, platform: SimulatedSp4n
) -> None:
    nomor = platform.begin("Jalan", "Rusak").nomor
    platform.move(nomor, "Tertunda")
    views = list(system.snapshot([nomor, "1"]))
    assert [(v.raw_status, v.event_type, v.present) for v in views] == [
        ("Tertunda", "put_on_hold", True),
        ("", "", False),
    ]
