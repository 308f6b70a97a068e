"""An agency that takes a complaint now and says its number later."""

from pathlib import Path

import pytest

from hub.simulator.server import RecordedRequest
from tests.acceptance.scenarios.town import Town
from tests.figures import Figure

REFERENCE = 'reference = "data.nomor"\nfiles'
WITH_TOKEN = 'reference = "data.nomor"\ntoken = "data.tiket"\nfiles'
TOKEN = """
[settings.token]
path = "/api/antrian/{token}"
reference = "data.nomor"
every_seconds = 1
"""
ASKS = 3
COMPLAINTS = 5


def answer_by_token(folder: Path) -> None:
    """Say in the agency's own file that its answer may be a token."""
    manifest = folder / "dinas_pupr" / "agency.toml"
    text = manifest.read_text("utf-8")
    assert REFERENCE in text
    manifest.write_text(text.replace(REFERENCE, WITH_TOKEN) + TOKEN, "utf-8")


def hand_overs(requests: list[RecordedRequest]) -> int:
    return sum(
        request.method == "POST" and request.path == "/api/laporan"
        for request in requests
    )


@pytest.mark.scenario(2)
def test_a_token_is_kept_and_asked_for_across_a_restart(
    town: Town, figure: Figure
) -> None:
    agencies_dir = town.settings.agencies_dir
    assert agencies_dir is not None
    answer_by_token(agencies_dir)
    town.pupr.tickets.asks = ASKS
    town.restart()
    codes = [town.write(f"Jalan berlubang {n}") for n in range(COMPLAINTS)]
    town.wait(lambda: town.pupr.tickets.given == COMPLAINTS)

    town.restart()
    town.rest()

    assert hand_overs(town.pupr.requests) == COMPLAINTS
    assert len(town.pupr.cases) == COMPLAINTS
    for code in codes:
        assert "handed_over" in town.events(town.id_of(code))
    asked = sum("/antrian/" in request.path for request in town.pupr.requests)
    figure(f"{COMPLAINTS} tokens, {asked} asks, 1 restart, 0 sent twice")
