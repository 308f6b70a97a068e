"""Codes that people read aloud, and keys that make repetitions harmless."""

import inspect
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.identity import (
    ALPHABET,
    child_id,
    contact_form,
    delivery_key,
    public_number,
    read_code,
    tracking_code,
)

entropy = st.binary(min_size=5, max_size=16)
LOOKALIKES = {"1": "1IiLl", "0": "0Oo", "V": "VvUu"}


@st.composite
def typed(draw: st.DrawFn, code: str) -> str:
    """Write a code as somebody might: case, dashes, spaces, lookalikes."""
    letters = [
        draw(st.sampled_from(LOOKALIKES.get(c, c + c.lower()))) if c != "-" else ""
        for c in code
    ]
    gaps = draw(
        st.lists(
            st.sampled_from(["", "-", " ", "  ", "_"]),
            min_size=len(letters) + 1,
            max_size=len(letters) + 1,
        )
    )
    return "".join(g + c for g, c in zip(gaps, [*letters, ""], strict=True))


@given(st.data(), entropy)
def test_a_code_is_read_in_every_spelling(data: st.DataObject, random: bytes) -> None:
    code = tracking_code(random)

    assert read_code(data.draw(typed(code))) == code


@given(entropy)
def test_every_error_in_one_character_is_found(random: bytes) -> None:
    code = tracking_code(random)
    bare = code.replace("-", "")

    for place, right in enumerate(bare):
        for wrong in set(ALPHABET) - {right}:
            assert read_code(bare[:place] + wrong + bare[place + 1 :]) is None


@given(entropy)
def test_a_code_has_its_shape(random: bytes) -> None:
    code = tracking_code(random)

    assert [len(part) for part in code.split("-")] == [4, 4, 1]
    assert not set("ILOU") & set(code)


@pytest.mark.parametrize(
    "text", ["", "-", "ABCD", "ABCD-EFGH-JJ", "ABCD-EFG!-H", "ABCDEFGHJ" * 50, "éééé-"]
)
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    assert read_code(text) is None


@given(st.text(max_size=30))
def test_reading_never_fails(text: str) -> None:
    code = read_code(text)

    assert code is None or read_code(code) == code


@given(st.binary(min_size=16, max_size=16))
def test_a_public_number_has_fifteen_digits(random: bytes) -> None:
    number = public_number(random)

    assert len(number) == 15
    assert number.isdigit()
    assert number[0] != "0"


# --- delivery keys --------------------------------------------------------------

BASE: dict[str, Any] = {
    "subject": ("c-1", "dinas_pupr", ""),
    "assignment_no": 1,
    "generation": 0,
    "events": ("e-1", "e-2"),
    "step": "send",
}
OTHERS: tuple[dict[str, Any], ...] = (
    {"subject": ("c-2", "dinas_pupr", "")},
    {"subject": ("c-1", "dinkes", "")},
    {"subject": ("c-1", "dinas_pupr", "r-1")},
    {"assignment_no": 2},
    {"generation": 1},
    {"events": ("e-2", "e-2")},
    {"events": ("e-1", "e-3")},
    {"step": "submit"},
)


def test_a_key_is_the_same_for_every_repetition() -> None:
    assert delivery_key(b"secret", **BASE) == delivery_key(b"secret", **BASE)
    assert len(delivery_key(b"secret", **BASE)) == 40


def test_a_key_knows_of_no_attempt_and_no_seq() -> None:
    assert set(inspect.signature(delivery_key).parameters) == {"secret", *BASE}


def test_every_other_delivery_has_another_key() -> None:
    keys = {delivery_key(b"secret", **BASE | other) for other in ({}, *OTHERS)}

    assert len(keys) == len(OTHERS) + 1
    assert delivery_key(b"other", **BASE) not in keys


def test_neighbouring_parts_of_a_key_do_not_run_together() -> None:
    one = delivery_key(b"secret", **BASE | {"assignment_no": 1, "generation": 12})
    other = delivery_key(b"secret", **BASE | {"assignment_no": 11, "generation": 2})

    assert one != other


def test_contacts_have_one_form() -> None:
    assert contact_form("email", " Sari@Warga.Example ") == "sari@warga.example"
    assert contact_form("phone", " +62812000111 ") == "+62812000111"


@given(st.uuids(), st.integers(1, 2**20 - 2))
def test_a_childs_id_has_its_parents_time_and_its_number(
    parent: UUID, number: int
) -> None:
    own, later = (UUID(child_id(str(parent), n)) for n in (number, number + 1))
    assert own == UUID(child_id(str(parent), number))
    assert own.int >> 80 == parent.int >> 80
    assert (own.version, own.variant) == (7, RFC_4122)
    assert own < later
