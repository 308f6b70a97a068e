"""Scenario 21: words of people stay out of hints, logs, metrics and files.

One day is lived through with a marker in every field that a citizen or an agency can
fill; then everything that left the hub, and every file that it wrote, is searched.
"""

import base64
import contextlib
import dataclasses
import json
import logging
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
import structlog
from kombu.transport import memory
from prometheus_client import generate_latest

from connectors import registry
from hub import telemetry
from hub.bootstrap import Hub, build_hub
from hub.cli.play import short_agencies
from hub.database import tables as t
from hub.settings import (
    Edge,
    MailNotices,
    Notices,
    Server,
    Settings,
    SmsNotices,
    Work,
)
from hub.simulator.faults import Fault
from hub.simulator.patience import Verdict
from hub.simulator.post import post_mail
from hub.simulator.profiles import PROFILES, AgencyProfile
from hub.simulator.region import SimulatedRegion
from hub.simulator.server import RecordedRequest

WAIT_SECONDS = 60.0
UNKNOWN_WORD = "rahasiastatustakdikenal"
UNKNOWN_REFERENCE = "rahasianomortakdikenal"


def mark(who: str, name: str) -> str:
    """One word that stands in one field of one message and nowhere else."""
    return f"rahasia{who}{name}"


@dataclass(frozen=True)
class Person:
    """Somebody who writes, with a marker in every field."""

    who: str
    number: int

    @property
    def name(self) -> str:
        return mark(self.who, "nama")

    @property
    def email(self) -> str:
        return f"{mark(self.who, 'surel')}@warga.example"

    @property
    def phone(self) -> str:
        return f"0812 9900 {self.number:04d}"

    @property
    def nik(self) -> str:
        return f"99999901019{self.number:05d}"

    @property
    def address(self) -> str:
        return f"Gang {mark(self.who, 'alamat')} 7"

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every spelling in which the numbers may turn up."""
        digits = self.phone.replace(" ", "")[1:]
        return self.phone, digits, f"{digits[:3]}-{digits[3:7]}-{digits[7:]}", self.nik

    @property
    def identity(self) -> tuple[str, ...]:
        return (
            *self.numbers,
            *(mark(self.who, x) for x in ("nama", "surel", "alamat")),
        )


ROAD = Person("jalan", 1)
ROAD_AND_HEALTH = Person("limbah", 2)
IDENTITY_CARD = Person("ktp", 3)
MAILER = Person("surat", 4)
TEXTER = Person("sms", 5)
STRANGER = Person("orang", 6)
PEOPLE = (ROAD, ROAD_AND_HEALTH, IDENTITY_CARD, MAILER, TEXTER, STRANGER)
ANONYMOUS = ROAD_AND_HEALTH

WEB_FIELDS: dict[str, str] = {
    "title": "muka",
    "body": "isi",
    "place_text": "tempat",
    "landmark": "patokan",
    "reporter.name": "nama",
    "reporter.email": "surel",
    "reporter.address": "alamat",
}
"""Field that an allow-list may name -> the marker in it."""
TOPICS = {ROAD: "Jalan rusak", ROAD_AND_HEALTH: "Limbah", IDENTITY_CARD: "KTP"}
RECEIVERS = {
    ROAD: ("dinas_pupr",),
    ROAD_AND_HEALTH: ("dinas_pupr", "dinkes"),
    IDENTITY_CARD: ("disdukcapil",),
}
LATITUDE, LONGITUDE = -6.4913771, 106.8123771


def web_complaint(person: Person) -> dict[str, Any]:
    """A complaint in which every field of the web's API is filled."""
    who = person.who
    return {
        "type": "complaint",
        "title": f"{TOPICS[person]} {mark(who, 'muka')}",
        "body": f"Mohon bantuan {mark(who, 'isi')}.\nTerima kasih.",
        "language": "id",
        "incident_on": "2026-11-20",
        "region": {"scheme": "kemendagri", "code": "32.76.01.1003"},
        "place": {
            "text": f"Jl. {mark(who, 'tempat')}",
            "landmark": f"Warung {mark(who, 'patokan')}",
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
        },
        "claimed_agency": mark(who, "instansi"),
        "anonymous": person is ANONYMOUS,
        "confidential": person is IDENTITY_CARD,
        "reporter": {
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "address": person.address,
            "nik": person.nik,
        },
    }


WORDS = frozenset(
    [mark(p.who, name) for p in TOPICS for name in WEB_FIELDS.values()]
    + [mark(p.who, "kunci") for p in TOPICS]
    + [mark("surat", x) for x in ("nama", "surel", "muka", "isi", "kepala", "nomor")]
    + [mark("surat", x) for x in ("berkas", "lampiran")]
    + [mark("sms", "isi"), mark("sms", "kunci")]
    + [mark(p.who, "balasan") for p in (ROAD, MAILER, TEXTER, STRANGER)]
    + [mark(profile.name, "catatan") for profile in PROFILES]
    + [UNKNOWN_WORD, UNKNOWN_REFERENCE]
)
"""Every word that was planted."""
CLAIMS = frozenset(mark(person.who, "instansi") for person in TOPICS)
"""What a citizen wrote where an agency's name is asked for."""
PLANTED = WORDS | CLAIMS | {number for person in PEOPLE for number in person.numbers}


@dataclass
class Day:
    """What left the hub in one day, and what it wrote down."""

    hints: list[dict[str, Any]] = field(default_factory=list)
    """Messages as the broker's transport got them."""
    log: str = ""
    metrics: str = ""
    requests: dict[str, list[RecordedRequest]] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    data_dir: Path = Path()
    told: str = ""
    """What reporters read: not searched, it shows that markers are found."""


def found_in(
    text: str, wanted: frozenset[str] | set[str] | tuple[str, ...]
) -> set[str]:
    lower = text.lower()
    return {word for word in wanted if word.lower() in lower}


# --- the day ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder = tmp_path_factory.mktemp("day")
    lived = Day(data_dir=folder / "data")
    with (
        pytest.MonkeyPatch.context() as patch,
        logs_to(folder / "log"),
        SimulatedRegion(
            int(time.time()), work_seconds=(0.05, 0.2), profiles=outspoken()
        ) as region,
    ):
        record_hints(patch, lived.hints)
        hub = build_hub(settings_of(folder, region), region.environment())
        hub.start()
        try:
            region.connect(hub.http_url, hub.smtp_address)
            live_through(hub, region)
            lived.metrics = httpx2.get(f"{hub.metrics_url}/metrics").text
            lived.metrics += generate_latest(telemetry.REGISTRY).decode()
            lived.codes = codes_of(hub)
        finally:
            hub.stop()
        lived.requests = {n: a.requests for n, a in region.agencies.items()}
        lived.told = " ".join(
            [m.text for m in region.mail.messages]
            + [m.text for m in region.sms.messages]
        )
    lived.log = (folder / "log").read_text()
    return lived


def outspoken() -> list[AgencyProfile]:
    """Agencies that write a marker beside each status."""
    return [
        dataclasses.replace(
            profile,
            notes=dict.fromkeys(profile.words, (mark(profile.name, "catatan"),)),
        )
        for profile in PROFILES
    ]


@contextlib.contextmanager
def logs_to(path: Path) -> Iterator[None]:
    """Send this process's and its children's stderr to a file, all levels, as JSON."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    saved = os.dup(2)
    with path.open("w") as file, contextlib.redirect_stderr(file):
        os.dup2(file.fileno(), 2)
        telemetry.configure_logging("json", "DEBUG")
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            structlog.configure(**before)
            root.handlers[:] = handlers
            root.setLevel(level)


def record_hints(patch: pytest.MonkeyPatch, hints: list[dict[str, Any]]) -> None:
    """Copy each message that the memory transport is given."""
    put = memory.Channel._put

    def record(channel: Any, queue: str, message: Any, **more: Any) -> Any:
        hints.append({"queue": queue, **message})
        return put(channel, queue, message, **more)

    patch.setattr(memory.Channel, "_put", record)


def settings_of(folder: Path, region: SimulatedRegion) -> Settings:
    gateway = {
        "secret": "env:SIMPUL_SMS_SECRET",
        "send_url": "env:SIMPUL_SMS_SEND_URL",
        "send_secret": "env:SIMPUL_SMS_SEND_SECRET",
        "line": "1708",
    }
    return Settings(
        data_dir=folder / "data",
        agencies_dir=short_agencies(folder / "agencies"),
        server=Server(port=0),
        edge=Edge(fsync=False),
        work=Work(orphan_waits_seconds=(0.5, 1, 2)),
        notices=Notices(
            email=MailNotices(burst_seconds=0),
            sms=SmsNotices(burst_seconds=0, quiet_hours=""),
        ),
        channels={
            "web": {},
            "email": {"domain": "simpul.example", "relay": region.mail.address},
            "sms": {"gateways": {"gateway": gateway}},
        },
    )


def live_through(hub: Hub, region: SimulatedRegion) -> None:
    """Write, answer, ask, be answered, be refused; until all is at rest."""
    region.disdukcapil.faults.set(Fault.TOO_LARGE_413)
    codes = {person: write_web(hub, person) for person in TOPICS}
    write_mail(region)
    write_sms(region, TEXTER, f"LAPOR antrean obat {mark('sms', 'isi')}", "kunci")
    region.dinkes.push([{"nomor": UNKNOWN_REFERENCE, "status": "baru", "id": "1"}])
    region.dinkes.push([{"nomor": "00001/KES", "status": UNKNOWN_WORD, "id": "2"}])
    wait_for(lambda: len(region.pupr.cases) == 3 and len(region.dinkes.cases) == 2)
    answer_all(hub, region, codes)
    wait_for(lambda: at_rest(hub, region))


def answer_all(hub: Hub, region: SimulatedRegion, codes: dict[Person, str]) -> None:
    """Answer by every channel; a stranger who knows a code writes, too."""
    path = f"{hub.http_url}/api/v1/complaints/{codes[ROAD]}/replies"
    answer = httpx2.post(
        path,
        json={"text": f"Masih rusak {mark(ROAD.who, 'balasan')}"},
        headers={"Idempotency-Key": "balasan-0001"},
    )
    assert answer.is_success
    wait_for(lambda: bool(region.mail.received(MAILER.email)))
    mail = region.mail.received(MAILER.email)[0]
    assert region.citizens.answer_mail(mail, mark(MAILER.who, "balasan")).accepted
    wait_for(lambda: bool(region.sms.received(TEXTER.phone)))
    code = code_of(hub, "sms")
    write_sms(region, TEXTER, f"TL {code} {mark('sms', 'balasan')}", "kunci2")
    write_sms(region, TEXTER, f"STATUS {code}", "kunci3")
    write_sms(region, STRANGER, f"TL {code} {mark('orang', 'balasan')}", "kunci")
    httpx2.get(f"{hub.http_url}/t/{code}")


def write_web(hub: Hub, person: Person) -> str:
    answer = httpx2.post(
        f"{hub.http_url}/api/v1/complaints",
        json=web_complaint(person),
        headers={"Idempotency-Key": mark(person.who, "kunci")},
    )
    assert answer.status_code == 202
    code: str = answer.json()["code"]
    return code


def write_mail(region: SimulatedRegion) -> None:
    message = EmailMessage()
    message["From"] = f"{MAILER.name} <{MAILER.email}>"
    message["To"] = "Layanan <lapor@simpul.example>"
    message["Subject"] = f"Jalan berlubang {mark('surat', 'muka')}"
    message["Message-ID"] = f"<{mark('surat', 'nomor')}@warga.example>"
    message["X-Kepala"] = mark("surat", "kepala")
    message.set_content(f"Mohon ditambal {mark('surat', 'isi')}.\n")
    message.add_attachment(
        mark("surat", "lampiran").encode(),
        maintype="application",
        subtype="pdf",
        filename=f"{mark('surat', 'berkas')}.pdf",
    )
    assert region.citizens.hub is not None
    assert post_mail(region.citizens.hub, message) is Verdict.ACCEPTED


def write_sms(region: SimulatedRegion, person: Person, text: str, key: str) -> None:
    phone = person.phone.replace(" ", "")
    sms = region.sms.send_in(phone, text, id=mark(person.who, key))
    assert sms.accepted


def wait_for(test: Callable[[], bool]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not test():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def at_rest(hub: Hub, region: SimulatedRegion) -> bool:
    """One hand-over is refused; two updates cannot be placed."""
    if not region.at_rest:  # before and after: it may have spoken meanwhile
        return False
    counts = hub.store.queries.counts()
    expected = {"to_work": 0, "answers_waiting": 0, "quarantined": 2, "parked": 1}
    waits = counts["lagging"] - counts["parked"]
    return region.at_rest and waits <= 0 and expected.items() <= counts.items()


def codes_of(hub: Hub) -> frozenset[str]:
    with hub.store.db.read() as tx:
        return frozenset(tx.conn.execute(sa.select(t.complaints.c.code)).scalars())


def code_of(hub: Hub, channel: str) -> str:
    c = t.complaints.c
    with hub.store.db.read() as tx:
        found = tx.conn.execute(sa.select(c.code).where(c.channel == channel))
        return str(found.scalar_one())


# --- what left the hub -----------------------------------------------------------


def test_hints_are_lists_of_ids_and_nothing_else(day: Day) -> None:
    for hint in day.hints:
        body = json.loads(base64.b64decode(hint["body"]))
        assert [str(UUID(one)) for one in body] == body
        assert set(hint["headers"]) <= {"by"}
    lanes = {hint["properties"]["delivery_info"]["routing_key"] for hint in day.hints}
    assert lanes == {
        *("intake.web", "intake.email", "intake.sms", "poll"),
        *("updates.dinas_pupr", "updates.dinkes"),
        *("deliver.dinas_pupr", "deliver.dinkes", "deliver.disdukcapil"),
        *("deliver.reporter:email", "deliver.reporter:sms"),
    }
    assert found_in(repr(day.hints), PLANTED | day.codes) == set()


def test_log_lines_hold_no_words_numbers_and_codes_of_people(day: Day) -> None:
    lines = [json.loads(line) for line in day.log.splitlines()]
    assert {"delivery_settled"} <= {line["event"] for line in lines}
    assert found_in(day.log, PLANTED | day.codes) == set()


def test_no_log_line_needed_the_redaction(day: Day) -> None:
    """It is a net below; whoever falls into it would have told."""
    assert [line for line in day.log.splitlines() if "[redacted]" in line] == []


def test_metrics_hold_no_words_numbers_and_codes_of_people(day: Day) -> None:
    assert (
        'simpul_delivery_attempts_total{outcome="done",party="dinkes"}' in day.metrics
    )
    assert found_in(day.metrics, PLANTED | day.codes) == set()


def test_the_words_that_are_searched_for_did_go_through_the_hub(day: Day) -> None:
    seen = day.told + repr([(r.path, r.body) for a in day.requests.values() for r in a])
    for person in TOPICS:
        if person is not IDENTITY_CARD:
            assert mark(person.who, "isi") in seen
    for person in (ROAD, MAILER, TEXTER, STRANGER):
        assert mark(person.who, "balasan") in seen
    for name in ("dinas_pupr", "dinkes"):
        assert mark(name, "catatan") in seen
    assert found_in(day.told, day.codes)


# --- what agencies got -----------------------------------------------------------


def manifest(agency: str) -> dict[str, Any]:
    return tomllib.loads((registry.SAMPLES / agency / "agency.toml").read_text())


def text_of(requests: list[RecordedRequest]) -> str:
    return " ".join(
        f"{r.method} {r.path} {r.query} {dict(r.headers)} {r.body.decode()}"
        for r in requests
    )


def leaves(tree: Any, path: str = "") -> Iterator[str]:
    """Name the places of a JSON document; a list's items share one."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value, path)
    else:
        yield path


def places_of(settings: dict[str, Any]) -> set[str]:
    """Name the places that an agency's manifest declares in what is sent to it."""
    submit, send = settings["submit"], settings["send"]
    files = submit.get("files", {})
    return (
        {submit["key_field"], send["key_field"], *submit["fields"]}
        | {f"{send['items']}.{name}" for name in send["fields"]}
        | {f"{files['field']}.{v}" for k, v in files.items() if k != "field"}
    )


AGENCIES = [profile.name for profile in PROFILES]


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_gets_the_places_of_its_manifest_only(day: Day, agency: str) -> None:
    asked = [r for r in day.requests[agency] if r.method == "POST"]
    got = {place for request in asked for place in leaves(request.json())}
    assert got
    assert got <= places_of(manifest(agency)["settings"])


@pytest.mark.scenario(21)
@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_reads_the_fields_of_its_allow_list_only(
    day: Day, agency: str
) -> None:
    allow = set(manifest(agency)["allow"])
    text = text_of(day.requests[agency])
    for person in TOPICS:
        for name, marker in WEB_FIELDS.items():
            allowed = name in allow and agency in RECEIVERS[person]
            hidden = person is ANONYMOUS and name.startswith("reporter.")
            assert (mark(person.who, marker) in text) is (allowed and not hidden), name
    assert (str(LATITUDE) in text) is ("latitude" in allow)
    assert (str(LONGITUDE) in text) is ("longitude" in allow)


def test_a_number_reaches_those_agencies_only_that_may_call(day: Day) -> None:
    for agency in AGENCIES:
        allowed = "reporter.phone" in manifest(agency)["allow"]
        for person in PEOPLE:
            got = found_in(text_of(day.requests[agency]), person.numbers)
            may = allowed and person in TOPICS and person is not ANONYMOUS
            mine = may and agency in RECEIVERS[person]
            digits = person.phone.replace(" ", "")[1:]
            assert got == ({digits} if mine else set()), f"{agency}: {person.who}"


def test_a_file_reaches_those_agencies_only_that_may_have_it(day: Day) -> None:
    content = base64.b64encode(mark("surat", "lampiran").encode()).decode()
    for agency in AGENCIES:
        text = text_of(day.requests[agency])
        takes = agency == "dinas_pupr"
        assert (mark("surat", "berkas") in text) is takes
        assert (content in text) is takes


def test_an_anonymous_reporters_identity_reaches_no_agency(day: Day) -> None:
    everything = " ".join(text_of(requests) for requests in day.requests.values())
    assert mark(ANONYMOUS.who, "isi") in everything
    assert found_in(everything, ANONYMOUS.identity) == set()


def test_no_agency_gets_what_belongs_to_the_reporter_alone(day: Day) -> None:
    """Codes, identity numbers, the sender's own keys, headers of their mails."""
    everything = " ".join(text_of(requests) for requests in day.requests.values())
    private = {mark(p.who, "kunci") for p in PEOPLE} | {p.nik for p in PEOPLE}
    private |= {mark("surat", "kepala"), mark("surat", "nomor")}
    assert found_in(everything, private | day.codes) == set()


# --- what rests ------------------------------------------------------------------


def resting(day: Day, wanted: frozenset[str]) -> set[str]:
    """Look for words in every file that the hub wrote."""
    files = [path for path in day.data_dir.rglob("*") if path.is_file()]
    assert {".db", ".edge"} <= {path.suffix for path in files}
    return set().union(*(found_in(p.read_text("latin-1"), wanted) for p in files))


def test_no_file_of_the_hub_holds_words_or_numbers_of_people(day: Day) -> None:
    assert resting(day, PLANTED) == set()
