"""Listening at the calls of one thread: what went out, what came back.

The integrator's bench shows by it what any system sends, without a word of that
system. Whoever does not listen pays one look at a context variable for each call.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from connectors.protocols.http.answer import HttpAnswer

STAND_IN = HttpAnswer(
    200,
    {"content-type": "application/json"},
    b'{"access_token": "nothing-was-sent", "token_type": "Bearer", "expires_in": 60}',
)
"""What a dry call is answered. Where a token is asked for first, it is one, so that
the call that the token is for is seen, too."""


@dataclass
class Exchange:
    """One call and its answer; holds secrets and content: mask before showing."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    step: str
    answer: HttpAnswer | None = field(default=None, repr=False)
    """None where no whole answer came."""


@dataclass
class Tap:
    """What was heard, oldest first."""

    dry: bool
    exchanges: list[Exchange] = field(default_factory=list)


_TAP: ContextVar[Tap | None] = ContextVar("tap", default=None)


@contextmanager
def listening(*, dry: bool = False) -> Iterator[Tap]:
    """Hear every call of this thread; `dry` answers them and sends nothing."""
    heard = Tap(dry)
    before = _TAP.set(heard)
    try:
        yield heard
    finally:
        _TAP.reset(before)


def asked(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, step: str
) -> HttpAnswer | None:
    """Note a call; returns the answer that stands in for sending it, if any."""
    heard = _TAP.get()
    if heard is None:
        return None
    heard.exchanges.append(Exchange(method, url, dict(headers), body, step))
    return answered(STAND_IN) if heard.dry else None


def answered(answer: HttpAnswer) -> HttpAnswer:
    """Note what the last call was answered, and hand it on."""
    heard = _TAP.get()
    if heard is not None and heard.exchanges:
        heard.exchanges[-1].answer = answer
    return answer
