"""The sample agencies of Kabupaten Sukamaju, and how complaints find them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import registry
from connectors.contract import AgencyConnector, System
from connectors.roster import read_roster
from hub.domain.routing import route
from schemas.agency import RoutingTable
from schemas.complaint import Category, NewComplaint
from schemas.parties import ChannelName
from schemas.updates import AgencyUpdate
from tests.unit.connectors.rest.builders import SECRET, entry

NAMES = (
    "dinas_pupr",
    "dinkes",
    "disdukcapil",
    "kemenkes_registrasi",
    "perumda_tirta",
    "sp4n_lapor",
)
ENVIRON = {
    f"SIMPUL_{name}_{what}": value
    for name in ("PUPR", "DINKES", "DISDUKCAPIL")
    for what, value in {
        "URL": "http://127.0.0.1:9",
        "TOKEN": "t0ken",
        "WEBHOOK_SECRET": SECRET,
    }.items()
} | {
    "SIMPUL_MAIL_RELAY": "127.0.0.1:9",
    "SIMPUL_MAIL_REPLY_SECRET": "rahasia-uji-balasan",
    "SIMPUL_TIRTA_URL": "http://127.0.0.1:9",
    "SIMPUL_TIRTA_KEY": "k3y",
    "SIMPUL_SP4N_URL": "http://127.0.0.1:9",
    "SIMPUL_SP4N_TOKEN": "t0ken",
    "SIMPUL_SP4N_APP_TOKEN": "t0ken",
}


@pytest.fixture(scope="module")
def agencies() -> dict[str, AgencyConnector]:
    return dict(read_roster([registry.SAMPLES], ENVIRON).agencies)


@pytest.fixture(scope="module")
def table() -> RoutingTable:
    return registry.load_routing(registry.SAMPLES / "routing.toml")


def test_the_samples_load(
    agencies: dict[str, AgencyConnector], table: RoutingTable
) -> None:
    assert tuple(agencies) == NAMES
    registry.check_routing(table, agencies)


@pytest.mark.parametrize(
    ("name", "honours_key", "finds"),
    [
        ("dinas_pupr", True, True),
        ("disdukcapil", False, True),
        ("dinkes", False, False),
        ("perumda_tirta", True, True),
    ],
)
def test_each_sample_can_do_something_else(
    agencies: dict[str, AgencyConnector], name: str, *, honours_key: bool, finds: bool
) -> None:
    can = agencies[name].system.capabilities

    assert (can.honours_key, can.finds) == (honours_key, finds)
    assert can.sends
    assert can.coalesces == can.pushes == (name != "perumda_tirta")
    assert can.polls == ("cases" if name == "perumda_tirta" else "")


def test_the_health_office_learns_nothing_about_the_reporter(
    agencies: dict[str, AgencyConnector],
) -> None:
    allowed = {name: agencies[name].extra["manifest"].allow for name in NAMES}

    assert not [field for field in allowed["dinkes"] if field.startswith("reporter")]
    assert "reporter.email" not in allowed["dinas_pupr"]
    assert "reporter.email" in allowed["disdukcapil"]


def read(system: System, **item: Any) -> AgencyUpdate:
    body = json.dumps({"items": [item]}).encode()
    (update,) = system.read(entry(body))
    assert isinstance(update, AgencyUpdate), update
    return update


@pytest.mark.parametrize(
    ("name", "word", "event_type"),
    [
        ("dinas_pupr", "Diterima", "acknowledged"),
        ("dinas_pupr", "Dikerjakan", "work_started"),
        ("dinas_pupr", "Selesai", "resolved"),
        ("dinas_pupr", "Bukan Wewenang", "return_requested"),
        ("disdukcapil", "TANGGAPAN", "followed_up"),
        ("disdukcapil", "SELESAI", "resolved"),
        ("dinkes", "tuntas", "resolved"),
    ],
)
def test_the_words_of_the_samples_are_mapped(
    agencies: dict[str, AgencyConnector], name: str, word: str, event_type: str
) -> None:
    update = read(
        agencies[name].system,
        nomor="1",
        status=word,
        waktu="2026-11-24 10:00:00",
        urutan=1,
    )

    assert update.event_type == event_type
    assert update.occurred_at == datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def complaint(title: str, body: str, **fields: Any) -> NewComplaint:
    return NewComplaint(channel=ChannelName.WEB, title=title, body=body, **fields)


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("Jalan berlubang di depan Pasar", "Mohon ditambal.", ["dinas_pupr"]),
        ("Lampu jalan mati satu blok", "Gelap semua.", ["dinas_pupr"]),
        ("KTP-el belum jadi", "Kapan blangko tersedia?", ["disdukcapil"]),
        ("Syarat pindah domisili", "Masih perlu surat RT?", ["disdukcapil"]),
        ("Antrean KTP panjang", "Dari pagi di kantor.", ["disdukcapil"]),
        ("Antrean puskesmas terlalu lama", "Dokter satu.", ["dinkes"]),
        ("Puskesmas di jalan Melati", "Obat habis.", ["dinkes"]),
        ("Limbah pabrik", "Sungai di tepi jalan hitam.", ["dinas_pupr", "dinkes"]),
        ("Air PDAM mati", "Sudah empat hari di blok C.", ["perumda_tirta"]),
        ("Situs judi online", "Mohon blokir.", []),
        ("tes", "coba coba aja hehe", []),
    ],
)
def test_complaints_find_who_must_act(
    table: RoutingTable, title: str, body: str, expected: list[str]
) -> None:
    decision = route(complaint(title, body), table, NAMES)

    assert [name for name, _ in decision.agencies] == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pekerjaan-umum", "dinas_pupr"),
        ("kependudukan", "disdukcapil"),
        ("kesehatan", "dinkes"),
        ("air-minum", "perumda_tirta"),
    ],
)
def test_a_category_weighs_more_than_words(
    table: RoutingTable, code: str, expected: str
) -> None:
    told = complaint(
        "Keluhan", "Di jalan dekat puskesmas.", category=Category(code=code)
    )

    assert route(told, table, NAMES).agencies[0][0] == expected
