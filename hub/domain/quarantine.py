"""Why messages wait in quarantine, and the way out of each."""

from collections.abc import Mapping
from types import MappingProxyType

WAYS_OUT: Mapping[str, str] = MappingProxyType(
    {
        "unmapped_status": "add the agency's word to [statuses] of its agency.toml, "
        "then replay",
        "bounce": "nobody there has read the mail: mend `to` in [settings] of the "
        "agency's agency.toml, then send the case again: simpul complaints take-back, "
        "then assign, NAME --agency AGENCY; then discard",
        "orphan": "find its complaint, then: simpul quarantine match ID NAME "
        "--reference REF",
        "malformed": "mend [settings.update] of agency.toml, or ask the agency; "
        "then replay, or discard",
        "missing_field": "mend [settings.update] of agency.toml, then replay",
        "bad_time": "set the zone and the time's shape in agency.toml, then replay",
        "closed": "its key is not there: restore the key ring, then replay",
        "spam": "look at it: simpul quarantine show ID; replay what a citizen wrote, "
        "discard the rest",
        "flood": "one address wrote more than notices.caps.complaints_per_day: look at "
        "it, then replay or discard; answer its writer by hand",
        "encrypted": "nobody could be told to write without encryption: read it with "
        "your own key and enter what it says, or discard",
        "unread": "look at it: simpul quarantine show ID; mend its reader and replay, "
        "or discard",
        "illegal_transition": "decide what holds: simpul complaints trace NAME",
        "overtaken": "nothing to do: the decision is on its way to the agency",
    }
)
"""Cause -> what to do."""
OFFICER_LOOKS = SPAM, FLOOD = ("spam", "flood")
"""Causes of what may become a complaint once somebody looked at it, message by
message; no other reading of it changes that."""
DISCARDED = "discarded"
"""What stands before the reason of who set a message aside by hand."""


def cause_of(why: str) -> str:
    """Read the cause out of what was written of a message; `unread` is the rest."""
    head = why.partition(":")[0].partition(" ")[0]
    if head in WAYS_OUT:
        return head
    return (
        "closed" if why.startswith(("it cannot be opened", "its key was")) else "unread"
    )
