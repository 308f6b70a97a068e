"""A unit that has only a mailbox: an officer reads mails, works, and answers them."""

import random
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage
from itertools import count
from typing import Any

from hub.simulator.agency import summary
from hub.simulator.cases import Case, StatusChange, UnknownCase, utc_now
from hub.simulator.mail import MailMessage, MailSink
from hub.simulator.mail_programs import PROGRAMS, answer_to, away_note
from hub.simulator.outbox import OutboxCounts
from hub.simulator.patience import Verdict
from hub.simulator.post import HubAddresses, post_mail
from hub.simulator.profiles import KEMENKES, AgencyProfile
from hub.simulator.running import Running, screen
from hub.simulator.timers import Timers
from hub.simulator.work import Work

NUMBERED = re.compile(r"\[LAPOR ([0-9a-z-]+)\]", re.IGNORECASE)
CHOICE = re.compile(r"(?m)^\s+(\d)  (\S.*?)(?:\s{2,}|\r?$)")
"""A line of the menu that a mail shows: a number, and words between slashes."""
REOPENED = "Dibuka kembali"
AGAIN_SECONDS = 0.2
NUMBER_SHARE, AWAY_SHARE = 0.4, 0.25


@dataclass
class _Folder:
    """All mails of one case, and what its officer noted."""

    case: Case
    mails: list[MailMessage] = field(default_factory=list)


class SimulatedMailbox(Running):
    """Files each mail under the number in its subject, works, and answers by mail.

    It reads every mail of the hub to an agency that comes to its server.

    Whether it answers with a word or a number, by which program, and whether somebody
    was away first depends on the seed and on the how-manieth case it is.
    """

    def __init__(
        self,
        mail: MailSink,
        *,
        seed: int,
        hub_smtp: Callable[[], str],
        work_seconds: tuple[float, float] | None,
        profile: AgencyProfile = KEMENKES,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Describe it; `hub_smtp` is the hub's door for mails, empty while unknown.

        Without `work_seconds` it does nothing until `move` is called.
        """
        self.profile = profile
        self.requests: list[MailMessage] = []
        """Every mail to it, repetitions too."""
        self.posted: list[EmailMessage] = []
        """What it wrote, and the hub took."""
        self._mail = mail
        self._seed = seed
        self._hub_smtp = hub_smtp
        self._now = now
        self._secret = random.Random(f"reply:{seed}").randbytes(16).hex()
        self._timers = Timers(profile.name)
        self._work = Work(
            profile, self._timers, self.move, seed=seed, seconds=work_seconds
        )
        self._lock = threading.Lock()
        self._folders: dict[str, _Folder] = {}
        self._outbox: deque[EmailMessage] = deque()
        self._numbers = count(1)
        self._attempts = 0
        mail.watch(self._take)

    @property
    def cases(self) -> list[Case]:
        """Every case as it stands now, oldest first."""
        with self._lock:
            return [folder.case for folder in self._folders.values()]

    @property
    def told(self) -> OutboxCounts:
        """How far the hub took its answers."""
        waiting = len(self._outbox)
        return OutboxCounts(len(self.posted), waiting, 0, self._attempts)

    @property
    def at_rest(self) -> bool:
        """Tell whether all work is done, and the hub took every answer."""
        return self._timers.at_rest and not self._outbox

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        return {
            "SIMPUL_MAIL_RELAY": self._mail.address,
            "SIMPUL_MAIL_REPLY_SECRET": self._secret,
        }

    def start(self) -> None:
        """Begin to work."""
        self._timers.start()

    def stop(self) -> None:
        """Stop at once; mails are kept, and what is not done waits."""
        self._timers.stop()

    def move(self, nomor: str, word: str, note: str = "") -> StatusChange:
        """Answer the first mail of a case with its next status; raises UnknownCase."""
        with self._lock:
            folder = self._folders.get(nomor)
            if folder is None:
                raise UnknownCase(nomor)
            number = next(self._numbers)
            change = StatusChange(
                word,
                len(folder.case.history) + 1,
                self._now(),
                f"jawab-{number}",
                note,
            )
            history = (*folder.case.history, change)
            folder.case = replace(folder.case, history=history)
            mail, case = folder.mails[0], folder.case
        # Our public numbers are drawn anew in every run; which case it is, is not.
        dice = random.Random(f"{self._seed}:{case.number}:{change.urutan}")
        if change.urutan == 1 and dice.random() < AWAY_SHARE:
            self._post(away_note(mail, number))
        said = _number_of(mail, word) if dice.random() < NUMBER_SHARE else word
        program = dice.choice(sorted(PROGRAMS))
        self._post(answer_to(mail, f"{said}\n{note}".strip(), number, program))
        return change

    def snapshot(self) -> dict[str, Any]:
        """Return what a person would see of the mailbox, ready for JSON."""
        cases = [summary(case) for case in self.cases]
        return screen(self.profile, self.requests, cases, told=self.told)

    # --- its mailbox ----------------------------------------------------------------

    def _take(self, mail: MailMessage) -> None:
        """File a mail; one that came before under its id is not read again.

        What the hub answers is for the person who wrote; a case begins by itself.
        """
        numbered = NUMBERED.search(mail.subject)
        if numbered is None or mail.header("Auto-Submitted") != "auto-generated":
            return
        nomor = numbered[1]
        with self._lock:
            known = any(mail.message_id == one.message_id for one in self.requests)
            self.requests.append(mail)
            if known:
                return
            folder = self._folders.get(nomor)
            is_new = folder is None
            if folder is None:
                number = len(self._folders) + 1
                body = {"isi": mail.text}
                case = Case(nomor, number, mail.message_id, body, self._now())
                folder = self._folders[nomor] = _Folder(case)
            else:
                news = {"id": mail.message_id, "isi": mail.text}
                events = (*folder.case.events, news)
                folder.case = replace(folder.case, events=events)
            folder.mails.append(mail)
        if is_new:
            self._work.begin(folder.case)
        elif REOPENED in mail.text:
            self._work.begin(folder.case, self.profile.words[1:])

    # --- its work -------------------------------------------------------------------

    def _post(self, answer: EmailMessage) -> None:
        with self._lock:
            self._outbox.append(answer)
        self._timers.after(0, self._flush)

    def _flush(self) -> None:
        """Hand every answer to the hub, in order; comes back while it is away."""
        while self._outbox:
            self._attempts += 1
            host, _, port = self._hub_smtp().rpartition(":")
            verdict = Verdict.AGAIN
            if host:
                hub = HubAddresses("", host, int(port))
                verdict = post_mail(hub, self._outbox[0])
            if verdict is Verdict.AGAIN:
                self._timers.after(AGAIN_SECONDS, self._flush)
                return
            answer = self._outbox.popleft()
            if verdict is Verdict.ACCEPTED:
                self.posted.append(answer)


def _number_of(mail: MailMessage, word: str) -> str:
    """Look up the number that stands for a word in the mail's menu, else the word."""
    for number, words in CHOICE.findall(mail.text):
        if word == words.partition(" / ")[0].strip():
            return str(number)
    return word
