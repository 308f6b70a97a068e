"""The world of the main job's bench: fictional parties, rules, people and words."""

import json
from collections.abc import Mapping
from typing import Any

from hub.database.parties import config_row
from schemas.agency import AgencyManifest, Limits, Route, RoutingTable
from schemas.parties import PartyKind
from schemas.raw import RawMessage
from tests.bench.agency_files import ALLOW

CATEGORIES = tuple(f"kategori-{n}" for n in range(25))
PARTIES = 50
"""As many as the others are compared with."""
REGIONS = tuple(f"99.0{n}" for n in range(1, 9))
BODY = (
    "Sejak dua minggu terakhir ada suara mesin yang keras setiap malam antara pukul "
    "23.00 dan 04.00 di dekat rumah kami. Kami sudah beberapa kali menghubungi "
    "kantor proyek, tetapi tidak ada yang menjawab. Anak-anak tidak bisa tidur. "
    "Mohon petugas datang memeriksa dan memastikan jam kerja dipatuhi."
)


def manifests(parties: int) -> dict[str, AgencyManifest]:
    """Make as many fictional agencies."""
    return {
        f"dinas_{n}": AgencyManifest(
            name=f"dinas_{n}",
            title=f"Dinas {n}",
            system="rest",
            allow=ALLOW,
        )
        for n in range(parties)
    }


def routing(parties: int) -> RoutingTable:
    """Make a rule per agency, by category and region; every other has a copy."""
    rules = [
        Route(
            id=f"aturan.{n}",
            why="kategori dan wilayah",
            category=(CATEGORIES[n % 25],),
            region=(REGIONS[n // 25 % 8],),
            main=(f"dinas_{n}",),
            cc=() if n % 2 else (f"dinas_{(n + 7) % parties}",),
        )
        for n in range(parties)
    ]
    rest = [
        Route(
            id=f"sisa.{n}",
            why="kategori",
            category=(category,),
            main=(f"dinas_{n * 2 % parties}",),
            cc=() if n % 2 else (f"dinas_{(n * 2 + 7) % parties}",),
        )
        for n, category in enumerate(CATEGORIES)
    ]
    return RoutingTable(rules=(*rules, *rest))


def party_rows(agencies: Mapping[str, AgencyManifest]) -> list[dict[str, Any]]:
    """Make the rows of the agencies, and of the reporters' mail."""
    kinds = dict.fromkeys(agencies, PartyKind.AGENCY)
    kinds["reporter:email"] = PartyKind.REPORTER
    return [
        config_row(
            party,
            kind,
            title=party,
            lane=f"deliver.{party}",
            limits=Limits(),
            config_version="1",
            wants=None,
        )
        for party, kind in kinds.items()
    ]


def message(n: int) -> RawMessage:
    """Make the n-th request as the web door takes it; about a kilobyte."""
    request = {
        "type": "complaint",
        "title": f"Suara mesin proyek di malam hari dekat blok {n}",
        "body": BODY,
        "language": "id",
        "region": {"scheme": "kemendagri", "code": REGIONS[n // 25 % 8]},
        "place": {
            "text": f"Jalan Contoh {n % 200}, Kota Contoh",
            "landmark": "di belakang pasar",
            "latitude": -6.2,
            "longitude": 106.8,
        },
        "category": {"scheme": "sp4n", "code": CATEGORIES[n % 25]},
        "reporter": {
            "name": f"Budi Contoh {n}",
            "email": f"warga{n % 9973}@warga.example",
            "phone": f"+62812{n % 9973:08d}",
        },
    }
    return RawMessage(
        source="web",
        lane="intake.web",
        source_key=f"public:/api/v1/complaints::{n:032d}",
        body=json.dumps(request, ensure_ascii=False).encode(),
        content_type="application/json",
        meta={"route": "/api/v1/complaints", "code": ""},
        spoolable=True,
        revisable=False,
        key_hours=72.0,
    )
