"""The whole hub before ServiceNow: a lost answer, and the files that follow."""

import os
import smtplib
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from connectors.kit.proxy import Break, FaultProxy
from hub.bootstrap import Hub, build_hub
from hub.settings import Edge, Server, Settings
from tests.foreign.desk import AGENCIES
from tests.foreign.servicenow import PASSWORD, ServiceNow

SECONDS_MAX = 30.0
ROUTING = """
[[rules]]
id = "roads"
why = "Roads."
keyword = ["berlubang"]
main = ["diskominfo"]
examples = [{ text = "Jalan berlubang" }]
"""


@pytest.fixture
def product() -> Iterator[ServiceNow]:
    with ServiceNow() as found:
        yield found


@pytest.fixture
def proxy(product: ServiceNow) -> Iterator[FaultProxy]:
    with FaultProxy(product.url, slow_seconds=1) as found:
        yield found


@pytest.fixture
def hub(tmp_path: Path, proxy: FaultProxy) -> Iterator[Hub]:
    folder = tmp_path / "agencies"
    (folder / "diskominfo").mkdir(parents=True)
    text = (AGENCIES / "diskominfo" / "agency.toml").read_text("utf-8")
    hurried = text.replace("deadline_seconds = 10", "deadline_seconds = 1")
    path = folder / "diskominfo" / "agency.toml"
    # The proxy is asked for nothing else, so that the call it breaks is known.
    path.write_text(hurried.replace("every_seconds = 60", "every_seconds = 3600"))
    (folder / "routing.toml").write_text(ROUTING)
    settings = Settings(
        data_dir=tmp_path / "data",
        agencies_dir=folder,
        server=Server(port=0),
        edge=Edge(fsync=False),
        channels={"email": {"domain": "simpul.example", "relay": "127.0.0.1:9"}},
    )
    secrets = {
        "SIMPUL_DISKOMINFO_URL": proxy.url,
        "SIMPUL_DISKOMINFO_PASSWORD": PASSWORD,
    }
    found = build_hub(settings, {**os.environ, **secrets})
    found.start()
    yield found
    found.stop()


class BreaksFirst:
    """Loses the answer of the first hand-over."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy, self._serve, self._once = proxy, proxy.serve, threading.Event()

    def serve(self, handler: object, body: bytes) -> None:
        told = (getattr(handler, "command", ""), getattr(handler, "path", ""))
        if told == ("POST", "/api/now/table/incident") and not self._once.is_set():
            self._once.set()
            self._proxy.next_call(Break.ANSWER_LOST)
        self._serve(handler, body)  # type: ignore[arg-type]


def test_a_lost_hand_over_is_found_and_gets_every_file_once(
    product: ServiceNow,
    proxy: FaultProxy,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proxy, "serve", BreaksFirst(proxy).serve)
    letter = EmailMessage()
    letter["From"], letter["To"] = "warga@example.com", "lapor@simpul.example"
    letter["Subject"], letter["Message-ID"] = "Jalan berlubang", "<1@example.com>"
    letter.set_content("Jalan berlubang di depan pasar, mohon ditambal.")
    photo = b"\x89PNG\r\n\x1a\n" + bytes(500)
    letter.add_attachment(photo, "image", "png", filename="lubang.png")
    letter.add_attachment(b"%PDF-1.4", "application", "pdf", filename="surat.pdf")
    host, port = hub.smtp_address.rsplit(":", 1)
    with smtplib.SMTP(host, int(port)) as client:
        client.send_message(letter)

    until = time.monotonic() + SECONDS_MAX
    while len(product.attachments) < 2:
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
    (incident,) = product.incidents.values()
    names = [one["file_name"] for one in product.attachments]
    assert names == ["lubang.png", "surat.pdf"]
    assert {one["table_sys_id"] for one in product.attachments} == {incident["sys_id"]}
