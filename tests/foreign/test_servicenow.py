"""ServiceNow is connected by an agency.toml alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest

from connectors.contract import Done
from connectors.errors import Misconfigured, OutcomeUnknown
from connectors.kit.bench import Bench
from connectors.kit.proxy import Break
from schemas.updates import AgencyUpdate, Corrupt
from tests.foreign import servicenow
from tests.foreign.desk import (
    AGENCIES,
    PHOTO,
    Asked,
    bench_of,
    delivery,
    handed_over,
    reply,
)
from tests.foreign.servicenow import PASSWORD, ServiceNow


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceNow]:
    seconds = count(int(datetime.now(UTC).timestamp()))

    def ticks() -> str:
        at = datetime.fromtimestamp(next(seconds), UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S")

    monkeypatch.setattr(servicenow, "_now", ticks)
    with ServiceNow() as found:
        yield found


def environ(product: ServiceNow, password: str = PASSWORD) -> dict[str, str]:
    return {
        "SIMPUL_DISKOMINFO_URL": product.url,
        "SIMPUL_DISKOMINFO_PASSWORD": password,
    }


@pytest.fixture
def bench(product: ServiceNow) -> Iterator[Bench]:
    with bench_of("diskominfo", environ(product)) as found:
        yield found


def test_a_complaint_becomes_an_incident_with_its_photo(
    product: ServiceNow, bench: Bench
) -> None:
    number = handed_over(bench)

    (incident,) = product.incidents.values()
    assert (number, incident["correlation_id"]) == (incident["number"], "kunci-1")
    assert incident["description"] == "Jalan berlubang di depan pasar."
    (photo,) = product.attachments
    assert photo["table_sys_id"] == incident["sys_id"]
    assert (photo["file_name"], photo["content_type"]) == (PHOTO.name, "image/png")


def test_after_a_lost_answer_the_incident_is_found_and_gets_its_photo(
    product: ServiceNow, bench: Bench
) -> None:
    assert bench.proxy is not None
    bench.proxy.next_call(Break.ANSWER_LOST)
    lost = bench.submit(delivery("kunci-1"), hurried=True)
    bench.proxy.next_call(None)
    found = bench.find(delivery("kunci-1"))

    assert isinstance(lost.error, OutcomeUnknown)
    assert isinstance(found.ended, Done), found.says
    assert (len(product.incidents), len(product.attachments)) == (1, 1)


def test_a_reply_becomes_a_comment(product: ServiceNow, bench: Bench) -> None:
    number = handed_over(bench)
    told = bench.send(reply("kunci-2", number, "Masih berlubang."))

    assert isinstance(told.ended, Done), told.says
    (incident,) = product.incidents.values()
    assert incident["comments"] == ["Masih berlubang."]


@pytest.mark.parametrize("limit", ["100", "1"])
def test_states_come_back_each_time_they_change(
    product: ServiceNow, tmp_path_factory: pytest.TempPathFactory, limit: str
) -> None:
    folder = tmp_path_factory.mktemp("agencies")
    text = (AGENCIES / "diskominfo" / "agency.toml").read_text("utf-8")
    (folder / "diskominfo").mkdir()
    changed = text.replace('sysparm_limit = "100"', f'sysparm_limit = "{limit}"')
    (folder / "diskominfo" / "agency.toml").write_text(changed, "utf-8")
    with bench_of("diskominfo", environ(product), folder) as bench:
        numbers = [handed_over(bench, f"kunci-{n}") for n in range(3)]
        hub, heard = Asked(bench), []
        hub.news()
        for state in ("2", "1", "2", "6"):
            product.say(numbers[1], state, "Selesai." if state == "6" else "")
            heard += [u for u in hub.news() if isinstance(u, AgencyUpdate)]

    mine = [u for u in heard if u.reference == numbers[1]]
    steps = list(dict.fromkeys((u.event_type, u.occurred_at) for u in mine))
    assert [event for event, _ in steps] == [
        "work_started",
        "acknowledged",
        "work_started",
        "resolved",
    ]
    assert mine[-1].text == "Selesai."
    assert all(
        abs((at - datetime.now(UTC)).total_seconds()) < 60 for _, at in steps if at
    )


def test_a_state_that_nobody_mapped_is_set_aside(
    product: ServiceNow, bench: Bench
) -> None:
    product.say(handed_over(bench), "3")
    (found,) = Asked(bench).news()

    assert isinstance(found, Corrupt)
    assert found.code == "unmapped_status"


def test_a_wrong_password_is_for_an_operator(product: ServiceNow) -> None:
    with bench_of("diskominfo", environ(product, "salah")) as bench:
        assert isinstance(bench.submit(delivery("kunci-1")).error, Misconfigured)


def test_every_incident_is_shown_with_our_key(
    product: ServiceNow, bench: Bench
) -> None:
    number = handed_over(bench)
    product.say(number, "6")
    (view,) = bench.system.snapshot([number])

    assert (view.reference, view.event_type, view.key) == (
        number,
        "resolved",
        "kunci-1",
    )
