"""Contacts that want no messages, or that no message reaches any more."""

import dataclasses
from collections.abc import Collection
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from connectors.contract import Item, New, OptOut, Receipt
from connectors.errors import Refused
from hub.database import tables as t
from hub.stages.intake import Intake
from schemas.agency import RoutingTable
from schemas.raw import JournalEntry
from tests.contract.builders import MAIL, Words, raw_message
from tests.contract.test_casework import act
from tests.contract.test_merge import ANI
from tests.contract.told import NIGHT, Told, set_clock, told
from tests.contract.world import World

MINE = Words().email


class Says:
    """Reads every message as one item."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def run(self, channel: str, entry: JournalEntry) -> list[Item]:
        del channel, entry
        return [self._item]


def take_in(world: World, item: Item, ways: Collection[str] = (MAIL,)) -> Any:
    """Let one message come in; returns its journal row."""
    intake = Intake(
        world.store.journal,
        Says(item),
        RoutingTable(),
        {},
        frozenset(ways),
        lambda: str(uuid7()),
    )
    complains = isinstance(item, New)
    key = str(uuid7())
    message = raw_message(key, lane="intake.email", expects_complaint=complains)
    receipt = world.store.journal.accept(message)
    assert intake("intake.email", [receipt.journal_id]) == 1
    return world.row(t.journal, id=receipt.journal_id)


def wish(one: Told, *, opted_out: bool, **changes: Any) -> OptOut:
    given: dict[str, Any] = {
        "contact_kind": "email",
        "contact": MINE.upper(),
        "opted_out": opted_out,
        "code": one.known.code,
    }
    return OptOut(**given | changes)


def test_who_opted_out_is_told_nothing_and_what_is_skipped_is_recorded(
    world: World,
) -> None:
    one = told(world, burst=0)
    row = take_in(world, wish(one, opted_out=True))
    assert (row.state, row.why) == ("done", "opt-out")
    one.news("acknowledged")
    one.turn()

    assert one.mailbox.messages == [["answer"]]
    skipped = world.row(t.attempts, party=MAIL, outcome="skipped")
    assert skipped.why == "the contact opted out"
    assert (skipped.first_seq, skipped.last_seq) == (3, 5)
    assert world.cursor(one.known, MAIL).due_at is None
    trace = world.store.queries.trace(one.known.id)
    assert any("skipped the contact opted out" in line["detail"] for line in trace)
    page = world.store.queries.case_by_code(one.known.code)
    assert page is not None
    assert page.timeline[-1].type == "acknowledged"
    assert world.violated() == set()


def test_a_wish_is_confirmed_once(world: World) -> None:
    one = told(world, burst=0)
    for opted_out in (False, True, True, False, False):
        take_in(world, wish(one, opted_out=opted_out))
        one.turn()

    assert one.mailbox.messages == [["answer"], ["answer"]]


def test_who_opts_in_again_hears_from_then_on(world: World) -> None:
    one = told(world, burst=0)
    take_in(world, wish(one, opted_out=True))
    one.news("acknowledged")
    one.turn()
    take_in(world, wish(one, opted_out=False))
    one.turn()
    one.news("work_started")
    one.turn()

    assert one.mailbox.messages == [["answer"], ["answer"], ["work_started"]]


def test_what_rests_when_a_contact_opts_out_is_never_told(world: World) -> None:
    one = told(world, burst=0, quiet=NIGHT)
    set_clock(world, 23)
    one.news("acknowledged")
    one.turn()
    take_in(world, wish(one, opted_out=True))
    one.turn()
    take_in(world, wish(one, opted_out=False))
    set_clock(world, 7.01)
    one.turn()

    assert ["acknowledged"] not in one.mailbox.messages
    assert world.row(t.attempts, outcome="skipped").why == "the contact opted out"
    assert world.violated() == set()


@pytest.mark.parametrize(
    "changes", [{"code": ""}, {"code": "0000-0000-0"}, {"contact": "dia@warga.example"}]
)
def test_a_mail_that_shows_not_whose_wish_it_is_changes_nothing(
    world: World, changes: dict[str, str]
) -> None:
    one = told(world, burst=0)
    row = take_in(world, wish(one, opted_out=True, **changes))

    assert (row.state, row.why) == (
        "ignored",
        "opt_out: nothing shows whose wish it is",
    )
    one.news("acknowledged")
    one.turn()
    assert one.mailbox.messages == [["acknowledged"]]


def test_an_answer_to_a_mail_of_ours_shows_whose_wish_it_is(world: World) -> None:
    one = told(world, burst=0)
    (sent,) = world.rows(t.attempts, party=MAIL)
    row = take_in(world, wish(one, opted_out=True, code="", reply_to=(sent.key,)))

    assert (row.state, row.why) == ("done", "opt-out")


# unreachable


def test_a_receipt_that_says_that_an_address_is_gone_ends_the_messages(
    world: World,
) -> None:
    one = told(world, burst=0)
    (sent,) = world.rows(t.attempts, party=MAIL)
    gone = Receipt(
        client_reference=sent.key, state="failed", raw_state="5.1.1", permanent=True
    )
    row = take_in(world, gone)
    assert row.state == "done"
    assert world.row(t.data_keys, id=row.data_key_id).complaint_id == one.known.id
    one.news("acknowledged")
    one.turn()

    assert one.mailbox.messages == []
    assert world.row(t.attempts, outcome="skipped").why == "the contact is unreachable"
    queries = world.store.queries
    (cursor,) = (c for c in queries.cursors_of(one.known.id) if c["party"] == MAIL)
    assert cursor["contact"] == "unreachable (receipt: 5.1.1)"
    assert queries.counts()["contacts_unreachable"] == 1


@pytest.mark.parametrize("key", ["", "0" * 40])
def test_a_receipt_of_nothing_that_we_sent_changes_nothing(
    world: World, key: str
) -> None:
    one = told(world, burst=0)
    gone = Receipt(
        client_reference=key, external_id="7", state="failed", permanent=True
    )

    assert take_in(world, gone).state == "done"
    one.news("acknowledged")
    one.turn()
    assert one.mailbox.messages == [["acknowledged"]]


def test_a_receipt_of_a_failure_that_may_pass_changes_nothing(world: World) -> None:
    told(world, burst=0)
    (sent,) = world.rows(t.attempts, party=MAIL)
    take_in(world, Receipt(client_reference=sent.key, state="failed"))

    assert world.rows(t.contact_state) == []


def test_an_address_that_the_relay_says_is_gone_is_not_tried_again(
    world: World,
) -> None:
    one = told(world, burst=0)
    gone = Refused("RCPT answered 550", fingerprint="smtp RCPT 550", contact_gone=True)
    one.mailbox.error = gone
    one.news("acknowledged")
    one.turn()
    one.mailbox.error = None
    one.news("work_started")
    one.turn()

    assert one.mailbox.messages == []
    assert world.row(t.contact_state).why == "smtp RCPT 550"
    assert world.row(t.dead_letters).state == "open"
    assert world.row(t.attempts, outcome="skipped").why == "the contact is unreachable"
    assert world.violated() == set()


def test_an_operator_or_the_contact_itself_says_that_it_is_reachable(
    world: World,
) -> None:
    one = told(world, burst=0)
    (sent,) = world.rows(t.attempts, party=MAIL)
    gone = Receipt(client_reference=sent.key, state="failed", permanent=True)
    operations = world.store.operations
    take_in(world, gone)
    assert operations.reachable(one.known.id, "operator", "a new mailbox") == 1
    assert operations.reachable(one.known.id, "operator", "a new mailbox") == 0
    assert world.store.queries.audit()[0]["action"] == "contact_reachable"
    take_in(world, gone)
    take_in(world, wish(one, opted_out=False))
    one.news("acknowledged")
    one.turn()

    assert one.mailbox.messages == [["acknowledged"]]


# merged complaints


def merged(world: World) -> tuple[Told, Told]:
    """Two complaints of two persons: the second follows the first."""
    first = told(world, burst=0, quiet=NIGHT)
    known = world.register("k2", words=ANI)
    second = dataclasses.replace(first, known=known)
    second.turn()
    act(world, known, "merge", details={"other": first.known.id})
    second.turn()
    first.mailbox.messages.clear()
    return first, second


def test_the_contact_of_one_who_follows_is_lost_alone(world: World) -> None:
    one, other = merged(world)
    one.news("acknowledged")
    one.turn()
    (sent,) = (
        row
        for row in world.rows(t.attempts, party=MAIL, recipient=other.known.reporter_id)
        if row.subject_id == one.known.id
    )
    gone = Receipt(client_reference=sent.key, state="failed", permanent=True)
    row = take_in(world, gone)
    one.news("work_started")
    one.turn()

    skipped = world.row(t.attempts, outcome="skipped")
    assert skipped.recipient == other.known.reporter_id
    assert one.mailbox.messages == [
        ["acknowledged"],
        ["acknowledged"],
        ["work_started"],
    ]
    assert world.row(t.data_keys, id=row.data_key_id).complaint_id == other.known.id


def test_who_follows_and_opts_out_is_told_nothing_that_rests(world: World) -> None:
    one, other = merged(world)
    set_clock(world, 23)
    one.news("acknowledged")
    one.turn()
    item = wish(other, opted_out=True, contact=ANI.email)
    assert take_in(world, item).state == "done"
    one.turn()
    set_clock(world, 7.01)
    one.turn()

    assert one.mailbox.messages == [["answer"], ["acknowledged"]]
    skipped = world.row(t.attempts, outcome="skipped")
    assert skipped.recipient == other.known.reporter_id
