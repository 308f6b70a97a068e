"""From nothing to a conformance report: what an integrator types."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.command import FAILED, USAGE, Run

SECRETS = {
    "URL": "http://127.0.0.1:9",
    "TOKEN": "a-token-of-the-tests",
    "WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"of the tests only").decode(),
}
API = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://agency.example/api"}],
    "paths": {
        "/v1/tickets": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/x/T"}}
                    }
                },
                "responses": {
                    "201": {
                        "content": {
                            "application/json": {
                                "schema": {"properties": {"ticket_id": {}}}
                            }
                        }
                    }
                },
            }
        }
    },
    "components": {
        "x": {
            "T": {
                "required": ["subject", "priority"],
                "properties": {"subject": {}, "description": {}, "priority": {}},
            }
        }
    },
}


@pytest.fixture
def agencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    folder = tmp_path / "agencies"
    folder.mkdir()
    monkeypatch.setenv("SIMPUL_AGENCIES_DIR", str(folder))
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"SIMPUL_RSUD_CONTOH_{name}", value)
    return folder


@pytest.mark.scenario(16)
@pytest.mark.slow
def test_a_new_agency_is_written_checked_shown_tried_and_reported(
    run: Run, agencies: Path, tmp_path: Path
) -> None:
    made = run("agencies", "new", "rsud_contoh", "--title", "RSUD Contoh", "--json")
    assert made.code == 0
    files = sorted(path.name for path in agencies.rglob("*.*"))
    expected = "agency.schema.json agency.toml complaint.json sample.json"
    assert files == expected.split()
    assert run("agencies", "check", "rsud_contoh").code == 0

    shown = run("agencies", "preview", "rsud_contoh", "--json")
    (request,) = shown.document["requests"]
    assert json.loads(request["body"])["judul"].startswith("Lampu jalan")
    assert SECRETS["TOKEN"] not in shown.out

    tried = run("agencies", "try", "rsud_contoh", "--simulator", "--json")
    assert (tried.code, tried.document["exchanges"][0]["status"]) == (0, 201)

    page = tmp_path / "report.html"
    found = run(
        "agencies",
        "test",
        "rsud_contoh",
        "--simulator",
        "--report",
        str(page),
        "--json",
    )
    assert (found.code, found.document["level"]) == (0, 2)
    assert "RSUD Contoh" in page.read_text()


@pytest.mark.scenario(16)
def test_a_mistake_is_named_with_its_line_and_exit_code_one(
    run: Run, agencies: Path
) -> None:
    run("agencies", "new", "rsud_contoh")
    file = agencies / "rsud_contoh" / "agency.toml"
    file.write_text(file.read_text().replace("reference =", "refrence =", 1))

    found = run("agencies", "check", "rsud_contoh", "--json")

    assert found.code == FAILED
    row = next(one for one in found.document if one["key"].endswith("refrence"))
    assert "'reference'" in row["why"]
    assert "refrence" in file.read_text().split("\n")[row["line"] - 1]


def test_one_mistake_is_counted_as_one(run: Run, agencies: Path) -> None:
    run("agencies", "new", "rsud_contoh")
    file = agencies / "rsud_contoh" / "agency.toml"
    file.write_text(f"odd = 1\n{file.read_text()}")

    assert "1 mistake in 1 agency\n" in run("agencies", "check", "rsud_contoh").err


def test_nothing_is_overwritten(run: Run, agencies: Path) -> None:
    run("agencies", "new", "rsud_contoh")
    file = agencies / "rsud_contoh" / "agency.toml"
    file.write_text("# mine")

    assert run("agencies", "new", "rsud_contoh").code == FAILED
    assert file.read_text() == "# mine"
    assert run("agencies", "new", "../oops").code == USAGE


def test_what_is_read_and_right_becomes_the_golden_case(
    run: Run, agencies: Path
) -> None:
    run("agencies", "new", "rsud_contoh")
    path = agencies / "rsud_contoh" / "agency.toml"
    path.write_text(
        path.read_text("utf-8").replace('"isi" = "body"', '"teks" = "body"')
    )

    old = run("agencies", "check", "rsud_contoh")
    accepted = run("agencies", "preview", "rsud_contoh", "--accept")

    assert old.code == FAILED
    assert "--accept" in old.err
    assert "2 mistakes in 1 agency\n" in old.err
    assert accepted.code == 0
    assert run("agencies", "check", "rsud_contoh").code == 0


def test_an_agency_that_refuses_fails_the_command(
    run: Run, agencies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("agencies", "new", "rsud_contoh")
    assert "is not public" in run("agencies", "try", "rsud_contoh").err
    assert "is not public" in run("agencies", "test", "rsud_contoh").err
    monkeypatch.setenv("SIMPUL_EGRESS_NETWORKS", "127.0.0.0/8")

    tried = run("agencies", "try", "rsud_contoh")

    assert tried.code == FAILED
    assert "no answer" in tried.out
    assert "connection refused" in tried.err


def test_a_description_becomes_a_field_map(
    run: Run, agencies: Path, tmp_path: Path
) -> None:
    (tmp_path / "api.json").write_text(json.dumps(API))

    assert run("agencies", "new", "rsud_contoh", "--from", "api.json").code == 0

    text = (agencies / "rsud_contoh" / "agency.toml").read_text()
    assert '"subject" = "title"' in text
    assert '"description" = "body"' in text
    assert 'reference = "ticket_id"' in text
    (row,) = run("agencies", "check", "rsud_contoh", "--json").document
    assert row["key"] == "settings.submit.fields.priority"


def test_an_update_is_signed_and_our_own_door_takes_it(
    run: Run, agencies: Path
) -> None:
    run("agencies", "new", "rsud_contoh")

    found = run(
        "agencies", "push-sample", "rsud_contoh", "--status", "Selesai", "--json"
    )

    assert found.document["to_hub"]["read_as"] == ["resolved"]
    assert "webhook-signature" in found.document["to_hub"]["curl"]
    assert not any(secret in found.out for secret in list(SECRETS.values())[1:])


class Open311Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        listed = [
            {"service_code": "lampu", "service_name": "Lampu", "metadata": "true"},
            {
                "service_code": "jalan",
                "service_name": "Jalan\n[x]",
                "metadata": "false",
            },
        ]
        definition = {
            "attributes": [{"code": "tiang", "required": "true", "description": "No"}]
        }
        one = self.path.startswith("/services/lampu")
        body = json.dumps([definition] if one else listed).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def open311() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Open311Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_open311_server_tells_its_services(
    run: Run, agencies: Path, open311: str
) -> None:
    made = run("agencies", "new", "rsud_contoh", "--from", f"open311:{open311}")

    assert made.code == 0
    text = (agencies / "rsud_contoh" / "agency.toml").read_text()
    assert 'service_code = "lampu"' in text
    assert '"jalan"  # Jalan [x]' in text
    assert '"tiang" = "=ISI"' in text


@pytest.fixture
def mailbox(agencies: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    monkeypatch.setenv("SIMPUL_MAIL_RELAY", "127.0.0.1:9")
    monkeypatch.setenv("SIMPUL_MAIL_REPLY_SECRET", "rahasia-uji-balasan")
    made = run("agencies", "new", "puskesmas_uji", "--system", "email", "--json")
    assert made.code == 0
    return agencies / "puskesmas_uji" / "agency.toml"


@pytest.mark.slow
def test_a_mailbox_is_written_checked_shown_tried_and_reported(
    run: Run, mailbox: Path, tmp_path: Path
) -> None:
    assert run("agencies", "check", "puskesmas_uji").code == 0

    tried = run("agencies", "try", "puskesmas_uji", "--simulator", "--json")
    assert (tried.code, tried.document["reference"]) == (0, "sim-2026-0000017")

    page = tmp_path / "report.html"
    told = ("--report", str(page), "--json")
    found = run("agencies", "test", "puskesmas_uji", "--simulator", *told)
    wrong = [row for row in found.document["rows"] if row["verdict"] == "fail"]
    assert wrong == []
    assert (found.code, found.document["level"]) == (0, 2)
    assert "answer_outlook" in page.read_text()
    assert "rahasia-uji-balasan" not in page.read_text() + found.out


def test_a_mail_is_shown_as_its_officer_reads_it(run: Run, mailbox: Path) -> None:
    shown = run("agencies", "preview", "puskesmas_uji", "--json")

    (request,) = shown.document["requests"]
    assert request["request"] == "SMTP smtp://127.0.0.1:9"
    assert "3  SELESAI / DONE" in request["body"]
    assert request["curl"].startswith("curl smtp://127.0.0.1:9 --mail-rcpt ")


def test_a_changed_menu_is_found_by_the_golden_case(run: Run, mailbox: Path) -> None:
    mailbox.write_text(mailbox.read_text().replace('"SELESAI"', '"BERES"'))

    assert run("agencies", "check", "puskesmas_uji").code == FAILED
    assert run("agencies", "preview", "puskesmas_uji", "--accept").code == 0
    assert run("agencies", "check", "puskesmas_uji").code == 0


def test_an_officers_answer_is_written_and_read(run: Run, mailbox: Path) -> None:
    found = run(
        "agencies", "push-sample", "puskesmas_uji", "--status", "DONE", "--json"
    )

    assert found.document["to_hub"]["read_as"] == ["resolved"]
    assert "lapor+a.puskesmas_uji." in found.document["to_hub"]["curl"]


def test_a_mailbox_has_no_description_to_begin_with(run: Run, agencies: Path) -> None:
    made = run("agencies", "new", "x_uji", "--system", "email", "--from", "api.json")

    assert made.code == USAGE
    assert not (agencies / "x_uji").exists()
