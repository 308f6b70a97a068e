"""Indonesia's three time zones, by province."""

from collections.abc import Mapping

WIB, WITA, WIT = "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"
ZONES: Mapping[str, str] = {
    # Bali and Nusa Tenggara; Kalimantan but its west and centre; Sulawesi
    **dict.fromkeys(
        ("51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"), WITA
    ),
    # Maluku and Papua
    **dict.fromkeys(("81", "82", "91", "92", "93", "94", "95", "96"), WIT),
    # Sumatra and Java; Kalimantan's west and centre
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19", "21"), WIB),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "61", "62"), WIB),
}
"""Province code of Kemendagri -> IANA zone."""


def zone_of(region: str) -> str:
    """Name the zone of a region by its code; empty when the code is none of these."""
    return ZONES.get(region[:2], "")
