"""Tokens: one spelling, one meaning, and none that we did not sign."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.links import TOKEN_CHARACTERS_MAX, Link, read_token, token_of

SECRET = bytes(32)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
links = st.builds(
    Link,
    event_id=st.uuids().map(str),
    n=st.integers(1, 65_535),
    party=st.from_regex(r"[a-z][a-z0-9_]{1,59}", fullmatch=True),
    ends=st.integers(0, 2**33).map(lambda s: EPOCH + timedelta(seconds=s)),
)


@given(links)
def test_a_token_says_what_was_signed(link: Link) -> None:
    token = token_of(SECRET, link)

    assert read_token(SECRET, token) == link
    assert token == token_of(SECRET, link)
    assert len(token) <= TOKEN_CHARACTERS_MAX
    assert set(token) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@given(links, st.data())
def test_no_character_can_be_changed_added_or_left_out(
    link: Link, data: st.DataObject
) -> None:
    token = token_of(SECRET, link)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8"))
    changed = {
        token[:place] + other + token[place + 1 :],
        token[:place] + other + token[place:],
        token[:place] + token[place + 1 :],
        token + "=",
    } - {token}

    assert {read_token(SECRET, one) for one in changed} == {None}


@given(st.text(max_size=200))
def test_what_nobody_signed_is_no_token(text: str) -> None:
    assert read_token(SECRET, text) is None


@given(links, st.binary(min_size=32, max_size=32))
def test_another_secret_signs_other_tokens(link: Link, secret: bytes) -> None:
    if secret != SECRET:
        assert read_token(secret, token_of(SECRET, link)) is None


def test_each_part_of_a_link_is_signed() -> None:
    first = Link(str(UUID(int=1)), 1, "dinkes", EPOCH)
    others = [
        Link(str(UUID(int=2)), 1, "dinkes", EPOCH),
        Link(str(UUID(int=1)), 2, "dinkes", EPOCH),
        Link(str(UUID(int=1)), 1, "dinkesx", EPOCH),
        Link(str(UUID(int=1)), 1, "dinkes", EPOCH + timedelta(seconds=1)),
    ]
    assert len({token_of(SECRET, one) for one in (first, *others)}) == 5
