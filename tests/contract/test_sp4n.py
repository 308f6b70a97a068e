"""The hub and SP4N-LAPOR!, simulated: what begins there, and what is filed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from connectors import registry
from connectors.contract import AgencyConnector, OpenCase, PollAsk
from connectors.systems.sp4n import Sp4nSystem
from hub.database import tables as t
from hub.database.projection import reference_place
from hub.domain.placing import Placing
from hub.simulator.faults import Fault
from hub.simulator.sp4n import SimulatedSp4n
from hub.stages.births import Births
from hub.stages.deliver import Deliver, Way, lane_of
from hub.stages.updates import Updates
from schemas.parties import PartyKind
from tests.contract.above import AGENCIES, LAPOR, ROADS, party
from tests.contract.builders import LIMITS, MAIL, PUPR
from tests.contract.updating import hear as agency_says
from tests.contract.world import Known, World

MANIFEST = registry.SAMPLES / "sp4n_lapor" / "agency.toml"


@dataclass
class Both:
    """The hub and the platform, and everything that goes between them."""

    world: World
    platform: SimulatedSp4n
    connector: AgencyConnector
    checkpoint: bytes | None = None

    def tell(self) -> None:
        """Tell the platform all that is due."""
        manifest = self.connector.extra["manifest"]
        system = self.connector.system
        way = Way(LAPOR, PartyKind.UPSTREAM, system, LIMITS, manifest.allow, "m1")
        cursors = self.world.store.cursors
        deliver = Deliver(cursors, {LAPOR: way}, lambda: 0.0, 1.0)
        while grant := deliver.lease(lane_of(LAPOR), [], 10).leases:
            for lease in grant:
                deliver(lease)

    def ask(self) -> None:
        """Poll the platform to the end, and work what it said."""
        while True:
            ask = PollAsk(self.checkpoint, datetime.now(UTC), self._cases)
            page = self.connector.system.poll(ask)
            ids = [self.world.store.journal.accept(r).journal_id for r in page.raws]
            self._stage()(f"updates.{LAPOR}", ids)
            self.checkpoint = page.checkpoint
            if not page.more:
                break
        rows = self.world.rows(t.journal, lane=f"updates.{LAPOR}")
        due = [row.id for row in rows if row.state in {"new", "waiting"} and row.due_at]
        self._stage()(f"updates.{LAPOR}", due)

    def round(self) -> None:
        """Let both sides hear of each other once."""
        self.ask()
        self.tell()

    def _cases(self, after: str, limit: int) -> list[OpenCase]:
        vault = self.world.store.vault
        found = [
            OpenCase(
                row.complaint_id,
                vault.unwrap(
                    reference_place(row.complaint_id, LAPOR), row.reference
                ).decode(),
            )
            for row in self.world.rows(t.cursors, party=LAPOR)
            if row.reference is not None and row.complaint_id > after
        ]
        return found[:limit]

    def _stage(self) -> Updates:
        agencies = AGENCIES | {LAPOR: self.connector.extra["manifest"]}
        births = Births(Placing(ROADS, agencies), agencies)
        systems = {LAPOR: self.connector.system}
        return Updates(self.world.store.journal, systems, agencies, [60.0], births)


@pytest.fixture
def both(world: World) -> Iterator[Both]:
    with SimulatedSp4n(seed=5) as platform:
        connector = registry.load_agency(MANIFEST, platform.environment())
        world.store.parties.configure([party(mirrors=True)])
        yield Both(world, platform, connector)
        assert isinstance(connector.system, Sp4nSystem)
        connector.system.close()


def only(world: World) -> Known:
    row = world.row(t.complaints)
    return Known(row.id, row.code, "", "")


def test_what_begins_on_the_platform_is_worked_here_and_answered_there(
    both: Both,
) -> None:
    case = both.platform.begin("Jalan berlubang", "Jalan di depan pasar berlubang.")
    both.platform.move(case.nomor, "Terverifikasi")
    both.round()
    known = only(both.world)
    both.world.hand_over()
    agency_says(both.world, PUPR, event_id="1", text="Besok kami perbaiki.")
    both.round()
    both.platform.say(case.nomor, "Terima kasih, kami tunggu.")
    both.platform.move(case.nomor, "Proses")
    both.round()

    (filed,) = both.platform.cases
    assert [row["template_code"] for row in filed.followups] == [
        "proses",
        "tindak_lanjut",
        "tanggapan",
    ]
    types = [event.type for event in both.world.log(known)]
    assert types[:4] == ["received", "registered", "verified", "assigned"]
    assert set(types[-2:]) == {"reporter_replied", "confirmed"}
    assert both.world.row(t.complaints).status == "in_progress"
    assert both.world.violated() == set()


def test_a_complaint_of_ours_is_filed_with_its_files_and_goes_in_no_circle(
    both: Both,
) -> None:
    known = both.world.register()
    both.round()
    (filed,) = both.platform.cases
    assert str(filed.body["attachments"]).endswith("].")
    both.world.hand_over()
    agency_says(both.world, PUPR, event_id="1", text="Besok kami perbaiki.")
    both.round()
    heads = []
    for word in ("Terverifikasi", "Terdisposisi", "Proses"):
        both.platform.move(filed.nomor, word)
        both.round()
        heads.append(both.world.cursor(known, MAIL).target_seq)
    # The platform disposes it back to us: it is listed, under our own number.
    both.platform.book.open(dict(filed.body) | {"disposition_id": 5201}, filed=True)
    for _ in range(3):
        both.round()

    assert len(set(heads)) == 1, "nobody hears of the platform's own steps"
    assert len(both.world.rows(t.complaints)) == 1
    assert len(both.platform.cases) == 2
    assert len(both.platform.cases[0].followups) == 2
    assert both.world.violated() == set()


def test_a_follow_up_whose_answer_is_lost_is_there_once(both: Both) -> None:
    case = both.platform.begin("Jalan berlubang", "Jalan di depan pasar berlubang.")
    both.round()
    both.world.hand_over()
    both.platform.faults.for_next(1, Fault.RESET_AFTER_COMMIT, method="POST")
    both.tell()
    both.world.move_clock(3600)
    both.tell()

    (filed,) = both.platform.cases
    assert filed.nomor == case.nomor
    assert len(filed.followups) == 1
    cursor = both.world.cursor(only(both.world), LAPOR)
    assert cursor.delivered_seq == cursor.target_seq
    assert both.world.violated() == set()


def test_a_filing_whose_answer_is_lost_is_held_and_seen(both: Both) -> None:
    known = both.world.register()
    faults = both.platform.faults
    faults.for_next(1, Fault.NONE, method="POST")
    faults.for_next(1, Fault.RESET_AFTER_COMMIT, method="POST")
    both.tell()
    both.world.move_clock(3600)
    both.tell()

    (filed,) = both.platform.cases
    cursor = both.world.cursor(known, LAPOR)
    assert (cursor.state, cursor.reference_index) == ("held", None)
    assert "Nomor Simpul" in filed.body["content"]
    assert len(both.platform.book.files) == 1, "what was uploaded is not again"
    assert both.world.violated() == set()

    (letter,) = both.world.rows(t.dead_letters)
    resolve = both.world.store.operations.resolve_held
    resolve(letter.id, "operator", "seen on its page", reference=filed.nomor)
    both.platform.move(filed.nomor, "Tertunda")
    both.round()
    assert both.world.row(t.complaints).status == "on_hold"
    assert len(both.platform.cases) == 1
    assert both.world.violated() == set()
