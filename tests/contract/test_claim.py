"""What one transaction over claimed rows writes, and whom it wakes."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hub.database import tables as t
from hub.ports import NewAnswer, Settled
from tests.contract.builders import (
    DINKES,
    MAIL,
    PUPR,
    Words,
    by_action,
    news,
    raw_message,
    reply,
    update_message,
)
from tests.contract.world import Known, World


def targets(world: World, known: Known) -> dict[str, int]:
    rows = world.rows(t.cursors, complaint_id=known.id)
    return {row.party: row.target_seq for row in rows}


def test_events_are_numbered_from_one_without_a_gap(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.say(known, PUPR, "work_started", "1")
    assert [row.seq for row in world.log(known)] == [1, 2, 3, 4, 5, 6]
    assert world.row(t.complaints).head_seq == 6
    assert world.violated() == set()


def test_writers_at_once_leave_no_gap(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))

    def say(n: int) -> None:
        world.say(known, (PUPR, DINKES)[n % 2], "followed_up", f"{n}", f"kabar {n}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(say, range(18)))
    assert [row.seq for row in world.log(known)] == list(range(1, 24))
    assert world.violated() == set()


def test_a_repeated_cause_is_left_out(world: World) -> None:
    known = world.register()
    event = by_action(reply("", known.reporter_id))
    assert len(world.append(known, event)) == 1
    assert world.append(known, event) == []


def test_a_repeated_occurrence_is_left_out(world: World) -> None:
    known = world.register()
    event = news(PUPR, "work_started", "", "id:evt-1")
    assert len(world.append(known, by_action(event))) == 1
    assert world.append(known, by_action(event)) == []


def test_an_update_that_comes_by_two_ways_is_a_duplicate(world: World) -> None:
    known = world.register()
    world.say(known, PUPR, "work_started", "o1")
    receipt = world.store.journal.accept(update_message(PUPR, "polled"))

    with world.store.journal.claim([receipt.journal_id]) as work:
        (row,) = work.rows
        event = news(PUPR, "work_started", row.id, "o1")
        assert work.append(known.id, [event], adopt=row) == []
        work.settle(row, Settled("duplicate", "known", "link", known.id))

    assert world.row(t.journal, id=receipt.journal_id).state == "duplicate"
    assert world.violated() == set()


def test_an_update_that_changes_nothing_wakes_nobody(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.say(known, PUPR, "work_started", "1")
    before = targets(world, known)
    (written,) = world.say(known, PUPR, "work_started", "2")
    assert (written.type, written.facts["stands_for"]) == ("confirmed", "work_started")
    assert targets(world, known) == before


def test_an_update_that_says_something_new_is_passed_on(world: World) -> None:
    known = world.register()
    world.say(known, PUPR, "work_started", "1")
    (written,) = world.say(known, PUPR, "work_started", "2", "alat berat datang")
    assert written.type == "work_started"
    assert targets(world, known)[MAIL] == written.seq


def test_a_new_complaint_wakes_its_agencies_and_tells_the_code(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    assert targets(world, known) == {PUPR: 4, DINKES: 5, MAIL: 2}
    assert all(row.due_at is not None for row in world.rows(t.cursors))


def test_an_agency_is_not_told_its_own_news(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.say(known, PUPR, "work_started", "1")
    assert targets(world, known) == {PUPR: 4, DINKES: 6, MAIL: 6}


def test_a_reporter_is_not_told_its_own_words(world: World) -> None:
    known = world.register(agencies=(PUPR, DINKES))
    world.append(known, by_action(reply("", known.reporter_id)))
    assert targets(world, known) == {PUPR: 6, DINKES: 6, MAIL: 2}


def test_other_complaints_are_left_alone(world: World) -> None:
    first, second = world.register("k1"), world.register("k2")
    before = targets(world, second)
    world.say(first, PUPR, "work_started", "1")
    assert targets(world, second) == before


def test_what_a_transaction_makes_due_is_hinted(world: World) -> None:
    known = world.register()
    hints = world.store.journal.take_hints()
    assert sorted(hints) == [
        (f"deliver.{PUPR}", known.id),
        (f"deliver.{MAIL}", known.id),
    ]
    assert world.store.journal.take_hints() == []


def test_a_transaction_that_fails_leaves_nothing(world: World) -> None:
    known = world.register()
    receipt = world.store.journal.accept(raw_message("k2"))
    try:
        with world.store.journal.claim([receipt.journal_id]) as work:
            work.append(known.id, [by_action(reply("", known.reporter_id))])
            work.settle(work.rows[0], Settled("done", "", "event", known.id))
            raise InterruptedError  # noqa: TRY301 - the failure that is meant
    except InterruptedError:
        pass
    assert len(world.log(known)) == 4
    assert world.row(t.journal, id=receipt.journal_id).state == "new"


def test_two_workers_never_both_get_a_row(world: World) -> None:
    receipt = world.store.journal.accept(raw_message())
    claimed, second_done = threading.Event(), threading.Event()

    def first() -> int:
        with world.store.journal.claim([receipt.journal_id]) as work:
            claimed.set()
            second_done.wait(0.3)
            for row in work.rows:
                work.settle(row, Settled("ignored", "test"))
            return len(work.rows)

    def second() -> int:
        claimed.wait(10)
        with world.store.journal.claim([receipt.journal_id]) as work:
            found = len(work.rows)
        second_done.set()
        return found

    with ThreadPoolExecutor(2) as pool:
        counts = [pool.submit(first), pool.submit(second)]
        assert [c.result(10) for c in counts] == [1, 0]


def test_a_settled_row_is_not_worked_again(world: World) -> None:
    known = world.register()
    assert world.store.journal.read([known.journal_id]) == []
    with world.store.journal.claim([known.journal_id]) as work:
        assert work.rows == []


def test_records_of_one_request_are_rows_of_their_own(world: World) -> None:
    receipt = world.store.journal.accept(raw_message(body=b"a,b"))
    with world.store.journal.claim([receipt.journal_id]) as work:
        pass
    (row,) = world.store.journal.read([receipt.journal_id])
    with world.store.journal.claim([receipt.journal_id]) as work:
        children = work.split(row, [b"a", b"b"])
    read = world.store.journal.read([child.id for child in children])
    assert [r.entry.raw.body for r in read] == [b"a", b"b"]
    assert world.row(t.journal, id=row.id).state == "split"
    assert world.violated() == set()


def test_a_reference_finds_its_complaint(world: World) -> None:
    known = world.register()
    world.hand_over(reference="PUPR-26-7")
    with world.store.journal.claim([]) as work:
        assert work.case_by_reference(PUPR, "PUPR-26-7") == (known.id, 1)
        assert work.case_by_reference(DINKES, "PUPR-26-7") is None


def test_same_words_of_the_same_person_find_the_first(world: World) -> None:
    known = world.register()
    stranger = Words(email="lain@warga.example", phone="+628120000009")
    with world.store.journal.claim([]) as work:
        found = work.same_words(Words(title="JALAN  rusak").complaint)
        assert found is not None
        assert (found.complaint_id, found.contact_matches) == (known.id, True)
        assert work.same_words(stranger.complaint) is None
    world.move_clock(25 * 3600)
    with world.store.journal.claim([]) as work:
        assert work.same_words(Words().complaint) is None


def test_an_answer_is_due_and_carries_its_words(world: World) -> None:
    receipt = world.store.journal.accept(raw_message(expects_complaint=False))
    (row,) = world.store.journal.read([receipt.journal_id])
    words = NewAnswer(MAIL, "text", {"id": "Halo"}, {"email": "budi@warga.example"})
    with world.store.journal.claim([row.id]) as work:
        work.answer(row, words)
        work.settle(row, Settled("done", "", "answer", f"{row.id}.1"))
    lease = world.lease(MAIL)
    (case,) = world.store.cursors.case_files([lease])
    assert lease.answer_no == 1
    assert case.answer == ("text", {"id": "Halo"})
    assert case.reporter == {"email": "budi@warga.example"}
