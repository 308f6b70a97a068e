"""What an officer hears who answered by mail, in Indonesian and English."""

from collections.abc import Mapping, Sequence
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
        "Jawaban Anda tentang laporan {reference} belum dapat dicatat, dan statusnya "
        "tidak berubah. {heard}\n\n"
        "Balas surel ini; tulis satu angka atau satu kata ini pada baris pertama:\n"
        "{choices}"
    ),
    (
        "Your answer on report {reference} could not be recorded, and its status did "
        "not change. {heard}\n\n"
        "Reply to this mail with one of these numbers or words on the first line:\n"
        "{choices}"
    ),
)
WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"taken": _TAKEN, "unmoved": _UNMOVED, "unclear": _UNCLEAR}
)
HEARD: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "said": (
            'Baris pertamanya "{said}", yang tidak ada dalam daftar.',
            'Its first line is "{said}", which is not on the list.',
        ),
        "meant": (
            'Baris pertamanya "{said}"; apakah maksud Anda {meant}?',
            'Its first line is "{said}"; did you mean {meant}?',
        ),
        "nothing": (
            "Di atas kutipan tidak ada kata.",
            "There is no word above what it quotes.",
        ),
    }
)
"""What was understood of an answer that is no choice."""
NUMBERS: Mapping[str, int] = MappingProxyType({"unclear": 1, "taken": 2, "unmoved": 2})
"""Number of each answer within its message: one of a kind, however often it is read."""


def officer_words(
    kind: str,
    reference: str,
    word: str = "",
    choices: Sequence[str] = (),
    heard: tuple[str, str] = ("", ""),
) -> tuple[str, str]:
    """Word what became of an officer's answer: Indonesian, English.

    `heard` is the line in which a word was looked for, and the one that it may mean.
    """
    said, meant = heard
    known = "meant" if meant else "said" if said else "nothing"
    lines = "\n".join(choices)
    indonesian, english = (
        sentence.format(
            reference=reference,
            word=word,
            choices=lines,
            heard=HEARD[known][n].format(said=said, meant=meant),
        )
        for n, sentence in enumerate(WORDS[kind])
    )
    return indonesian, english
