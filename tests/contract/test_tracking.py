"""What the holder of a code reads by HTTP: the sentences of the notices."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from hub.domain.notices import STANDARD, Wording, notice, worded
from hub.stages.accept import Accept
from hub.web.app import WebDoors, build_app
from hub.web.health import Health
from hub.web.server import WebServer
from schemas.events import Cause, new_event
from schemas.parties import CauseKind
from schemas.payloads import Reasoned
from schemas.reasons import REASONS
from tests.contract.builders import NOON, PUPR, by_action
from tests.contract.told import OFFICER, decision
from tests.contract.world import Known, World

OWN = worded({"notices": {"archived": {"id": "Masuk arsip.", "en": "Filed away."}}})


@dataclass
class Page:
    world: World
    url: str

    def of(self, known: Known) -> dict[str, Any]:
        answer = httpx2.get(f"{self.url}/t/{known.code}", timeout=20)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


def serve(world: World, wording: Wording) -> Iterator[Page]:
    contact = SimpleNamespace(connected=True, busy_seconds=lambda: 0.0)
    health = Health(world.store.queries.ping, contact, contact)
    accept = Accept(world.store.journal)
    app = build_app(WebDoors(()), accept, world.store.queries, health, wording)
    server = WebServer(app, "127.0.0.1", 0)
    server.start()
    yield Page(world, server.url)
    server.stop()


@pytest.fixture
def page(world: World) -> Iterator[Page]:
    yield from serve(world, STANDARD)


@pytest.fixture
def own_page(world: World) -> Iterator[Page]:
    yield from serve(world, OWN)


def decide(page: Page, known: Known, name: str, reason: str, text: str = "") -> None:
    cause = Cause(kind=CauseKind.ACTION, id="x")
    payload = Reasoned(reason_code=reason, text=text)
    made = new_event(name, payload, OFFICER, cause, NOON)
    page.world.append(known, by_action(made))


def test_the_page_says_what_the_notices_say(page: Page) -> None:
    known = page.world.register()
    page.world.hand_over()
    page.world.say(known, PUPR, "followed_up", "id:1", "Sudah ditambal.")
    found = page.of(known)
    lines = {line["type"]: line["text"] for line in found["timeline"]}

    assert list(lines) == ["registered", "handed_over", "followed_up"]
    said = notice("followed_up", {}, {"text": "Sudah ditambal."}, PUPR)
    assert lines["followed_up"] == dict(zip(("id", "en"), said, strict=True))
    assert known.code in lines["registered"]["en"]
    assert "PUPR-26-1" in lines["handed_over"]["id"]
    assert found["label"] == {"id": "Proses", "en": "In progress"}


@pytest.mark.parametrize("reason", ["needs_place", "out_of_scope", "no_answer"])
def test_a_decision_is_shown_with_its_reason_in_both_languages(
    page: Page, reason: str
) -> None:
    known = page.world.register()
    decide(page, known, "put_on_hold", reason, "RT berapa?")
    line = page.of(known)["timeline"][-1]
    indonesian, english = REASONS[reason]

    assert line["reason"] == {"code": reason, "id": indonesian, "en": english}
    assert f'Alasan: {indonesian}. "RT berapa?"' in line["text"]["id"]
    assert f'Reason: {english}. "RT berapa?"' in line["text"]["en"]


def test_a_code_that_is_no_reason_of_ours_is_not_shown(page: Page) -> None:
    known = page.world.register()
    decide(page, known, "put_on_hold", "kode-internal-9")

    assert "kode-internal-9" not in json.dumps(page.of(known))


def test_a_deployments_own_words_are_on_the_page_too(own_page: Page) -> None:
    known = own_page.world.register()
    own_page.world.append(known, decision("archived"))
    line = own_page.of(known)["timeline"][-1]

    assert line["text"] == {"id": "Masuk arsip.", "en": "Filed away."}
