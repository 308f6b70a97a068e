"""The region's unit that has only a mailbox: cases go there and come back settled."""

import dataclasses
from pathlib import Path

from hub.cli.play import playing
from hub.database.invariants import check_invariants
from hub.simulator.letters import Letters
from hub.simulator.texts import REGISTRATION, SAMPLES

CASES = 6
SEED = 2
"""Of these six officers two are away first, and every mail program answers."""


def test_officers_who_only_have_mail_settle_what_is_theirs(tmp_path: Path) -> None:
    sample = next(one for one in SAMPLES if one.number == REGISTRATION)
    supply = Letters(SEED, [sample])
    with playing(tmp_path, 0, SEED) as play:
        unit, store = play.region.registrasi, play.hub.store
        for channel in ("email", "web") * (CASES // 2):
            letter = dataclasses.replace(supply.next(), channel=channel)
            play.sent.append(play.region.citizens.write(letter))
        play.wait(lambda: len(unit.cases) == CASES, "a mail for each case")
        play.settle()

        cases = store.queries.complaints(limit=CASES)
        assert {row["status"] for row in cases} == {"closed"}
        assert [len(case.history) for case in unit.cases] == [3] * CASES
        assert store.quarantine.waiting(limit=10) == []
        away = [m for m in unit.posted if m["Auto-Submitted"]]
        kinds = {(m.get_content_type(), ">" in m.get_content()) for m in unit.posted}
        assert len(away) == 2
        assert len(kinds) >= 3
        told = play.region.mail.received("petugas@kemenkes-sukamaju.example")
        assert len(told) == len(unit.posted) - len(away)
        assert not play.region.tally().doubled
        broken = check_invariants(store.db, store.edge, store.erased, store.deadlines)
        assert broken == []
