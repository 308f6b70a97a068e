"""Handing complaints over to a strict server, and to servers of the wild."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.contract import Done, File
from connectors.errors import Misconfigured, Refused
from connectors.systems.open311 import Open311System
from connectors.systems.open311.keys import as_digits
from hub.simulator.utility import SimulatedUtility
from tests.unit.connectors.open311.builders import (
    KEY,
    VIEW,
    delivery,
    system,
    utility,
)

ENDING = f"No. SP-000123\n\nSimpul-Ref: {as_digits('k-1')}"
UNKEYED: dict[str, Any] = {"key_attribute": "", "honours_key": False}


def posted(tirta: SimulatedUtility) -> dict[str, list[str]]:
    request = next(r for r in tirta.requests if r.method == "POST")
    return parse_qs(request.body.decode(), keep_blank_values=True)


@pytest.mark.parametrize("written", ["xml", "json"])
@pytest.mark.parametrize("slash", ["/", ""])
def test_a_strict_server_takes_a_complaint(
    tirta: SimulatedUtility, written: str, slash: str
) -> None:
    base = tirta.url.rstrip("/") + slash

    with system(base, format=written) as speaks:
        done = speaks.submit(delivery())

    assert isinstance(done, Done)
    assert done.reference == tirta.cases[0].nomor == "TS0000001"
    assert posted(tirta) == {
        "jurisdiction_id": ["sukamaju"],
        "api_key": [KEY],
        "service_code": ["AIR-MATI"],
        "description": [
            f"Air mati\n\nSudah empat hari.\nTolong ditindak.\n\n{ENDING}",
        ],
        "lat": ["-6.400000"],
        "long": ["106.800000"],
        "address_string": ["Perum Griya Asri blok C"],
        "first_name": ["Ibu"],
        "last_name": ["Contoh Warga"],
        "phone": ["08120000001"],
        "attribute[fixmystreet_id]": [as_digits("k-1")],
    }


def test_a_case_without_any_place_says_so(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery(complaint={"title": "Tagihan", "body": "Salah."}))

    assert posted(tirta)["address_id"] == ["#NOTPINPOINTED#"]
    assert posted(tirta)["service_code"] == ["LAIN"]
    assert not {"lat", "first_name", "last_name"} & set(posted(tirta))


def test_one_name_has_a_dash_for_the_other(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    speaks.submit(delivery(complaint={**VIEW, "reporter": {"name": "Contoh"}}))

    assert posted(tirta)["last_name"] == ["-"]


def test_links_to_attachments_are_repeated_media_urls(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    links = [{"url": f"https://simpul.example/files/{n}"} for n in "ab"]
    view = {**VIEW, "attachments": {"links": links, "note": "2 lampiran"}}

    speaks.submit(delivery(complaint=view))

    assert posted(tirta)["media_url"] == [link["url"] for link in links]
    assert "lampiran" not in posted(tirta)["description"][0]


def test_where_nothing_else_shows_attachments_a_line_does(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    view = {**VIEW, "attachments": {"note": "2 lampiran ada di meja pusat"}}

    speaks.submit(delivery(complaint=view))

    assert "2 lampiran ada di meja" in posted(tirta)["description"][0]


def test_files_are_uploaded_under_names_that_tell_nothing(
    tirta: SimulatedUtility,
) -> None:
    files = (File(name="ktp-ibu.png", media_type="image/png", content=b"\x89PNG\r\n"),)

    with system(tirta.url, files="upload") as speaks:
        speaks.submit(delivery(files=files))

    assert tirta.cases[0].body["photo1"] == ["photo1.png"]
    assert tirta.cases[0].body["description"][0].startswith("Air mati")
    assert b"ktp-ibu" not in tirta.requests[0].body
    assert b"\x89PNG\r\n" in tirta.requests[0].body


def test_a_repeated_hand_over_has_one_effect(
    tirta: SimulatedUtility, speaks: Open311System
) -> None:
    first, second = speaks.submit(delivery()), speaks.submit(delivery())

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.reference == second.reference
    assert len(tirta.cases) == 1


def test_without_a_key_attribute_none_is_sent() -> None:
    with (
        utility(declares_key=False) as tirta,
        system(tirta.url, **UNKEYED, find="") as speaks,
    ):
        speaks.submit(delivery())

        assert not any("attribute" in name for name in posted(tirta))
        assert "Simpul-Ref" not in posted(tirta)["description"][0]
        assert (speaks.capabilities.honours_key, speaks.capabilities.finds) == (
            False,
            False,
        )


def test_a_field_that_is_not_declared_is_refused(tirta: SimulatedUtility) -> None:
    with (
        system(tirta.url, service_code="ASING", services={}) as speaks,
        pytest.raises(Refused),
    ):
        speaks.submit(delivery())


def test_a_wrong_key_is_a_misconfiguration(tirta: SimulatedUtility) -> None:
    with system(tirta.url, api_key="salah") as speaks, pytest.raises(Misconfigured):
        speaks.submit(delivery())
