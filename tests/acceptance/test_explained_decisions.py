"""A mail through a running hub, and what the command says of why it became that."""

import smtplib
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.bootstrap import build_hub
from hub.database import tables as t
from hub.settings import Server, Settings
from tests.acceptance.command import FAILED, USAGE, Run
from tests.acceptance.world import wait_until
from tests.contract.mailing import CLAIMED, SARI, SERVER, VERIFIED, letter

SETTLED = {"to_work": 0, "accepted": 3}


@pytest.fixture
def mailed(tmp_path: Path) -> dict[str, str]:
    """Three mails that were worked: state of the journal row -> its id."""
    settings = Settings(
        data_dir=tmp_path / "data",
        server=Server(port=0),
        channels={
            "email": {
                "domain": "simpul.example",
                "relay": "127.0.0.1:9",
                "trusted_authserv": [SERVER],
            }
        },
    )
    hub = build_hub(settings, {})
    hub.start()
    try:
        host, _, port = hub.smtp_address.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=20) as smtp:
            for body in (
                letter(above=VERIFIED),
                letter("Palsu.", above=(*CLAIMED, VERIFIED[0])),
                letter("", Auto_Submitted="auto-replied"),
            ):
                smtp.sendmail(SARI, ["lapor@simpul.example"], body)
        wait_until(hub.store.queries.counts, SETTLED)
        with hub.store.db.read() as tx:
            rows = tx.conn.execute(
                sa.select(t.journal.c.id, t.journal.c.state, t.reporters.c.level)
                .outerjoin(
                    t.reporters, t.reporters.c.complaint_id == t.journal.c.complaint_id
                )
                .order_by(t.journal.c.id)
            ).all()
        return {row.level or row.state: row.id for row in rows}
    finally:
        hub.stop()


def test_the_command_says_why_each_mail_became_what_it_is(
    mailed: dict[str, str], run: Run
) -> None:
    assert set(mailed) == {"verified_email", "claimed", "ignored"}
    expected = {
        "verified_email": ("identity", "dmarc_pass"),
        "claimed": ("identity", "no_trusted_result"),
        "ignored": ("classification", "vacation"),
    }
    for name, decision in expected.items():
        found = run("channels", "trace", mailed[name], "--json").document
        decided = [(one["decision"], one["rule"]) for one in found["trace"]]
        assert decision in decided
        assert SARI not in str(found)
        assert decision[1] in run("channels", "trace", mailed[name]).out

    row_id = mailed["verified_email"]
    assert run("channels", "trace", row_id, "--open").code == USAGE
    opened = run("channels", "trace", row_id, "--open", "--why", "a test", "--json")
    assert SARI in opened.out
    audit = run("audit", "list", "--json").document
    assert audit[0]["action"] == "trace_opened"
    nobody = "00000000-0000-7000-8000-000000000000"
    assert run("channels", "trace", nobody).code == FAILED
    assert run("channels", "trace", "nonsense").code == FAILED

    (number,) = {
        row["public_number"]
        for row in run("complaints", "list", "--json").document
        if row_id in run("complaints", "trace", row["public_number"], "--json").out
    }
    shown = run("complaints", "trace", number).out
    assert "decided identity" in shown
    assert "dmarc_pass" in shown
