"""How an attachment reaches a party: as itself, as a link that ends, or as a line.

Nothing is lost in silence: what cannot go along is said, with where an officer gets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.contract import FilesWay
from hub.domain.local_time import WIB, local_words
from schemas.agency import Limits


class FileState(StrEnum):
    """What a party got of one attachment."""

    UPLOADED = "uploaded"
    LINKED = "linked"
    MENTIONED = "mentioned"
    """It was told that there is one."""
    FAILED = "failed"
    """It should have got it, and did not."""
    WITHHELD = "withheld"
    """It may not have it, and was told nothing of it."""


class Lack(StrEnum):
    """Why a party got less than the file."""

    NOT_ALLOWED = "not_allowed"
    """`attachments` is not on its allow-list."""
    NO_TEXT = "no_text"
    """The party may read no text that could say it."""
    TOO_LARGE = "too_large"
    """Larger than `limits.file_bytes_max`."""
    TYPE_NOT_TAKEN = "type_not_taken"
    """Not among `limits.file_types`."""
    NO_PUBLIC_URL = "no_public_url"
    """The hub has no `server.public_url` that a link could begin with."""
    NOT_KEPT = "not_kept"
    """The hub did not keep its content."""
    NOT_TOLD = "not_told"
    """The system takes no event of the kind that it came with."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file without opening it."""

    media_type: str
    size_bytes: int
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """How files may reach one party."""

    files: FilesWay
    limits: Limits
    has_links: bool
    """The hub has an address that links begin with."""


def way_of(file: FileFacts, terms: Terms) -> tuple[FileState, Lack | None]:
    """Choose the best way that the party's system and the hub both have."""
    if not file.is_kept:
        return FileState.MENTIONED, Lack.NOT_KEPT
    lack = None
    if terms.files == "upload":
        lack = _beyond(file, terms.limits)
        if lack is None:
            return FileState.UPLOADED, None
    if terms.files == "line":
        return FileState.MENTIONED, None
    if terms.has_links:
        return FileState.LINKED, lack
    return FileState.MENTIONED, lack or Lack.NO_PUBLIC_URL


def _beyond(file: FileFacts, limits: Limits) -> Lack | None:
    largest = limits.file_bytes_max
    if largest is not None and file.size_bytes > largest:
        return Lack.TOO_LARGE
    name = file.media_type.partition(";")[0].strip().lower()
    kind = f"{name.partition('/')[0]}/*"
    if limits.file_types and not {name, kind} & set(limits.file_types):
        return Lack.TYPE_NOT_TAKEN
    return None


def link_ends(since: datetime, now: datetime, days: int) -> datetime:
    """Say when a link ends that is sent now for an event of then.

    Whoever repeats a call within half of a link's life says the same, so that one key
    stands for one body; and a link that is sent late lives half of it at least.
    """
    half = timedelta(days=days) / 2
    passed = max(now - since, timedelta()) // half
    return since + (passed + 2) * half


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that does not go along; with a link or without."""

    name: str
    media_type: str
    size_bytes: int
    url: str = ""
    ends: datetime | None = None


def note(files: Sequence[Shown], number: str) -> tuple[str, str]:
    """Say which attachments do not go along, and where an officer gets them.

    `number` is the complaint's public number, empty where the party may not see it.
    Indonesian, English; both empty when there are none.
    """
    linked = [one.ends for one in files if one.url and one.ends is not None]
    count = len(files) - len(linked)
    said = []
    if linked:
        said.append(_linked(len(linked), min(linked)))
    if count:
        said.append(_at_the_desk(count, number))
    return (" ".join(one[0] for one in said), " ".join(one[1] for one in said))


def as_text(files: Sequence[Shown], said: tuple[str, str]) -> str:
    """Write links and note as one text, for systems that have one field."""
    links = [
        f"{one.name} ({one.media_type}, {_size(one.size_bytes)}): {one.url}"
        for one in files
        if one.url
    ]
    return "\n".join((*links, *(f"[{words}]" for words in said if words)))


def _linked(count: int, ends: datetime) -> tuple[str, str]:
    files = "1 attachment" if count == 1 else f"{count} attachments"
    until = local_words(ends, WIB, "id"), local_words(ends, WIB, "en")
    return (
        f"{count} lampiran dapat diambil lewat tautan sampai {until[0]}.",
        f"{files} can be fetched by link until {until[1]}.",
    )


def _at_the_desk(count: int, number: str) -> tuple[str, str]:
    named = (f" dengan nomor {number}", f" by number {number}") if number else ("", "")
    files = "1 attachment does" if count == 1 else f"{count} attachments do"
    desk = "petugas dapat memintanya di meja layanan Simpul"
    return (
        f"{count} lampiran tidak ikut terkirim; {desk}{named[0]}.",
        f"{files} not come along; an officer gets them at Simpul's desk{named[1]}.",
    )


def _size(count: int) -> str:
    if count < 1_000_000:  # noqa: PLR2004 - a megabyte
        return f"{max(1, round(count / 1000))} kB"
    return f"{count / 1_000_000:.1f} MB"
