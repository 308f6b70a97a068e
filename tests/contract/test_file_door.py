"""The door of attachments: who has the link has the file, and nothing else of ours."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import httpx2
import pytest
import sqlalchemy as sa

from connectors.contract import Capabilities
from hub import telemetry
from hub.database import tables as t
from hub.database.blobs import CHUNK_BYTES
from hub.stages.accept import Accept
from hub.web.app import WebDoors, build_app
from hub.web.files import AT_ONCE, FileDoor
from hub.web.health import Health
from hub.web.server import WebServer
from tests.contract.builders import PUPR, Words
from tests.contract.photographed import Album, album, photo
from tests.contract.world import World
from tests.services.waiting import wait_until

LINK = Capabilities(files="link")
WORDS = Words()
RUNS = [
    ("text/html", b"<script>alert(1)</script>"),
    ("image/svg+xml", b"<svg onload='alert(1)'/>"),
    ("application/xhtml+xml", b"<html/>"),
    ("text/html; charset=utf-8", b"<html/>"),
    ("image/jpeg\r\nX-Evil: 1", b"\xff\xd8"),
]
"""What a browser would run, or what is no media type at all."""


@dataclass
class Door:
    world: World
    url: str
    parties: set[str]
    """Who may see attachments by now."""
    door: FileDoor

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(f"{self.url}{path}", timeout=20)

    def link(self, found: Album, call: int = 0) -> str:
        """The path of the link that an agency was given in a call."""
        (link,) = found.agency.got[call].links
        return link.url.removeprefix("https://simpul.example")


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    contact = SimpleNamespace(connected=True, busy_seconds=lambda: 0.0)
    health = Health(world.store.queries.ping, contact, contact)
    accept, queries = Accept(world.store.journal), world.store.queries
    parties = {PUPR}
    files = FileDoor(world.store.linked_files, lambda party: party in parties)
    app = build_app(WebDoors(()), accept, queries, health, files=files)
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    yield Door(world, server.url, parties, files)
    server.stop()


def given(door: Door) -> tuple[Album, str]:
    """An agency that was given a link."""
    found = album(door.world, LINK)
    found.turn()
    return found, door.link(found)


def fetched(outcome: str, party: str = PUPR) -> float:
    counter = telemetry.file_fetches.labels(party=party, outcome=outcome)
    return float(counter._value.get())


def test_who_has_the_link_gets_the_file_and_it_is_counted(door: Door) -> None:
    found, path = given(door)
    before = fetched("given")
    answer = door.get(path)

    assert (answer.status_code, answer.content) == (200, WORDS.file_content)
    assert answer.headers["content-length"] == str(len(WORDS.file_content))
    assert fetched("given") == before + 1
    (row,) = found.rows
    assert row.fetches == 1
    assert row.fetched_at is not None


def test_a_file_is_a_download_that_nobody_keeps_or_runs(door: Door) -> None:
    _, path = given(door)
    headers = door.get(path).headers

    assert headers["content-disposition"].startswith("attachment;")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["cache-control"] == "private, no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(("media_type", "content"), RUNS)
def test_what_a_browser_would_run_is_bytes(
    door: Door, media_type: str, content: bytes
) -> None:
    found = album(door.world, LINK)
    found.turn()
    file = photo("halaman.html", content).model_copy(update={"media_type": media_type})
    found.reply(file)
    found.turn()
    answer = door.get(door.link(found, 1))

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\jahat.exe", "jahat.exe"),
        ('a"; filename="b.exe', "a%22%3B%20filename%3D%22b.exe"),
        ("foto\r\nSet-Cookie: x=1", "fotoSet-Cookie%3A%20x%3D1"),
        ("Foto ñ 写真.jpg", "Foto%20%C3%B1%20%E5%86%99%E7%9C%9F.jpg"),
        ("...", "lampiran"),
        ("", "lampiran"),
    ],
)
def test_a_name_stays_within_its_header(door: Door, name: str, told: str) -> None:
    found = album(door.world, LINK)
    found.turn()
    found.reply(photo(name))
    found.turn()
    answer = door.get(door.link(found, 1))

    assert answer.status_code == 200
    said = answer.headers["content-disposition"]
    assert said.endswith(f"filename*=UTF-8''{told}")
    assert said.count('"') == 2
    assert "set-cookie" not in answer.headers


def test_a_large_file_comes_in_parts_and_whole(door: Door) -> None:
    content = bytes(range(256)) * (5 * CHUNK_BYTES // 256) + b"akhir"
    found = album(door.world, LINK)
    found.turn()
    found.reply(photo("besar.jpg", content))
    found.turn()
    path = door.link(found, 1)

    assert door.get(path).content == content
    store = door.world.store
    link = store.linked_files.link(path.removeprefix("/files/"))
    assert link is not None
    file = store.linked_files.open(link)
    assert file is not None
    assert file.chunks == 6
    assert all(len(store.linked_files.chunk(file, n)) <= CHUNK_BYTES for n in range(6))


def test_a_file_that_breaks_off_is_never_taken_for_whole(door: Door) -> None:
    found = album(door.world, LINK)
    found.turn()
    found.reply(photo("besar.jpg", bytes(3 * CHUNK_BYTES)))
    found.turn()
    door.world.write(sa.delete(t.blob_chunks).where(t.blob_chunks.c.n == 2))

    with pytest.raises(httpx2.HTTPError):
        door.get(door.link(found, 1))
    assert wait_until(lambda: door.door._running == 0, 20)


def test_a_file_of_no_bytes_is_one(door: Door) -> None:
    found = album(door.world, LINK)
    found.turn()
    found.reply(photo("kosong.jpg", b""))
    found.turn()
    answer = door.get(door.link(found, 1))

    assert (answer.status_code, answer.content) == (200, b"")


def tampered(token: str) -> list[str]:
    """Other spellings, other files, other ends, other parties, other marks."""
    plain = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    changed = [
        plain[:place] + bytes([plain[place] ^ 1]) + plain[place + 1 :]
        for place in (0, 5, 18, 20, 23, 25, len(plain) - 1)
    ]
    others = [urlsafe_b64encode(one).decode().rstrip("=") for one in changed]
    return [
        *others,
        token + "=",
        token + "A",
        token[:-2],
        f"{token}%00",
        f"{token[:10]}%20{token[10:]}",
        "A" * 5000,
        "",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%2Fhealthz",
        "é",
    ]


def test_whatever_is_no_link_of_ours_gets_the_same_answer(door: Door) -> None:
    found, path = given(door)
    token = path.removeprefix("/files/")
    answers = [door.get(f"/files/{one}") for one in tampered(token)]

    assert {answer.status_code for answer in answers} == {404}
    details = {a.json()["detail"] for a in answers if a.request.url.path != "/files/"}
    assert len(details - {"Not Found"}) == 1
    assert WORDS.file_content not in b"".join(answer.content for answer in answers)
    assert found.rows[0].fetches == 0


def test_no_line_of_the_log_has_a_link(
    door: Door, capfd: pytest.CaptureFixture[str]
) -> None:
    _, path = given(door)
    for one in (path, path + "A"):
        door.get(path=one)
    door.world.store.eraser.request(door.world.row(t.complaints).id, "o", "asked")
    door.world.store.eraser.erase_due()
    door.get(path)
    said = "".join(capfd.readouterr())

    assert path.removeprefix("/files/") not in said
    assert WORDS.file_name not in said


def test_a_link_of_another_hub_is_none(door: Door) -> None:
    _, path = given(door)
    other = door.world.another(
        keyring_file=door.world.store.settings.data_dir / "other.json",
        data_dir=door.world.store.settings.data_dir / "other",
        database_url=type(door.world.store.settings.database_url)(""),
    )
    assert other.linked_files.link(path.removeprefix("/files/")) is None


def test_a_link_ends_by_the_databases_clock(door: Door) -> None:
    _, path = given(door)
    door.world.move_clock(14 * 86400 + 1)
    answer = door.get(path)

    assert answer.status_code == 410
    assert "no-store" in answer.headers["cache-control"]


def test_a_link_dies_with_the_keys(door: Door) -> None:
    found, path = given(door)
    assert door.get(path).status_code == 200
    door.world.store.eraser.request(found.known.id, "operator", "asked")
    found.turn()
    door.world.store.eraser.erase_due()

    answer = door.get(path)
    assert answer.status_code == 410
    assert WORDS.file_name not in answer.text + str(answer.headers)


def test_who_may_not_see_attachments_any_more_has_no_link_any_more(door: Door) -> None:
    _, path = given(door)
    door.parties.clear()

    assert door.get(path).status_code == 410


def test_a_link_works_before_its_call_was_settled(door: Door) -> None:
    """An agency may fetch while it answers."""
    found, path = given(door)
    door.world.write(sa.delete(t.attachment_deliveries))

    assert door.get(path).status_code == 200
    assert found.rows == []


def test_more_downloads_than_a_process_can_hold_come_back_later(door: Door) -> None:
    _, path = given(door)
    door.door._running = AT_ONCE
    answer = door.get(path)
    door.door._running = 0

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert door.get(path).status_code == 200
    assert wait_until(lambda: door.door._running == 0, 20)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
def test_a_file_is_fetched_by_get_only(door: Door, method: str) -> None:
    found, path = given(door)
    answer = httpx2.request(method, f"{door.url}{path}", timeout=20)

    assert answer.status_code == 405
    assert found.rows[0].fetches == 0


def test_a_database_that_is_away_is_said_as_such(door: Door) -> None:
    _, path = given(door)
    door.world.down()
    try:
        assert door.get(path).status_code == 503
    finally:
        door.world.up()
