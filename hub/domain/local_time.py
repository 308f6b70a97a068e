"""The clocks on the walls of Indonesia, and how people say an instant."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from hub.domain import zones

WIB = timezone(timedelta(hours=7), "WIB")
WITA = timezone(timedelta(hours=8), "WITA")
WIT = timezone(timedelta(hours=9), "WIT")
"""None of them ever changed its clock by season: fixed offsets say it all."""

_FIXED: Mapping[str, timezone] = MappingProxyType(
    {zones.WIB: WIB, zones.WITA: WITA, zones.WIT: WIT}
)


def clock_of(region: Any) -> timezone:
    """Find the clock of a complaint's region fact; WIB where none is known."""
    known = isinstance(region, Mapping) and region.get("scheme", "kemendagri")
    if known != "kemendagri":
        return WIB
    return _FIXED.get(zones.zone_of(str(region.get("code", ""))), WIB)


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
