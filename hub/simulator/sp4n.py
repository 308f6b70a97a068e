"""The simulated SP4N-LAPOR!: complaints begin on it, and it has to be asked."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hub.simulator.cases import utc_now
from hub.simulator.faults import FaultPlan, Timing
from hub.simulator.misbehaviour import Answer
from hub.simulator.outbox import OutboxCounts
from hub.simulator.ports import LOOPBACK_NETWORKS
from hub.simulator.running import Served, screen
from hub.simulator.server import FaultyServer, RecordedRequest
from hub.simulator.sp4n_api import Sp4nApi
from hub.simulator.sp4n_book import CENTRE, STATUSES, Sp4nBook, Sp4nCase
from hub.simulator.timers import Timers

NOBODY = OutboxCounts(delivered=0, waiting=0, refused=0, attempts=0)
"""It never tells the hub anything by itself."""


@dataclass(frozen=True)
class Sp4nProfile:
    """Who the platform is, and as whom the hub comes to it."""

    name: str = "sp4n_lapor"
    short: str = "SP4N"
    title: str = "SP4N-LAPOR!"
    institution_id: int = 5201
    """The hub's own institution there."""


SP4N = Sp4nProfile()


class SimulatedSp4n(Served):
    """SP4N-LAPOR! with its quirks, and the surface of a simulated agency.

    It has no key, no webhook and no search. What is filed is verified by itself when
    it has `work_seconds`; everything else happens when a test says so.
    """

    def __init__(
        self,
        profile: Sp4nProfile = SP4N,
        *,
        seed: int,
        work_seconds: tuple[float, float] | None = None,
        timing: Timing | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Describe the platform; `work_seconds` bounds the time until it verifies."""
        secrets = random.Random(f"sp4n:{seed}")
        self.profile = profile
        self.token = secrets.randbytes(16).hex()
        self.app_token = secrets.randbytes(16).hex()
        self.faults = FaultPlan(seed=seed, timing=timing)
        self._dice = random.Random(f"{seed}:{profile.name}")
        self._work_seconds = work_seconds
        self._timers = Timers(profile.name)
        self.book = Sp4nBook(now)
        self._api = Sp4nApi(self.book, self.token, self.app_token)
        self._server = FaultyServer(self._answer, self.faults)

    @property
    def cases(self) -> list[Sp4nCase]:
        """Every complaint as it stands now, oldest first."""
        return self.book.cases

    @property
    def told(self) -> OutboxCounts:
        """How far the hub was told: it has to ask."""
        return NOBODY

    def environment(self) -> dict[str, str]:
        """Return the variables by which its agency.toml finds it."""
        prefix = f"SIMPUL_{self.profile.short}"
        return {
            f"{prefix}_URL": self.url,
            f"{prefix}_TOKEN": self.token,
            f"{prefix}_APP_TOKEN": self.app_token,
            "SIMPUL_EGRESS_NETWORKS": LOOPBACK_NETWORKS,
        }

    def begin(self, title: str, content: str, **more: Any) -> Sp4nCase:
        """Let a citizen complain there; it is disposed to the hub's institution."""
        body = {
            "title": title,
            "content": content,
            "classification_id": 1,
            "category_id": 199,
            "location_id": 3200,
            "is_anonymous": False,
            "is_secret": False,
            "tags_raw": "",
            "disposition_id": self.profile.institution_id,
        }
        return self.book.open(body | more, filed=False)

    def move(self, nomor: str, word: str, note: str = "") -> Sp4nCase:
        """Let the centre give a complaint its next status, by its name or its code.

        Raises UnknownCase.
        """
        codes = {name: code for code, name in STATUSES.items()}
        codes |= {str(code): code for code in STATUSES}
        fault = self.faults.for_update()
        return self.book.move(nomor, codes[word], CENTRE, note, fault)

    def say(self, nomor: str, content: str, by: int | None = None) -> Sp4nCase:
        """Let its reporter, or an institution, write; raises UnknownCase."""
        fields: Mapping[str, Any] = {
            "institution_from_id": by,
            "template_code": "tanggapan" if by is None else "tindak_lanjut",
            "content": content,
        }
        return self.book.follow_up(nomor, fields)

    def snapshot(self) -> dict[str, Any]:
        """Return what a person would see on its screen, ready for JSON."""
        return screen(
            self.profile,
            self.requests,
            [_summary(case) for case in self.cases],
            url=self.url,
            faults=self.faults,
        )

    def _answer(self, request: RecordedRequest) -> Answer:
        before = len(self.book.cases)
        answer = self._api.answer(request)
        if self._work_seconds is not None:
            for case in self.book.cases[before:]:
                seconds = self._dice.uniform(*self._work_seconds)
                verify = partial(self.move, case.nomor, STATUSES[2])
                self._timers.after(seconds, verify)
        return answer


def _summary(case: Sp4nCase) -> dict[str, Any]:
    return {
        "nomor": case.nomor,
        "status": case.word,
        "created_at": case.created_at.astimezone(UTC).isoformat(),
        "history": [log["status_new"] for log in case.logs],
        "events": len(case.followups),
    }
