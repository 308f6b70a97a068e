"""How much one address may be answered, and complain, before somebody looks.

The last line against two machines that answer each other without saying what they are,
behind headers and rules that know a machine. Nothing here suppresses a notice: who has
a complaint hears what becomes of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits for one address of mail within 24 hours."""

    answers_per_conversation: int = 3
    answers_per_day: int = 20
    complaints_per_day: int = 50


def why_unanswered(caps: Caps, in_day: int, in_conversation: int) -> str:
    """Name the limit that an answer would go over; empty: it may be sent."""
    if in_conversation >= caps.answers_per_conversation:
        return "answers_per_conversation"
    return "answers_per_day" if in_day >= caps.answers_per_day else ""


def is_flood(caps: Caps, complaints: int) -> bool:
    """Tell whether one more complaint of an address is looked at by a person first."""
    return complaints >= caps.complaints_per_day
