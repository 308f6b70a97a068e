"""An agency's key is rotated, or expires."""

import base64

import pytest

from hub.simulator.agency import SimulatedAgency
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure

OTHER_SECRET = "whsec_" + base64.b64encode(b"the next secret of updates").decode()


def now_takes(agency: SimulatedAgency, token: str) -> None:
    """Let the agency's system take another token from now on, and only that."""
    api = agency._server._work.__self__  # type: ignore[attr-defined]
    api._token = token


def party(town: Town) -> tuple[str, str]:
    (row,) = (
        row for row in town.hub.store.queries.parties() if row["party"] == "dinas_pupr"
    )
    return str(row["state"]), str(row["why"])


@pytest.mark.scenario(18)
def test_an_expired_key_pauses_the_agency_and_burns_nothing(
    town: Town, figure: Figure
) -> None:
    town.complain()
    before = len(town.pupr.requests)
    now_takes(town.pupr, "the-next-token")
    for n in range(20):
        town.write(f"Jalan berlubang {n}")
    town.wait(lambda: party(town)[0] == "paused")
    refused = len(town.pupr.requests) - before

    assert "401" in party(town)[1]
    # Calls that were under way when the first one was refused; then none any more.
    assert refused <= 8
    assert town.hub.store.queries.dead_letters() == []

    town.pupr.token = "the-next-token"
    town.restart()
    town.hub.store.parties.resume("dinas_pupr", "cli:siti", "kunci baru")
    town.rest()
    assert len(town.pupr.cases) == 21
    assert town.hub.store.queries.dead_letters() == []
    figure(f"{refused} of 20 calls refused before the pause, 20 of 20 afterwards")


@pytest.mark.scenario(18)
def test_while_a_secret_is_changed_both_are_good(town: Town) -> None:
    complaint = town.complain()
    folder = town.settings.agencies_dir
    assert folder is not None
    file = folder / "dinas_pupr" / "agency.toml"
    (file.parent / "next.secret").write_text(OTHER_SECRET)
    old = 'secret = "env:SIMPUL_PUPR_WEBHOOK_SECRET"'
    both = f'secret = "file:next.secret", previous_{old}'
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, both))
    town.restart()

    town.pupr.move(complaint.reference, "Diterima")
    town.rest()
    town.pupr._updates._secret = OTHER_SECRET
    town.pupr.move(complaint.reference, "Dikerjakan")
    town.rest()

    assert town.pupr.told.refused == 0
    assert town.events(complaint.id)[-2:] == ["acknowledged", "work_started"]
