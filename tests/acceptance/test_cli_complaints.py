"""`simpul complaints`: found, shown, traced, erased."""

from pathlib import Path

import pytest

from tests.acceptance.command import FAILED, USAGE, Run, World, sql


def test_a_complaint_is_found_by_code_number_and_id(lived: Run, world: World) -> None:
    spoken = world.code.lower().replace("-", " ")
    first = lived("complaints", "show", spoken, "--json").document
    assert first["status"] == "closed"
    assert first["legs"][0]["name"] == "dinas_pupr"
    assert first["legs"][0]["reference"].startswith("PUPR-26-")
    assert {row["party"] for row in first["cursors"]} >= {"dinas_pupr"}
    assert "code" not in first
    for name in (first["public_number"], first["id"], first["id"].upper()):
        assert lived("complaints", "show", name, "--json").document == first
    assert first["public_number"] in lived("complaints", "show", spoken).out


def test_a_trace_has_everything_in_order_of_time(lived: Run, world: World) -> None:
    lines = lived("complaints", "trace", world.code, "--json").document
    assert lines == sorted(lines, key=lambda line: line["at"])
    kinds = {line["what"].split()[0] for line in lines}
    assert kinds >= {"raw", "event", "attempt"}
    assert "raw in" in lived("complaints", "trace", world.code).out


@pytest.mark.parametrize("verb", ["show", "trace"])
@pytest.mark.parametrize("name", ["AAAA-AAAA-A", "999999999999999", "x" * 36])
def test_an_unknown_complaint_is_an_error(lived: Run, verb: str, name: str) -> None:
    found = lived("complaints", verb, name, "--json")
    assert (found.code, found.out) == (FAILED, "")
    assert "no complaint" in found.err


def test_a_contact_that_is_gone_is_shown_and_taken_back(
    lived: Run, world: World, tmp_path: Path
) -> None:
    sql(
        tmp_path,
        "INSERT INTO contact_state (kind, hmac, unreachable, why) "
        "SELECT DISTINCT kind, hmac, 1, 'receipt: 5.1.1' FROM contacts",
    )
    before = lived("stats", "--json").document["contacts_unreachable"]
    changed = [
        lived(
            "complaints", "reachable", world.code, "--why", "a new one", "--json"
        ).document["contacts"]
        for _ in range(2)
    ]

    after = lived("stats", "--json").document["contacts_unreachable"]
    assert before - after == changed[0] > 0
    assert changed[1] == 0
    audit = lived("audit", "list", "--json").document
    assert [row["action"] for row in audit] == ["contact_reachable"]


def test_erasing_needs_a_yes_and_is_requested_once(lived: Run, world: World) -> None:
    unsure = lived("complaints", "erase", world.code)
    assert (unsure.code, lived("audit", "list", "--json").document) == (USAGE, [])
    assert "--yes" in unsure.err
    for _ in range(2):
        found = lived("complaints", "erase", world.code, "--yes", "--json")
        assert found.document["erasure"] == "requested"
    done = lived("audit", "list", "--json").document
    assert [row["action"] for row in done] == ["erasure_requested"]
    shown = lived("complaints", "show", world.code, "--json").document
    assert shown["erasure_due_at"]


def with_attachment(tmp_path: Path, world: World, state: str, why: str = "") -> None:
    """Let the agency of the settled complaint have got a file so; it works again."""
    told = (
        "INSERT INTO attachment_deliveries (complaint_id, party, recipient, event_id,"
        " n, state, why, at, fetches) SELECT l.complaint_id, 'dinas_pupr', '',"
        " l.event_id, 1, 'STATE', 'WHY', l.recorded_at, 0 FROM log l JOIN complaints c"
        " ON c.id = l.complaint_id WHERE c.code = 'CODE' AND l.type = 'received'"
    )
    works = "UPDATE complaints SET status = 'in_progress' WHERE code = 'CODE'"
    opens = "UPDATE legs SET closed_seq = NULL"
    told = told.replace("STATE", state).replace("WHY", why)
    sql(tmp_path, *(one.replace("CODE", world.code) for one in (told, works, opens)))


def test_what_agencies_got_of_attachments_is_shown_and_traced(
    lived: Run, world: World, tmp_path: Path
) -> None:
    with_attachment(tmp_path, world, "linked")
    (shown,) = lived("complaints", "show", world.code, "--json").document["attachments"]

    assert (shown["party"], shown["state"]) == ("dinas_pupr", "linked")
    assert "linked" in lived("complaints", "show", world.code).out
    assert "attachment 1 of event 1" in lived("complaints", "trace", world.code).out
    assert lived("complaints", "attachments", "--json").document == []


def test_an_attachment_that_an_agency_lacks_is_counted_listed_and_found_by_doctor(
    lived: Run, world: World, tmp_path: Path
) -> None:
    assert lived("stats", "--json").document["attachments_failed"] == 0
    with_attachment(tmp_path, world, "failed", "too_large")

    assert lived("stats", "--json").document["attachments_failed"] == 1
    assert "simpul complaints attachments" in lived("stats").err
    (row,) = lived("complaints", "attachments", "--json").document
    assert (row["party"], row["why"]) == ("dinas_pupr", "too_large")
    checks = {c["check"]: c for c in lived("doctor", "--json").document["checks"]}
    assert checks["attachments"]["ok"] is False
    assert checks["attachments"]["findings"][0]["why"] == "too_large"


def test_doctor_names_the_address_that_links_need(
    lived: Run, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_attachment(tmp_path, world, "mentioned", "no_public_url")
    checks = {c["check"]: c for c in lived("doctor", "--json").document["checks"]}
    assert checks["attachments"]["ok"] is False
    assert "server.public_url" in checks["attachments"]["detail"]

    monkeypatch.setenv("SIMPUL_SERVER__PUBLIC_URL", "https://simpul.example")
    checks = {c["check"]: c for c in lived("doctor", "--json").document["checks"]}
    assert checks["attachments"]["ok"] is True
