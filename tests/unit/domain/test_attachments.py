"""How a file reaches a party, and for how long a link lives."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import FilesWay
from hub.domain.attachments import (
    FileFacts,
    FileState,
    Lack,
    Shown,
    Terms,
    as_text,
    link_ends,
    note,
    way_of,
)
from schemas.agency import Limits
from tests.unit.domain.builders import START

PHOTO = FileFacts("image/jpeg", 1000)
WAYS: tuple[FilesWay, ...] = ("upload", "link", "line")


@pytest.mark.parametrize(
    ("files", "has_links", "state", "lack"),
    [
        ("upload", False, FileState.UPLOADED, None),
        ("link", True, FileState.LINKED, None),
        ("link", False, FileState.MENTIONED, Lack.NO_PUBLIC_URL),
        ("line", True, FileState.MENTIONED, None),
        ("line", False, FileState.MENTIONED, None),
    ],
)
def test_a_file_goes_the_best_way_that_there_is(
    files: FilesWay, *, has_links: bool, state: FileState, lack: Lack | None
) -> None:
    assert way_of(PHOTO, Terms(files, Limits(), has_links)) == (state, lack)


@pytest.mark.parametrize(
    ("media_type", "types", "taken"),
    [
        ("image/jpeg", ("image/jpeg",), True),
        ("IMAGE/JPEG; q=1", ("image/*",), True),
        ("image/svg+xml", ("image/jpeg", "application/pdf"), False),
        ("imagex/jpeg", ("image/*",), False),
        ("", ("image/*",), False),
        ("", (), True),
    ],
)
def test_types_are_compared_as_types(
    media_type: str, types: tuple[str, ...], *, taken: bool
) -> None:
    terms = Terms("upload", Limits(file_types=types), has_links=True)
    state, lack = way_of(FileFacts(media_type, 1), terms)

    assert (state is FileState.UPLOADED) is taken
    assert lack is (None if taken else Lack.TYPE_NOT_TAKEN)


def test_the_largest_file_that_is_taken_has_exactly_that_size() -> None:
    terms = Terms("upload", Limits(file_bytes_max=1000), has_links=False)

    assert way_of(FileFacts("a/b", 1000), terms)[0] is FileState.UPLOADED
    assert way_of(FileFacts("a/b", 1001), terms) == (
        FileState.MENTIONED,
        Lack.TOO_LARGE,
    )


@given(files=st.sampled_from(WAYS), has_links=st.booleans())
def test_what_was_not_kept_is_mentioned_at_least(
    files: FilesWay, *, has_links: bool
) -> None:
    gone = FileFacts("image/jpeg", 1000, is_kept=False)
    found = way_of(gone, Terms(files, Limits(), has_links))
    assert found == (FileState.MENTIONED, Lack.NOT_KEPT)


@given(
    days=st.integers(2, 90),
    passed=st.integers(-86400, 400 * 86400),
    later=st.integers(0, 400 * 86400),
)
def test_a_link_lives_half_its_life_at_least_and_all_of_it_at_most(
    days: int, passed: int, later: int
) -> None:
    now = START + timedelta(seconds=max(0, passed))
    ends = link_ends(START, now, days)
    half = timedelta(days=days) / 2

    assert half < ends - now <= 2 * half or ends - now == 2 * half
    after = link_ends(START, now + timedelta(seconds=later), days)
    assert after >= ends


@given(days=st.integers(2, 90), seconds=st.integers(0, 86399))
def test_a_call_that_is_repeated_within_half_of_it_says_the_same(
    days: int, seconds: int
) -> None:
    soon = START + timedelta(seconds=seconds)
    assert link_ends(START, soon, days) == link_ends(START, START, days)


def test_an_event_that_is_younger_than_the_reading_clock_harms_nothing() -> None:
    before = START - timedelta(seconds=5)
    assert link_ends(START, before, 14) == START + timedelta(days=14)


def test_the_note_says_how_many_and_where_in_both_languages() -> None:
    ends = START + timedelta(days=14)
    files = [
        Shown("foto.jpg", "image/jpeg", 2_100_000, "https://hub/files/x", ends),
        Shown("surat.pdf", "application/pdf", 800),
        Shown("peta.pdf", "application/pdf", 800),
    ]
    said = note(files, "123456789012345")
    text = as_text(files, said)

    assert said[0] == (
        "1 lampiran dapat diambil lewat tautan sampai 8 Desember 2026 pukul 10.00 WIB. "
        "2 lampiran tidak ikut terkirim; petugas dapat memintanya di meja layanan "
        "Simpul dengan nomor 123456789012345."
    )
    assert said[1].startswith("1 attachment can be fetched by link until 8 December")
    assert said[1].endswith("at Simpul's desk by number 123456789012345.")
    assert text.startswith("foto.jpg (image/jpeg, 2.1 MB): https://hub/files/x\n[1 ")
    assert "surat.pdf" not in text


def test_without_a_number_none_is_named_and_without_files_nothing_is_said() -> None:
    assert "number" not in note([Shown("a", "b/c", 1)], "")[1]
    assert note([], "1") == ("", "")
    assert as_text([], ("", "")) == ""
