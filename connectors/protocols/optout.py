"""The words by which a citizen wants no messages, or messages again.

Only as the whole message: "STOP pungli di pasar" is a complaint.
"""

STOP_WORDS = frozenset({"STOP", "UNREG", "BERHENTI", "UNSUBSCRIBE"})
START_WORDS = frozenset({"START", "MULAI"})
_MARKS = " \t\r\n\"'#*().,!?;:-"


def read_opt_out(text: str) -> bool | None:
    """Tell whether a text says stop (True) or start (False); None: neither."""
    word = text.strip(_MARKS).upper()
    if word in STOP_WORDS:
        return True
    return False if word in START_WORDS else None
