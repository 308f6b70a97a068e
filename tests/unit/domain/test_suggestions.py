"""What no rule places is suggested by its words, and says which ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import registry
from hub.domain.categories import Categories
from hub.domain.suggestions import (
    SEEN_MIN,
    Suggester,
    common_words,
    lessons_of,
)
from hub.domain.words import USUAL, stem, telling_words
from schemas.agency import Route, RoutingTable
from tests.unit.domain.held_out import DINKES, DUKCAPIL, HELD_OUT, PUPR

AGENCIES = (PUPR, DINKES, DUKCAPIL)


@pytest.fixture(scope="module")
def suggester() -> Suggester:
    """Taught by the rules of the sample agencies."""
    table = registry.load_routing(registry.SAMPLES / "routing.toml")
    categories = Categories(registry.load_categories([registry.CATEGORIES]))
    return Suggester(lessons_of(table, categories), AGENCIES)


def test_five_of_six_suggestions_for_texts_never_seen_are_right(
    suggester: Suggester,
) -> None:
    made = [(found[0], meant) for text, meant in HELD_OUT if (found := suggester(text))]
    right = [one for one, meant in made if one.agency == meant]
    meant_for_one = [meant for _, meant in HELD_OUT if meant]

    assert len(right) / len(made) > 5 / 6
    assert len(right) / len(meant_for_one) > 0.9


def test_the_surer_it_is_the_more_often_it_is_right(suggester: Suggester) -> None:
    made = [(found[0], meant) for text, meant in HELD_OUT if (found := suggester(text))]
    sure = [one.agency == meant for one, meant in made if one.confidence >= 0.7]
    rest = [one.agency == meant for one, meant in made if one.confidence < 0.7]

    assert sum(sure) / len(sure) > sum(rest) / len(rest)


def test_a_suggestion_names_the_words_that_speak_for_it(suggester: Suggester) -> None:
    first, *_ = suggester("Aspalnya terkelupas dan trotoar rusak, kata Budi Contoh.")

    assert first.agency == PUPR
    assert set(first.words) == {"aspal", "trotoar"}
    assert 0.3 <= first.confidence < 1


def test_a_text_about_two_things_names_two(suggester: Suggester) -> None:
    found = suggester("Jembatan di depan puskesmas ambruk")

    assert {one.agency for one in found} == {PUPR, DINKES}
    (left,) = suggester("Jembatan di depan puskesmas ambruk", without=(PUPR,))
    assert left == next(one for one in found if one.agency == DINKES)


def test_nothing_is_suggested_for_what_nobody_taught(suggester: Suggester) -> None:
    assert suggester("Harga pupuk naik") == []
    assert suggester("") == []
    assert Suggester([], AGENCIES)("Jalan rusak") == []


def test_an_agency_that_nothing_is_known_of_is_never_suggested() -> None:
    rules = (Route(id="aa", why="so", keyword=("jalan", "obat"), main=(PUPR,)),)
    lessons = list(lessons_of(RoutingTable(rules=rules), Categories()))

    found = Suggester(lessons, AGENCIES)("obat dan jalan")
    assert [one.agency for one in found] == [PUPR]
    assert Suggester(lessons, (DINKES,))("obat dan jalan") == []


def test_of_past_complaints_only_words_that_many_have_are_learned() -> None:
    past = [(f"Sumur kering {'Mulyono' * (n < 3)}", (PUPR,)) for n in range(SEEN_MIN)]
    past.append(("Sumur Sulastri", (DINKES,)))
    lessons = common_words(past)

    assert {word for word, _, _ in lessons} == {"sumur", "kering"}
    text = "Sumur kami kering sejak Mulyono pergi"
    (found,) = Suggester([], AGENCIES, lessons)(text)
    assert (found.agency, found.words) == (PUPR, ())


def test_no_word_is_shown_that_only_the_past_has() -> None:
    rules = [("sumur", frozenset({PUPR}), 3.0)]
    past = common_words([("Sumur Mulyono", (PUPR,))] * SEEN_MIN)

    (found,) = Suggester(rules, AGENCIES, past)("Sumur Mulyono kering")

    assert found.words == ("sumur",)
    assert found.confidence > Suggester(rules, AGENCIES)("Sumur Mulyono")[0].confidence


texts = st.text(alphabet="abdegijklmnprstu -", max_size=60)
lessons = st.lists(
    st.tuples(texts, st.frozensets(st.sampled_from(AGENCIES)), st.just(1.0)),
    max_size=6,
)


@given(lessons, texts)
def test_every_suggestion_is_explained_by_words_that_were_taught_and_said(
    taught: list[tuple[str, frozenset[str], float]], text: str
) -> None:
    known = {word for lesson, _, _ in taught for word in telling_words(lesson)}
    said = {stem(word) for word in telling_words(text)}
    found = Suggester(taught, AGENCIES)(text)

    assert found == Suggester(taught, AGENCIES)(text)
    for one in found:
        assert one.words
        assert set(one.words) <= known
        assert {stem(word) for word in one.words} <= said
        assert 0.3 <= one.confidence < 1


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ("jalannya", "jalan"),
        ("berlubang", "lubang"),
        ("jln", "jalan"),
        ("antri", "antrean"),
        ("anak-anak", "anak"),
        ("ktp-el", "ktp-el"),
        ("dinas", "dinas"),
        ("bernya", "bernya"),
    ],
)
def test_forms_of_a_word_are_one(form: str, word: str) -> None:
    assert stem(form) == stem(word)


def test_usual_words_and_numbers_say_nothing() -> None:
    assert list(telling_words("Saya 0812 NIK 9999990101900001 di sana")) == ["nik"]
    assert {"yang", "mohon"} <= USUAL
