import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.plaintext import clean, cut_at_word, one_line

ANY_TEXT = st.text(st.characters(), max_size=200)


@given(ANY_TEXT)
def test_clean_text_holds_no_control_characters_but_tab_and_line_feed(
    text: str,
) -> None:
    kinds = {unicodedata.category(c) for c in clean(text) if c not in "\t\n"}

    assert not kinds & {"Cc", "Cs"}


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT)
def test_clean_text_can_be_stored_as_utf_8(text: str) -> None:
    assert clean(text).encode("utf-8").decode() == clean(text)


@given(ANY_TEXT)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(ANY_TEXT, st.integers(1, 100))
def test_a_cut_text_is_a_beginning_of_the_text(text: str, length: int) -> None:
    cut = cut_at_word(text, length)

    assert text.startswith(cut)
    assert len(cut) <= length


def test_direction_overrides_and_nuls_go() -> None:
    assert clean("lampu\x00\u202e padam\ufeff\r\nsekali\r") == "lampu padam\nsekali"


def test_a_title_ends_at_a_word() -> None:
    assert cut_at_word("lampu jalan padam", 12) == "lampu jalan"
    assert cut_at_word("lampu jalan padam", 11) == "lampu jalan"
    assert cut_at_word("lampujalanpadam", 5) == "lampu"
