"""A month in a region: who does what on which morning, on a clock that is moved.

Each day has three instants: at nine people write, agencies and officers work; at one
nothing happens; a minute after four limits that end this day are over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from hub.database import tables as t
from hub.simulator.agency import SimulatedAgency
from tests.acceptance.scenarios.by_hand import WIB, is_working, working_days_between
from tests.acceptance.scenarios.town import Town

MORNING, NOON, EVENING = time(9), time(13), time(16, 1)
Plan = Sequence[tuple[int, str]]
"""(working days after the case came, the agency's word)."""
PLANS: dict[str, tuple[Plan, ...]] = {
    "dinas_pupr": (
        ((1, "Dikerjakan"), (3, "Selesai")),
        (),
        ((1, "Bukan Wewenang"),),
        ((6, "Dikerjakan"), (8, "Selesai")),
        ((0, "Diterima"),),
    ),
    "disdukcapil": (
        ((2, "PROSES"), (3, "TANGGAPAN")),
        ((4, "SELESAI"),),
        ((7, "TANGGAPAN"),),
    ),
    "dinkes": (((2, "tuntas"),), ()),
}
"""Agency -> what it does with its n-th case: quick, silent, elsewhere, late."""
LETTERS: tuple[dict[str, Any], ...] = (
    {"title": "Jalan berlubang", "category": {"code": "pekerjaan-umum"}},
    {"title": "KTP belum jadi", "category": {"code": "kependudukan"}},
    {"title": "Antrean lama", "category": {"code": "kesehatan"}},
    {"title": "Mohon bantuan", "body": "Mohon dibantu segera."},
)
"""What citizens write each working day; no rule places the last one."""


@dataclass
class Month:
    """Plays so many days from a first one; what was decided is in the hub."""

    town: Town
    first: date
    days: int
    codes: list[str] = field(default_factory=list)
    _done: set[tuple[str, str, int]] = field(default_factory=set)
    _decided: set[str] = field(default_factory=set)

    @property
    def end(self) -> datetime:
        """The last instant that was played."""
        return _at(self.first + timedelta(days=self.days - 1), EVENING)

    def play(self) -> None:
        """Play all days; everybody is in step at the end of each instant."""
        for n in range(self.days):
            day = self.first + timedelta(days=n)
            self._go_to(_at(day, MORNING))
            if is_working(day):
                self._work(day)
            self.town.wait(lambda: self.town.in_step)
            for at in (NOON, EVENING):
                self._go_to(_at(day, at))
                self._let_clocks_run()

    def _go_to(self, when: datetime) -> None:
        with self.town.desk.db.write() as tx:
            step = (when - tx.now) // timedelta(microseconds=1)
            c = t.clock.c
            tx.conn.execute(sa.update(t.clock).values(offset_us=c.offset_us + step))

    def _let_clocks_run(self) -> None:
        self.town.wait(lambda: not self.town.desk.clocks.due(1))
        self.town.wait(lambda: self.town.in_step)

    def _work(self, day: date) -> None:
        for agency in self.town.region.agencies.values():
            self._agency(agency, day)
        self._officers(day)
        for n, letter in enumerate(LETTERS):
            title = f"{letter['title']} {day:%d} {n}"
            code = self.town.write(**{**letter, "title": title})
            self.codes.append(code)

    def _agency(self, agency: SimulatedAgency, day: date) -> None:
        plans = PLANS[agency.profile.name]
        for case in agency.cases:
            came = case.created_at.astimezone(WIB).date()
            for n, (after, word) in enumerate(plans[case.number % len(plans)]):
                done = (agency.profile.name, case.nomor, n)
                if done in self._done or working_days_between(came, day) < after:
                    continue
                self._done.add(done)
                agency.move(case.nomor, word, f"Catatan {n}")

    def _officers(self, day: date) -> None:
        """Half of what waits is decided soon, the other half too late."""
        for row in self.town.desk.queries.complaints(limit=1000):
            if not row["triage"]:
                continue
            number, late = str(row["id"]), int(row["public_number"]) % 2
            waited = working_days_between(_day(row["received_at"]), day)
            if waited < (6 if late else 2) or number in self._decided:
                continue
            self._decided.add(number)
            if row["status"] == "return_requested":
                self.town.act(number, "take-back", agency="dinas_pupr")
            elif row["status"] == "received":
                self.town.act(number, "verify")
            self.town.act(number, "assign", agency="dinkes")


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, WIB).astimezone(UTC)


def _day(at: datetime) -> date:
    return at.astimezone(WIB).date()
