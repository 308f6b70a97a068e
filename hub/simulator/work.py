"""What an agency does with its cases: it depends on the seed and the case alone."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from hub.simulator.cases import Case
from hub.simulator.profiles import AgencyProfile
from hub.simulator.timers import Timers

Move = Callable[[str, str, str], object]
"""Gives a case, by its number, its next word with a note."""


class Work:
    """Plans the steps of cases; without `seconds` an agency does nothing by itself."""

    def __init__(
        self,
        profile: AgencyProfile,
        timers: Timers,
        move: Move,
        *,
        seed: int,
        seconds: tuple[float, float] | None,
    ) -> None:
        self._profile = profile
        self._timers = timers
        self._move = move
        self._seed = seed
        self._seconds = seconds

    def begin(self, case: Case, words: Sequence[str] = ()) -> None:
        """Work through a case, or give it back; `words` instead of all steps."""
        plan = random.Random(f"{self._seed}:{self._profile.name}:{case.number}")
        words = words or self._profile.words
        if plan.random() < self._profile.returns:
            words = (words[0], self._profile.return_word)
        self._plan(case.nomor, words, plan)

    def again(self, nomor: str) -> None:
        """Work through a case that was settled once more."""
        plan = random.Random(f"{self._seed}:{nomor}:again")
        self._plan(nomor, self._profile.words[1:], plan)

    def _plan(self, nomor: str, words: Sequence[str], plan: random.Random) -> None:
        if self._seconds is None:
            return
        delay = 0.0
        for word in words:
            delay += plan.uniform(*self._seconds)
            note = plan.choice(self._profile.notes.get(word, ("",)))
            self._timers.after(delay, partial(self._move, nomor, word, note))
