"""The time zones of Indonesia, by the province that a region code begins with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

WIB = timezone(timedelta(hours=7), "WIB")
WITA = timezone(timedelta(hours=8), "WITA")
WIT = timezone(timedelta(hours=9), "WIT")
"""None of them ever changed its clock by season: fixed offsets say it all."""

_EAST: Mapping[timezone, str] = MappingProxyType(
    {
        WITA: "51 52 53 63 64 65 71 72 73 74 75 76",
        WIT: "81 82 91 92 93 94 95 96 97",
    }
)
ZONES: Mapping[str, timezone] = MappingProxyType(
    {code: zone for zone, codes in _EAST.items() for code in codes.split()}
)
"""Province code (Kemendagri) -> zone; all others, and no region, have WIB."""


def zone_of(region: Any) -> timezone:
    """Find the zone of a complaint's region fact; WIB where none is known."""
    known = isinstance(region, Mapping) and region.get("scheme", "kemendagri")
    if known != "kemendagri":
        return WIB
    return ZONES.get(str(region.get("code", ""))[:2], WIB)


MONTHS = {
    "id": "Januari Februari Maret April Mei Juni Juli "
    "Agustus September Oktober November Desember",
    "en": "January February March April May June July "
    "August September October November December",
}
_AT = {"id": "pukul %H.%M", "en": "%H:%M"}


def local_words(at: datetime | str, zone: timezone, language: str) -> str:
    """Say an instant as people of a zone say it; a naive one counts as UTC."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone(zone)
    month = MONTHS[language].split()[local.month - 1]
    clock = local.strftime(_AT[language])
    return f"{local.day} {month} {local.year} {clock} {zone.tzname(None)}"
