"""Zammad is connected by an agency.toml alone; its trigger calls the hub's door."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from connectors.contract import Done, Found
from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.kit.bench import Bench
from connectors.kit.proxy import Break
from connectors.kit.receiver import read_all
from connectors.kit.signing import signed, update_body
from schemas.updates import AgencyUpdate, Corrupt
from tests.foreign.desk import PHOTO, bench_of, delivery, handed_over, push, reply
from tests.foreign.zammad import STATES, TOKEN, WEBHOOK_SECRET, Zammad


@pytest.fixture
def product() -> Iterator[Zammad]:
    with Zammad() as found:
        yield found


def environ(product: Zammad, token: str = TOKEN) -> dict[str, str]:
    return {
        "SIMPUL_DISHUB_URL": product.url,
        "SIMPUL_DISHUB_TOKEN": token,
        "SIMPUL_DISHUB_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


@pytest.fixture
def bench(product: Zammad) -> Iterator[Bench]:
    with bench_of("dishub", environ(product)) as found:
        product.hook = f"{found.receiver.url}/agencies/dishub/updates"
        yield found


def test_a_complaint_becomes_a_ticket_whose_article_has_the_photo(
    product: Zammad, bench: Bench
) -> None:
    number = handed_over(bench)

    assert product.tickets[int(number)]["lapor_nomor"] == "kunci-1"
    (article,) = product.articles
    assert article["body"] == "Jalan berlubang di depan pasar."
    (photo,) = article["attachments"]
    assert base64.b64decode(photo["data"]) == PHOTO.content
    assert (photo["filename"], photo["mime-type"]) == (PHOTO.name, "image/png")


def test_after_a_lost_answer_the_ticket_is_found(product: Zammad, bench: Bench) -> None:
    assert bench.proxy is not None
    bench.proxy.next_call(Break.ANSWER_LOST)
    lost = bench.submit(delivery("kunci-1"), hurried=True)
    bench.proxy.next_call(None)

    assert isinstance(lost.error, OutcomeUnknown)
    assert bench.find(delivery("kunci-1")).ended == Found(reference="1")
    assert len(product.tickets) == 1


def test_a_reply_becomes_an_article(product: Zammad, bench: Bench) -> None:
    number = handed_over(bench)
    told = bench.send(reply("kunci-2", number, "Masih berlubang."))

    assert isinstance(told.ended, Done), told.says
    assert [one["body"] for one in product.articles][1:] == ["Masih berlubang."]


def test_every_change_is_pushed_and_a_repeated_delivery_is_one(
    product: Zammad, bench: Bench
) -> None:
    number = int(handed_over(bench))
    for state in (2, 1, 2, 4):
        assert product.say(number, state, "Dikerjakan.") == HTTPStatus.ACCEPTED
    records = bench.receiver.records(0)

    heard = [one for one in records if isinstance(one, AgencyUpdate)]
    assert [one.event_type for one in heard] == [
        "work_started",
        "acknowledged",
        "work_started",
        "resolved",
    ]
    assert {one.text for one in heard} == {"Dikerjakan."}
    at = heard[0].occurred_at
    assert at is not None
    assert abs((at - datetime.now(UTC)).total_seconds()) < 60
    assert product.repeat() == HTTPStatus.ACCEPTED
    assert len(bench.receiver.raws) == len(heard)


def test_a_state_that_nobody_mapped_is_set_aside(product: Zammad, bench: Bench) -> None:
    product.say(int(handed_over(bench)), 3)
    (found,) = bench.receiver.records(0)

    assert STATES[3] not in bench.manifest.statuses
    assert isinstance(found, Corrupt)
    assert found.code == "unmapped_status"


def test_what_is_not_signed_by_its_secret_is_turned_away(bench: Bench) -> None:
    body = json.dumps({"ticket": {"id": 1, "state": "closed"}}).encode()
    forged = {"X-Hub-Signature": "sha1=00", "X-Zammad-Delivery": "kirim-1"}

    assert push(bench, forged, body) == HTTPStatus.UNAUTHORIZED
    assert push(bench, {}, body) == HTTPStatus.UNAUTHORIZED
    assert not bench.receiver.raws


def test_a_sample_update_is_signed_as_this_agency_signs(bench: Bench) -> None:
    at = datetime.now(UTC)
    body = update_body(bench.manifest, reference="7", word="open", at=at)
    request = signed(bench.manifest, "/agencies/dishub/updates", body, at)

    assert push(bench, request.headers, request.body) == HTTPStatus.ACCEPTED
    (raw,) = bench.receiver.raws
    (found,) = read_all(bench.system, raw)
    assert isinstance(found, AgencyUpdate)
    assert (found.reference, found.event_type) == ("7", "work_started")


def test_a_wrong_token_is_for_an_operator(product: Zammad) -> None:
    with bench_of("dishub", environ(product, "salah")) as bench:
        assert isinstance(bench.submit(delivery("kunci-1")).error, Misconfigured)


def test_a_ticket_is_shown_and_one_that_there_is_not_is_gone(
    product: Zammad, bench: Bench
) -> None:
    number = handed_over(bench)
    product.say(int(number), 4)
    there, gone = bench.system.snapshot([number, "4711"])

    assert (there.reference, there.event_type) == (number, "resolved")
    assert not gone.present
