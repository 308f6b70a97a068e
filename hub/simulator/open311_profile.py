"""The dialect of an agency whose system is an Open311 server, and its oddities."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.simulator.profiles import AgencyProfile


@dataclass(frozen=True, kw_only=True)
class Open311Profile(AgencyProfile):
    """One server. Every switch is an oddity of a server that is or was in use."""

    jurisdiction: str
    services: Mapping[str, str]
    """service_code -> service_name."""
    declares_key: bool = True
    """Its services declare `fixmystreet_id`: an attribute that carries our key."""
    takes_updates: bool = True
    """POST servicerequestupdates."""
    page_cap: int = 1000
    """Most cases, or updates, of one answer."""
    newest_first: bool = True
    repeats_last_page: bool = False
    """A page behind the end is the last page again."""
    ignores_pages: bool = False
    fails_on_fractions: bool = False
    """A fraction of a second is an error of the server (500), not ours (400)."""
    fails_on_unknown_ids: bool = False
    """An unknown id is 500, not 404 or an answer without it."""
    hides_datetimes: bool = False
    """Cases have no requested_datetime and no updated_datetime."""
    media_as_objects: bool = False
    """media_url is a list of objects."""
    html_errors: bool = False
    gives_tokens: bool = False
    """A case is answered with a token; its id is there at the second question."""
    wraps_json: bool = False
    """JSON answers are objects around their lists, as FixMyStreet's."""
    zero_id: bool = False
    """A new case is answered with the id 0: it was not filed."""


TIRTA = Open311Profile(
    name="perumda_tirta",
    short="TIRTA",
    title="Perumda Air Minum Tirta Sukamaju",
    number_format="TS{n:07d}",
    words=("investigating", "action_scheduled", "fixed"),
    notes={
        "investigating": ("Petugas memeriksa jaringan.", ""),
        "action_scheduled": ("Perbaikan pipa dijadwalkan.", ""),
        "fixed": ("Air sudah mengalir kembali.", "Pipa sudah diganti."),
    },
    return_word="not_councils_responsibility",
    honours_keys=True,
    finds=True,
    numbers_updates=False,
    required=("service_code", "description"),
    jurisdiction="sukamaju",
    services={
        "AIR-MATI": "Air tidak mengalir",
        "AIR-KERUH": "Air keruh atau berbau",
        "PIPA": "Pipa bocor",
        "LAIN": "Lain-lain",
    },
)
"""The region's water utility."""
