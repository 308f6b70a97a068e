"""Whom a text that no rule places may be for: a suggestion to an officer, never more.

Counts words, nothing else: what the rules' own words, their examples, the names of
their categories and (if asked) past assignments have in common with the text. The same
knowledge and the same text always give the same answer, with the words that speak for
it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp, log

from hub.domain.categories import LANGUAGES, Categories
from hub.domain.words import stem, telling_words
from schemas.agency import RoutingTable

_Counts = defaultdict[str, float]
Lesson = tuple[str, frozenset[str], float]
"""A text, the agencies that it is for, and what it weighs."""

KEYWORD_WEIGHT, EXAMPLE_WEIGHT, NAME_WEIGHT, PAST_WEIGHT = 3.0, 2.0, 1.0, 0.5
"""A rule's word was chosen by somebody; a past text has many that mean nothing."""
SMOOTHING = 0.3
"""Added to every count: one sight proves little."""
WORDS_ELSEWHERE = 500
"""Words that nobody taught; without them little knowledge would look like much."""
WORD_MAX, WORD_MIN = 2.5, -0.5
"""No word alone decides (twelve to one is the most); it speaks less against the others,
so that a text about two things may name two."""
NOBODY = 2.0
"""Evidence that is needed to be as likely as that it is for none of them."""
CONFIDENCE_MIN, CONFIDENCE_MAX = 0.3, 0.99
"""Less is not worth reading; and words alone are never sure."""
SEEN_MIN = 5
"""A word out of past complaints is known when so many of them have it."""
PAST_WORDS_MAX = 50_000
"""Words of the past that are counted; of more, what comes later is left out."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One agency that may be meant."""

    agency: str
    confidence: float
    """Between 0 and 1: how much more speaks for it than for another, or for none."""
    words: tuple[str, ...]
    """Words of the rules that speak for it, best first; none: only the past does."""


def lessons_of(table: RoutingTable, categories: Categories) -> Iterator[Lesson]:
    """Give what a routing table teaches about its agencies."""
    for rule in table.rules:
        agencies = frozenset(rule.main)
        for word in rule.keyword:
            yield word, agencies, KEYWORD_WEIGHT
        for example in rule.examples:
            yield example.text, agencies, EXAMPLE_WEIGHT
        for code in rule.category:
            for language in LANGUAGES:
                yield categories.name(code, language), agencies, NAME_WEIGHT
    for placed in table.examples:
        yield placed.text, frozenset(placed.agencies), EXAMPLE_WEIGHT


def common_words(past: Iterable[tuple[str, Collection[str]]]) -> list[Lesson]:
    """Give what many past complaints teach: (text, agencies) each.

    Bounded in memory. Words of fewer than `SEEN_MIN` complaints are forgotten.
    """
    seen: Counter[str] = Counter()
    by_agency: dict[str, Counter[str]] = defaultdict(Counter)
    for text, agencies in past:
        for word in sorted(set(telling_words(text))):
            if word not in seen and len(seen) >= PAST_WORDS_MAX:
                continue
            seen[word] += 1
            for agency in agencies:
                by_agency[agency][word] += 1
    return [
        (word, frozenset({agency}), PAST_WEIGHT * count)
        for agency, counts in sorted(by_agency.items())
        for word, count in sorted(counts.items())
        if seen[word] >= SEEN_MIN
    ]


class Suggester:
    """What was learned: for each agency what each known word is worth."""

    def __init__(
        self,
        lessons: Iterable[Lesson],
        agencies: Collection[str],
        past: Iterable[Lesson] = (),
    ) -> None:
        """Learn; only the given agencies are ever suggested.

        No word is shown that only the past has.
        """
        counts = {name: _Counts(float) for name in sorted(agencies)}
        taught = list(lessons)
        self._spelling: dict[str, str] = {}
        for text, _, _ in taught:
            for word in telling_words(text):
                self._spelling.setdefault(stem(word), word)
        everything = _Counts(float)
        for text, whom, weight in (*taught, *past):
            for word in telling_words(text):
                form = stem(word)
                everything[form] += weight
                for agency in whom & counts.keys():
                    counts[agency][form] += weight
        self._worth = {
            agency: _worth(own, everything) for agency, own in counts.items()
        }

    def __call__(
        self, text: str, at_most: int = 2, without: Collection[str] = ()
    ) -> list[Suggestion]:
        """Suggest agencies for a text, the most likely first; maybe none.

        Those `without` are never suggested; what speaks for them speaks against others.
        """
        said = sorted({stem(word) for word in telling_words(text)})
        for_whom = {
            agency: {word: worth[word] for word in said if word in worth}
            for agency, worth in self._worth.items()
        }
        sums = {agency: sum(words.values()) for agency, words in for_whom.items()}
        most = max((NOBODY, *sums.values()))  # of long texts the sums are large
        shares = {agency: exp(found - most) for agency, found in sums.items()}
        whole = exp(NOBODY - most) + sum(shares[one] for one in sums if sums[one])
        found = [
            Suggestion(
                agency,
                min(CONFIDENCE_MAX, round(shares[agency] / whole, 2)),
                self._speaking(for_whom[agency]),
            )
            for agency in sums
            if sums[agency] > 0 and agency not in without
        ]
        found.sort(key=lambda one: (-one.confidence, one.agency))
        return [one for one in found if one.confidence >= CONFIDENCE_MIN][:at_most]

    def _speaking(
        self, worth: Mapping[str, float], at_most: int = 4
    ) -> tuple[str, ...]:
        shown = [word for word in worth if worth[word] > 0 and word in self._spelling]
        shown.sort(key=lambda word: (-worth[word], word))
        return tuple(self._spelling[word] for word in shown[:at_most])


def _worth(
    own: Mapping[str, float], everything: Mapping[str, float]
) -> dict[str, float]:
    """Compute the logarithm of how much likelier a word is for an agency than not."""
    size = len(everything) + WORDS_ELSEWHERE
    mine = sum(own.values())
    others = sum(everything.values()) - mine
    found = {}
    for word, count in everything.items():
        had = own.get(word, 0.0)
        ratio = (had + SMOOTHING) / (mine + SMOOTHING * size)
        against = (count - had + SMOOTHING) / (others + SMOOTHING * size)
        # What was seen once says little, and what never was speaks against it only.
        most = WORD_MAX * min(1.0, had / KEYWORD_WEIGHT)
        found[word] = max(WORD_MIN, min(most, log(ratio / against)))
    return found
