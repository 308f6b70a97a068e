"""A call without what proves who calls: wherever the proof was."""

from collections.abc import Iterator

import httpx2
import pytest

from connectors.kit.proxy import Break, FaultProxy
from tests.foreign.kota import KEY, Kota


@pytest.fixture
def kota() -> Iterator[Kota]:
    with Kota() as product:
        yield product


@pytest.fixture
def proxy(kota: Kota) -> Iterator[FaultProxy]:
    with FaultProxy(kota.url, slow_seconds=0, secrets={KEY, "x"}) as opened:
        opened.next_call(Break.NOBODY)
        yield opened


def test_a_key_in_the_address_is_taken_away_and_its_neighbours_stay(
    proxy: FaultProxy, kota: Kota
) -> None:
    asked = f"{proxy.url}/index.php/api/perubahan?hal=2&apikey={KEY}&kosong="
    httpx2.get(asked, trust_env=False)

    assert kota.requests[-1].query == {"hal": "2", "kosong": ""}
    assert proxy.stripped


def test_a_key_in_a_header_of_any_name_is_taken_away(
    proxy: FaultProxy, kota: Kota
) -> None:
    headers = {"X-Kunci-Kota": f"kunci {KEY}", "X-Versi": "xxl"}
    httpx2.get(f"{proxy.url}/a", headers=headers, trust_env=False)

    assert "x-kunci-kota" not in kota.requests[-1].headers
    assert kota.requests[-1].headers["x-versi"] == "xxl"
    assert proxy.stripped


def test_a_call_that_proves_nothing_stays_as_it_is(
    proxy: FaultProxy, kota: Kota
) -> None:
    httpx2.get(f"{proxy.url}/a?b=c%20d", trust_env=False)

    assert kota.requests[-1].query == {"b": "c d"}
    assert not proxy.stripped
