"""Which conversation a mail belongs to, for counting what is said in it."""

import re

from connectors.protocols.mail.headers import Headers

_PREFIX = re.compile(r"^(?:(?:re|fwd?|bls|balas|aw|tr)\s*(?:\[\d+\])?\s*:\s*)+")
_NUMBERS = re.compile(r"\d+")


def conversation_of(headers: Headers) -> str:
    """Name a conversation: the mail that began it, else the subject without numbers.

    Two ticket systems that answer each other without headers differ in their numbers
    only. Empty for a mail that has neither: it stands alone.
    """
    chain = headers.message_ids("references") or headers.message_ids("in-reply-to")
    if chain:
        return chain[0][:500]
    subject = _PREFIX.sub("", headers.text("subject").casefold()[:500])
    return " ".join(_NUMBERS.sub("#", subject).split())
