"""The journal takes every message once, and says what it is."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from uuid_utils import uuid7

from connectors.contract import Receiptful
from hub.database import tables as t
from hub.database.accepted import AcceptedGroup
from hub.database.edge import Copy
from hub.database.engine import Tx
from tests.contract.builders import raw_message
from tests.contract.world import World
from tests.services.waiting import wait_until


def test_a_message_is_new_once_and_seen_after_that(world: World) -> None:
    first = world.store.journal.accept(raw_message())
    again = world.store.journal.accept(raw_message())
    assert (first.state, again.state) == ("new", "seen")
    assert first.journal_id == again.journal_id
    assert first.code
    assert (first.code, first.public_number) == (again.code, again.public_number)
    assert world.row(t.journal).times_seen == 2


def test_one_message_by_two_ways_is_one_row(world: World) -> None:
    accept, said = world.store.journal.accept, "sha256:sama"
    first = accept(raw_message("k1", body=b"by one way", fingerprint=said))
    again = accept(raw_message("k1", body=b"by another", fingerprint=said))

    assert again == first.model_copy(update={"state": "seen"})
    assert [row.times_seen for row in world.rows(t.journal)] == [2]


def test_the_same_key_of_another_source_is_another_message(world: World) -> None:
    world.store.journal.accept(raw_message())
    other = world.store.journal.accept(raw_message(source="sms:gw"))
    assert other.state == "new"


def test_other_words_under_a_known_key_are_kept_as_a_revision(world: World) -> None:
    first = world.store.journal.accept(raw_message())
    second = world.store.journal.accept(raw_message(body=b"jalan longsor"))
    assert second.state == "revised"
    assert second.journal_id != first.journal_id
    assert [row.revised for row in world.rows(t.journal)] == [False, True]


def test_other_words_under_a_final_key_make_no_row(world: World) -> None:
    first = world.store.journal.accept(raw_message(revisable=False))
    second = world.store.journal.accept(raw_message(body=b"lain", revisable=False))
    assert second == Receiptful(state="revised", journal_id=first.journal_id)
    assert len(world.rows(t.journal)) == 1
    assert world.violated() == set()


def test_a_key_is_free_again_after_its_hours(world: World) -> None:
    message = raw_message(key_hours=72)
    first = world.store.journal.accept(message)
    world.move_clock(71 * 3600)
    assert world.store.journal.accept(message).state == "seen"
    world.move_clock(2 * 3600)
    later = world.store.journal.accept(message)
    assert later.state == "new"
    assert later.code not in {first.code, ""}


def test_a_message_that_asks_for_no_complaint_gets_no_code(world: World) -> None:
    receipt = world.store.journal.accept(raw_message(expects_complaint=False))
    assert (receipt.code, receipt.public_number) == ("", "")


def test_many_threads_are_answered_each_with_its_own_row(world: World) -> None:
    messages = [raw_message(f"k{n}", f"isi {n}".encode()) for n in range(200)]
    with ThreadPoolExecutor(20) as pool:
        receipts = list(pool.map(world.store.journal.accept, messages))
    assert {r.state for r in receipts} == {"new"}
    assert len({r.code for r in receipts}) == 200
    ids = [r.journal_id for r in receipts]
    read = {row.id: row for row in world.store.journal.read(ids)}
    bodies = [read[i].entry.raw.body for i in ids]
    assert bodies == [m.body for m in messages]


def test_one_message_from_many_threads_is_one_row(world: World) -> None:
    with ThreadPoolExecutor(20) as pool:
        receipts = list(pool.map(world.store.journal.accept, [raw_message()] * 20))
    assert sorted(r.state for r in receipts) == ["new", *["seen"] * 19]
    assert world.row(t.journal).times_seen == 20


def test_one_message_by_two_processes_at_once_is_one_row(world: World) -> None:
    doors = [world.store.journal, world.another().journal]
    states: list[str] = []
    for n in range(20):
        receipts = _at_once([d.accept for d in doors], f"k{n}")
        states += sorted(r.state for r in receipts)
    assert states == ["new", "seen"] * 20


def test_a_large_body_goes_to_a_blob_and_comes_back(world: World) -> None:
    body = bytes(range(256)) * 2400
    receipt = world.store.journal.accept(raw_message(body=body))
    assert world.row(t.journal_raw).blob_id is not None
    assert len(world.rows(t.blob_chunks)) == 3
    (row,) = world.store.journal.read([receipt.journal_id])
    assert row.entry.raw == raw_message(body=body)


def test_the_raw_message_comes_back_untouched(world: World) -> None:
    message = raw_message(
        body=b"\x00\n\xff baris\r\n",
        meta={"line": "1708"},
        content_type="text/plain; charset=x",
        spoolable=True,
        key_hours=72.0,
    )
    receipt = world.store.journal.accept(message)
    (row,) = world.store.journal.read([receipt.journal_id])
    assert row.entry.raw == message


def test_what_was_accepted_is_hinted_on_its_lane(world: World) -> None:
    told: list[tuple[str, str]] = []
    world.store.journal.on_accepted = told.extend
    first = world.store.journal.accept(raw_message())
    world.store.journal.accept(raw_message())
    assert told == [("intake.web", first.journal_id)]


def _at_once(calls: Sequence[object], key: str) -> list[Receiptful]:
    gate = threading.Barrier(len(calls))

    def run(call: object) -> Receiptful:
        gate.wait(10)
        assert callable(call)
        found = call(raw_message(key))
        assert isinstance(found, Receiptful)
        return found

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_accepts_at_one_instant_never_tell_the_same_code(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {0: ("SAME-CODE-1", "1"), 1: ("NEXT-CODE-2", "2")}
    first, second = world.store.journal, world.another().journal
    monkeypatch.setattr(second, "_names", lambda raw, attempt: names[attempt])
    copy = Copy(str(uuid7()), str(uuid7()), *names[0], raw_message("k1"))
    with ThreadPoolExecutor(1) as pool:
        with world.store.db.write() as tx:
            group = AcceptedGroup(tx, first._vault, first._names, hinting=False)
            (one,) = group.accept([copy], promised=False)
            waiting = pool.submit(second.accept, raw_message("k2"))
            # It has looked the code up, found it free, and waits for its row.
            assert not tx.is_postgresql or wait_until(lambda: _one_waits(tx), 20)
        other = waiting.result(timeout=30)
    assert (one.code, other.code) == (names[0][0], names[1][0])
    assert {row.journal_id for row in world.rows(t.codes)} == {
        one.journal_id,
        other.journal_id,
    }


def _one_waits(tx: Tx) -> bool:
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(tx.conn.execute(waiting).scalar_one())
