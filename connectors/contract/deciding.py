"""Decisions about a message, each with the rule that took it: why it became that."""

from dataclasses import dataclass, field

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; hashable, so that equal ones can be written once."""

    decision: str
    """What was decided: classification, thread, charset, date, identity, routing …"""
    rule: str
    """Id of the rule that decided it; empty where nothing applied."""
    evidence: Facts = ()
    """Codes and numbers in the clear: never words of people, never addresses."""
    private: Facts = field(default=(), repr=False)
    """What may name a person; stored under the message's data key only."""


def decided(decision: str, rule: str, **evidence: object) -> Decision:
    """Write a decision with evidence in the clear; what is empty is left out."""
    return Decision(decision, rule, facts(**evidence))


def facts(**given: object) -> Facts:
    """Write evidence as text, without what is empty."""
    return tuple((k, _text(v)) for k, v in given.items() if v is not None and v != "")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
