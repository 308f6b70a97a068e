"""The suite over a unit that has only a mailbox, through real SMTP sockets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from connectors.kit.bench import Bench
from connectors.kit.mail_rows import MAIL_ROWS
from connectors.kit.row import Verdict
from connectors.kit.rows import ROWS
from connectors.kit.suite import Report, run_suite
from connectors.protocols.mail import relay as relay_protocol
from connectors.systems.email import menu as choices
from hub.simulator.mail import MailSink
from hub.simulator.mailbox import SimulatedMailbox
from tests.unit.connectors.kit.polled import on_the_bench
from tests.unit.connectors.kit.standing import report_of, verdicts

READING = "connectors.systems.email.reading"
BY_NATURE = {
    "create_again": "key",
    "look_up": "look-up",
    "recovers": "sent_again",
    "credentials": "answer_forged",
    "lost_answer": "relay_",
    "unmapped_word": "answer_wrong",
    "forged": "answer_forged",
    "order_known": "arrival",
    "snapshot": "cannot be asked",
    "originates": "do not begin",
}
"""Row that a mailbox cannot pass -> what its evidence says."""


@contextmanager
def mailbox() -> Iterator[tuple[Bench, MailSink]]:
    doors: list[Bench] = []
    with (
        MailSink() as sink,
        SimulatedMailbox(
            sink,
            seed=1,
            hub_smtp=lambda: doors[0].way_back if doors else "",
            work_seconds=None,
        ) as unit,
        on_the_bench(unit) as bench,
    ):
        doors.append(bench)
        yield bench, sink


def asked(bench: Bench, *names: str) -> Report:
    """Ask some rows, after the first mail that they build on."""
    wanted = [row for row in (*ROWS, *MAIL_ROWS) if row.id in ("create", *names)]
    return run_suite(bench, against="simulator", rows=wanted)


def test_the_mailbox_conforms_and_says_what_it_has_not_by_nature() -> None:
    with mailbox() as (bench, _):
        report = report_of(bench)
    found = verdicts(report)
    said = {row.id: " ".join(outcome.evidence) for row, outcome in report.rows}

    assert report.failed == []
    assert (report.level, report.passed) == (2, True)
    assert Verdict.NOT_TRIED not in found.values()
    assert {found[row.id] for row in MAIL_ROWS} == {Verdict.PASS}
    for row, why in BY_NATURE.items():
        assert found[row] is Verdict.NOT_SUPPORTED
        assert why in said[row]
    assert said["answer_bare"] == "12 words, 6 numbers"


def test_no_other_kind_of_system_is_asked_about_mails() -> None:
    assert not {row.id for row in MAIL_ROWS} & {row.id for row in ROWS}


def _nothing_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Whole:
        def __init__(self, text: str) -> None:
            self.reply = text

    monkeypatch.setattr(f"{READING}.split_reply", Whole)


def _machines_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{READING}.find_machine", lambda _: None)


def _any_word_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = choices.read_choice

    def guess(menu: Sequence[choices.Choice], reply: str) -> choices.Chosen | None:
        return read(menu, reply) or read(menu, "1")

    monkeypatch.setattr(f"{READING}.read_choice", guess)


@pytest.mark.parametrize(
    ("break_it", "rows"),
    [
        (_nothing_is_quoted, {"answer_indonesian", "answer_outlook", "answer_gmail"}),
        (_machines_are_heard, {"answer_away", "answer_bounced"}),
        (_any_word_is_guessed, {"answer_wrong", "answer_two"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_reader_that_errs_fails_in_the_right_rows(
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[pytest.MonkeyPatch], None],
    rows: set[str],
) -> None:
    break_it(monkeypatch)
    with mailbox() as (bench, _):
        report = asked(bench, *rows, "answer_bare")

    assert set(report.failed) == rows


def test_a_relay_that_is_away_fails_where_it_is_reached() -> None:
    with mailbox() as (bench, sink):
        sink.stop()
        report = asked(bench, "reach", "answer_bare")

    assert report.failed == ["reach", "create"]
    assert verdicts(report)["answer_bare"] is Verdict.NOT_TRIED


def test_mails_without_an_envelope_sender_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post = relay_protocol.hand_over

    def silently(
        relay: relay_protocol.Relay, to: Sequence[str], mail: bytes, *, sender: str
    ) -> bytes:
        del sender
        return post(relay, to, mail)

    monkeypatch.setattr("connectors.systems.email.system.hand_over", silently)
    with mailbox() as (bench, _):
        report = asked(bench, "answer_bounced")

    assert report.failed == ["answer_bounced"]
