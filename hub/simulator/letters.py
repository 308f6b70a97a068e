"""Who writes what: the n-th letter of a seed is always the same."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from hub.simulator.attachments import Attachment, pdf, png
from hub.simulator.texts import (
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    SAMPLES,
    Sample,
)

CHANNELS = {"email": 35, "sms": 25, "web": 40}
"""How often each channel is chosen, relative to the others."""
ANONYMOUS_SHARE = 0.3
CONFIDENTIAL_SHARE = 0.15
PLACE_SHARE = 0.7
ATTACHMENT_SHARE = 0.15
INCIDENT_DAYS_MAX = 60


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One thing that one citizen is about to write; no two share an address."""

    marker: str
    """Stands in the text and nowhere else: finds the complaint from outside."""
    channel: str
    sample: Sample
    name: str = field(repr=False)
    email: str
    phone: str
    """As the citizen's telephone shows it, with a leading 0."""
    place: str
    days_ago: int
    anonymous: bool
    confidential: bool
    attachment: Attachment | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """Return the words with the marker."""
        return f"{self.sample.body} ({self.marker})"

    @property
    def sms_text(self) -> str:
        """Return the words of an SMS with keyword and marker."""
        return f"LAPOR {self.sample.short} {self.marker}"


class Letters:
    """An endless supply of letters; safe for many threads."""

    def __init__(self, seed: int, samples: Sequence[Sample] = SAMPLES) -> None:
        self._seed = seed
        self._samples = samples
        self._numbers = count(1)
        self._answers = count(1)
        self._lock = threading.Lock()

    def next(self) -> Letter:
        """Return the next letter."""
        with self._lock:
            number = next(self._numbers)
        return self._write(number)

    def next_answer_marker(self) -> str:
        """Return the marker of the next answer of a citizen."""
        with self._lock:
            return f"jwb-{self._seed}-{next(self._answers):06d}"

    def _write(self, number: int) -> Letter:
        dice = random.Random(f"{self._seed}:letter:{number}")
        weights = [sample.weight for sample in self._samples]
        sample = dice.choices(self._samples, weights)[0]
        # Ten characters at least: nothing that could pass for a tracking code.
        marker = f"ref-{self._seed}-{number:06d}"
        return Letter(
            marker=marker,
            channel=dice.choices([*CHANNELS], [*CHANNELS.values()])[0],
            sample=sample,
            name=f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}",
            email=f"warga-{self._seed}-{number:05d}@example.org",
            phone=f"0812000{number:04d}",
            place=self._place(sample, dice),
            days_ago=dice.randint(0, INCIDENT_DAYS_MAX),
            anonymous=dice.random() < ANONYMOUS_SHARE,
            confidential=sample.confidential or dice.random() < CONFIDENTIAL_SHARE,
            attachment=self._attach(marker, dice),
        )

    @staticmethod
    def _place(sample: Sample, dice: random.Random) -> str:
        place = dice.choice(PLACES)
        return place if sample.has_place and dice.random() < PLACE_SHARE else ""

    @staticmethod
    def _attach(marker: str, dice: random.Random) -> Attachment | None:
        if dice.random() >= ATTACHMENT_SHARE:
            return None
        return png(dice) if dice.random() < 0.5 else pdf(marker)  # noqa: PLR2004
