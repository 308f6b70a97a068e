"""What intake itself decided about a message, for its trace.

Equal decisions are one object: most messages are decided alike, and what is one object
is written once.
"""

from functools import lru_cache

from connectors.contract import Decision, decided
from hub.domain.routing import RoutingDecision
from hub.ports import JournalRow, KnownCase
from schemas.parties import IdentityLevel

Trace = tuple[Decision, ...]

SAME_WORDS = decided("duplicate", "same_words_same_contact", within="24h")
NOT_OURS = decided("thread", "names_no_complaint", becomes="new")
_REVISED: Trace = (decided("duplicate", "same_key_other_content", becomes="new"),)
_PLAIN: Trace = ()


def of_row(row: JournalRow) -> Trace:
    """Tell what the journal found: a message under a key that another one has."""
    return _REVISED if row.revised else _PLAIN


@lru_cache(maxsize=4096)
def accepted(level: IdentityLevel, decision: RoutingDecision) -> Trace:
    """Tell whose complaint it is, how sure, and who must act by which rule."""
    routed = decided(
        "routing",
        decision.rule_id,
        agencies=",".join(agency for agency, _ in decision.agencies) or "triage",
    )
    return (decided("reporter", level), routed)


def found(by: str, level: IdentityLevel, known: KnownCase) -> Trace:
    """Tell how a reply found its complaint, and whether its reporter speaks."""
    speaker = "reporter" if known.contact_matches else "third_party"
    return (decided("speaker", by, speaks=speaker, level=level),)
