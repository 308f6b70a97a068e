"""Effective order: where events stand, however they arrived."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from schemas.events import NewEvent

FROM_ABOVE = 0
"""Number of the stream in which an upstream platform speaks of the case: no leg."""

NUMBER_DIGITS = 20
"""How long the key of a numbered update is: equally long keys sort like numbers."""
BEFORE_NUMBERS = "/"
"""It sorts before every digit."""


def effective_order(
    events: Sequence[tuple[int, NewEvent]],
) -> list[tuple[datetime, int, NewEvent]]:
    """Put events in effective order, each with its effective instant.

    The hub's own events keep their seq order. The updates of one leg stand in
    (order key, occurred at, occurrence key) order, never before the leg was
    opened; an upstream platform's words likewise, never before the complaint was
    registered. Between the two the effective instants decide.
    """
    own = sorted(
        ((seq, event) for seq, event in events if not is_on_leg(event)),
        key=lambda pair: pair[0],
    )
    opened: dict[tuple[str, int], datetime] = {}
    rows: list[tuple[datetime, int, tuple[str, int], int, int, NewEvent]] = []
    latest: datetime | None = None
    begun: datetime | None = None
    for index, (seq, event) in enumerate(own):
        latest = event.occurred_at if latest is None else max(latest, event.occurred_at)
        rows.append((latest, 0, ("", 0), index, seq, event))
        if event.type == "assigned" and event.leg is not None:
            opened.setdefault(event.leg, latest)
        elif event.type == "registered" and begun is None:
            begun = latest
    for leg, updates in _by_leg(events).items():
        running = begun if leg[1] == FROM_ABOVE else opened.get(leg)
        for index, (seq, event) in enumerate(updates):
            at = event.occurred_at
            running = at if running is None else max(running, at)
            rows.append((running, 1, leg, index, seq, event))
    rows.sort(key=lambda row: row[:4])
    return [(at, seq, event) for at, _, _, _, seq, event in rows]


def last_number(events: Iterable[NewEvent], leg: tuple[str, int]) -> str:
    """Name the highest order key of a leg's numbered updates; empty: there is none."""
    keys = (event.order_key[:NUMBER_DIGITS] for event in events if event.leg == leg)
    return max((key for key in keys if _is_number(key)), default="")


def last_word(events: Iterable[NewEvent], leg: tuple[str, int]) -> str:
    """Name the occurrence key of the last update of a leg that came; empty: none."""
    keys = [event.occurrence_key for event in events if event.leg == leg]
    return next((key for key in reversed(keys) if key), "")


def _is_number(key: str) -> bool:
    return len(key) == NUMBER_DIGITS and key.isdecimal()


def is_on_leg(event: NewEvent) -> bool:
    """Tell an update of a leg, that its own order places, from what seq places."""
    return bool(event.occurrence_key) and event.leg is not None


def is_from_above(event: NewEvent) -> bool:
    """Tell an upstream platform's word on the case."""
    return is_on_leg(event) and event.leg is not None and event.leg[1] == FROM_ABOVE


def _by_leg(
    events: Sequence[tuple[int, NewEvent]],
) -> dict[tuple[str, int], list[tuple[int, NewEvent]]]:
    legs: dict[tuple[str, int], dict[str, tuple[int, NewEvent]]] = {}
    for seq, event in sorted(events, key=lambda pair: pair[0]):
        if is_on_leg(event) and event.leg is not None:
            legs.setdefault(event.leg, {}).setdefault(
                event.occurrence_key, (seq, event)
            )
    return {
        leg: sorted(
            found.values(),
            key=lambda p: (p[1].order_key, p[1].occurred_at, p[1].occurrence_key),
        )
        for leg, found in sorted(legs.items())
    }
