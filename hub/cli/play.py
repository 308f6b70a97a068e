"""The demo's play: real citizens and agencies over real wires, no staged sleeps."""

import dataclasses
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors import registry
from hub.bootstrap import Hub, build_hub
from hub.cli.errors import Failed
from hub.settings import MailNotices, Notices, Server, Settings, SmsNotices, Work
from hub.simulator.citizens import Sent
from hub.simulator.faults import Fault
from hub.simulator.letters import Letter, Letters
from hub.simulator.open311_profile import TIRTA
from hub.simulator.profiles import KEMENKES, PROFILES
from hub.simulator.region import SimulatedRegion
from hub.simulator.sms import local_number
from hub.simulator.sp4n import SP4N
from hub.simulator.texts import SAMPLES

DEADLINE_SECONDS = 55.0
BROKEN = "disdukcapil"
SHORT_LIMITS = """[limits]
rate_per_second = 50
concurrency = 4
deadline_seconds = 2
settle_after_seconds = 1
backoff_base_seconds = 0.5
backoff_cap_seconds = 3
breaker_open_seconds = 1
ramp_seconds = 0.5
"""
SHORT_POLL = """[poll]
every_seconds = 1
"""
LETTERS = (
    ("email", 1, "a mail with a file: a road"),
    ("sms", 7, "an SMS: street lights"),
    ("web", 2, "a web complaint: an identity card, whose agency is broken"),
    ("web", 5, "an anonymous web complaint: a health centre"),
    ("web", 12, "a web complaint that two agencies share: waste"),
    ("email", 6, "a mail about a licence: for a unit that has only a mailbox"),
)
"""Channel, sample and what it shows."""


@dataclass
class Play:
    """A running region and hub, and what was sent."""

    region: SimulatedRegion
    hub: Hub
    seed: int
    sent: list[Sent] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    step: str = "starting"

    @property
    def seconds(self) -> float:
        """Seconds since the play began."""
        return time.monotonic() - self.began

    def write(self) -> None:
        """Let the citizens write, one letter of each kind."""
        self.region.agencies[BROKEN].faults.set(Fault.TOO_LARGE_413)
        supply = Letters(self.seed, SAMPLES)
        for channel, number, what in LETTERS:
            self.step = what
            letter = _letter(supply.next(), channel, number)
            self.sent.append(self.region.citizens.write(letter))

    def reply(self) -> None:
        """Let the first mail's writer answer the hub's mail."""
        self.step = "the citizen answers the hub's mail"
        address = self.sent[0].contact
        self.wait(lambda: bool(self.region.mail.received(address)), "the first mail")
        mail = self.region.mail.received(address)[0]
        self.sent.append(
            self.region.citizens.answer_mail(mail, "Lokasinya di depan toko")
        )

    def wait_for_dead_letter(self) -> None:
        """Wait until the broken agency's refusal is on the operator's list."""
        self.step = f"{BROKEN} refuses: see the dead letter"
        self.wait(lambda: bool(self.hub.store.queries.dead_letters()), "a dead letter")

    def mend(self) -> int:
        """Mend the broken agency, and retry what it refused."""
        self.step = f"{BROKEN} is mended; its dead letters are retried"
        self.region.agencies[BROKEN].faults.clear()
        letters = [row["id"] for row in self.hub.store.queries.dead_letters()]
        return self.hub.store.operations.retry(letters, "demo", "the agency was mended")

    def settle(self) -> None:
        """Wait until every party is in step."""
        self.step = "waiting until everyone is in step"
        self.wait(lambda: self.at_rest, "everyone in step")
        self.step = "everyone is in step"

    @property
    def at_rest(self) -> bool:
        """Tell whether neither the hub nor any agency has anything left to do."""
        if not self.region.at_rest:  # before and after: it may have spoken meanwhile
            return False
        counts = self.hub.store.queries.counts()
        idle = ("to_work", "lagging", "dead_letters", "answers_waiting")
        return not any(counts[name] for name in idle) and self.region.at_rest

    def wait(self, test: Callable[[], bool], what: str) -> None:
        """Wait for a state; raises TimeoutError when it does not come in time."""
        while not test():
            if self.seconds > DEADLINE_SECONDS:
                msg = f"waited for {what}, in vain"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def result(self) -> dict[str, Any]:
        """Count from the agencies' and citizens' side, not from the hub's tables."""
        tally = self.region.tally()
        letters = [s for s in self.sent if s.letter is not None and s.accepted]
        answers = [s for s in self.sent if s.letter is None and s.accepted]
        lost = tally.missing([s.marker for s in letters])
        lost += [s.marker for s in answers if s.marker not in tally.answers]
        told = [c for s in letters if (c := _contact(s)) and tally.messages.get(c)]
        untold = [s.marker for s in letters if (c := _contact(s)) and c not in told]
        reached = {agency for agencies in tally.cases.values() for agency in agencies}
        doubled = len(tally.doubled) + tally.mail_duplicates + tally.sms_duplicates
        return {
            "accepted": len(letters) + len(answers),
            "complaints": len(tally.cases),
            "parties": len(reached) + len(set(told)),
            "in_step": self.at_rest and not lost and not untold,
            "lost": len(lost),
            "duplicated": doubled,
            "seconds": round(self.seconds, 1),
        }


def _letter(letter: Letter, channel: str, number: int) -> Letter:
    sample = next(s for s in SAMPLES if s.number == number)
    anonymous = number == 5  # noqa: PLR2004 - the sample about a health centre
    return dataclasses.replace(
        letter, channel=channel, sample=sample, anonymous=anonymous, confidential=False
    )


def _contact(sent: Sent) -> str:
    """Name where this citizen is told; the web's are told on their page and by mail."""
    if sent.letter is None or sent.letter.anonymous:
        return ""
    return local_number(sent.contact) if sent.channel == "sms" else sent.contact


@contextmanager
def playing(data_dir: Path, port: int, seed: int | None) -> Iterator[Play]:
    """Start a region and a hub on free ports; both end with the block.

    Raises Failed when the port is taken.
    """
    number = seed if seed is not None else secrets.randbelow(10**9)
    with SimulatedRegion(number, work_seconds=(0.3, 1.5)) as region:
        environment = region.environment()
        hub = build_hub(_settings(data_dir, port, environment), environment)
        try:
            _start(hub, port)
            region.connect(hub.http_url, hub.smtp_address)
            yield Play(region, hub, number)
        finally:
            hub.stop()


def _start(hub: Hub, port: int) -> None:
    try:
        hub.start()
    except OSError as error:
        why = error.strerror or error
        msg = f"the doors do not open (HTTP port {port}): {why}; choose another --port"
        raise Failed(msg) from error


def _settings(data_dir: Path, port: int, environment: dict[str, str]) -> Settings:
    return Settings(
        data_dir=data_dir,
        agencies_dir=short_agencies(data_dir / "agencies"),
        server=Server(port=port),
        work=Work(orphan_waits_seconds=(0.5, 1, 2, 5, 10)),
        # Nobody waits for the morning, or for a burst, to see a play.
        notices=Notices(
            email=MailNotices(burst_seconds=0),
            sms=SmsNotices(burst_seconds=0, quiet_hours=""),
        ),
        channels={
            "web": {},
            "email": {
                "domain": "simpul.example",
                "relay": environment["SIMPUL_MAIL_RELAY"],
                "reply_secret": environment["SIMPUL_MAIL_REPLY_SECRET"],
                "deadline_seconds": 5,
            },
            "sms": {
                "gateways": {
                    "gateway": {
                        "secret": "env:SIMPUL_SMS_SECRET",
                        "send_url": "env:SIMPUL_SMS_SEND_URL",
                        "send_secret": "env:SIMPUL_SMS_SEND_SECRET",
                        "line": "1708",
                        "deadline_seconds": 5,
                    }
                }
            },
        },
    )


def short_agencies(folder: Path) -> Path:
    """Copy the agencies of the region with limits that make waiting brief."""
    for profile in (*PROFILES, KEMENKES, TIRTA, SP4N):
        manifest = registry.SAMPLES / profile.name / "agency.toml"
        target = folder / profile.name
        target.mkdir(parents=True, exist_ok=True)
        text = re.sub(
            r"\[limits\]\n(?:[a-z_]+ = .*\n)*", SHORT_LIMITS, manifest.read_text()
        )
        text = re.sub(r"\[poll\]\n(?:[a-z_]+ = .*\n)*", SHORT_POLL, text)
        (target / "agency.toml").write_text(text)
    (folder / "routing.toml").write_text(
        (registry.SAMPLES / "routing.toml").read_text()
    )
    return folder
