"""Counting from outside what became of everything that citizens wrote."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from hub.simulator.cases import Case
from hub.simulator.mail import MailSink
from hub.simulator.profiles import AgencyProfile
from hub.simulator.sms import SmsGateway, local_number

MARKER = re.compile(r"\bref-\d+-\d{6,}\b")
ANSWER_MARKER = re.compile(r"\bjwb-\d+-\d{6,}\b")


class HasCases(Protocol):
    """An agency of any kind, as far as it is counted."""

    @property
    def profile(self) -> AgencyProfile:
        """Who it is."""

    @property
    def cases(self) -> list[Case]:
        """What it has on file."""


@dataclass(frozen=True)
class Tally:
    """What agencies and citizens have, by their own files."""

    cases: Mapping[str, Mapping[str, int]]
    """Marker -> agency -> how many cases."""
    unmarked: Mapping[str, int]
    """Agency -> how many cases without any marker."""
    answers: Mapping[str, Mapping[str, int]]
    """Marker of a citizen's answer -> agency -> in how many events it came."""
    messages: Mapping[str, int]
    """E-mail address or number (with leading 0) -> distinct messages that arrived."""
    mail_duplicates: int
    """Mails whose Message-ID had come before."""
    sms_duplicates: int
    """Messages whose client reference had come before."""

    @property
    def doubled(self) -> list[tuple[str, str]]:
        """Every (marker, agency) with more than one case."""
        return [
            (marker, agency)
            for marker, agencies in sorted(self.cases.items())
            for agency, times in sorted(agencies.items())
            if times > 1
        ]

    def missing(self, markers: Iterable[str]) -> list[str]:
        """Return those markers that no agency has."""
        return [marker for marker in markers if marker not in self.cases]


def take_tally(agencies: Iterable[HasCases], mail: MailSink, sms: SmsGateway) -> Tally:
    """Count now."""
    cases: dict[str, Counter[str]] = {}
    answers: dict[str, Counter[str]] = {}
    unmarked: Counter[str] = Counter()
    for agency in agencies:
        name = agency.profile.name
        for case in agency.cases:
            markers = _find(MARKER, case.body)
            unmarked[name] += not markers
            _count(cases, markers, name)
            for event in case.events:
                _count(answers, _find(ANSWER_MARKER, event), name)
    messages = Counter(rcpt for m in mail.distinct for rcpt in m.rcpt_tos)
    messages.update(local_number(message.to) for message in sms.distinct)
    return Tally(
        cases=cases,
        unmarked=+unmarked,
        answers=answers,
        messages=messages,
        mail_duplicates=mail.wire_duplicates,
        sms_duplicates=sms.wire_duplicates,
    )


def _find(marker: re.Pattern[str], value: Mapping[str, object]) -> set[str]:
    return set(marker.findall(json.dumps(value, ensure_ascii=False)))


def _count(into: dict[str, Counter[str]], markers: set[str], agency: str) -> None:
    for found in markers:
        into.setdefault(found, Counter())[agency] += 1
