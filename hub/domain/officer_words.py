"""What an officer hears who answered by mail, in Indonesian and English."""

from collections.abc import Mapping
from types import MappingProxyType

_TAKEN = (
    "Jawaban Anda tentang laporan {reference} sudah dicatat: {word}.",
    "Your answer on report {reference} is recorded: {word}.",
)
_UNMOVED = (
    (
        "Jawaban Anda tentang laporan {reference} sudah dicatat ({word}), "
        "tetapi tidak mengubah statusnya."
    ),
    (
        "Your answer on report {reference} is recorded ({word}), "
        "but it does not change its status."
    ),
)
_UNCLEAR = (
    (
        "Baris pertama jawaban Anda tentang laporan {reference} tidak kami kenal. "
        "Balas lagi dengan satu angka atau kata ini: {choices}."
    ),
    (
        "We do not know the first line of your answer on report {reference}. "
        "Please reply again with one of these numbers or words: {choices}."
    ),
)
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"taken": _TAKEN, "unmoved": _UNMOVED, "unclear": _UNCLEAR}
)
NUMBERS: Mapping[str, int] = MappingProxyType({"unclear": 1, "taken": 2, "unmoved": 2})
"""Number of each answer within its message: one of a kind, however often it is read."""


def officer_words(
    kind: str, reference: str, word: str = "", choices: str = ""
) -> tuple[str, str]:
    """Word what became of an officer's answer: Indonesian, English."""
    given = {"reference": reference, "word": word, "choices": choices}
    indonesian, english = (sentence.format(**given) for sentence in WORDS[kind])
    return indonesian, english
