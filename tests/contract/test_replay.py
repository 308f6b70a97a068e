"""Past messages are read anew after a reader was mended; on both engines."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub.database import past
from hub.database import tables as t
from tests.contract.builders import MAIL, PUPR
from tests.contract.rereading import (
    ALL,
    DEADLY,
    FILE,
    HELP,
    MACHINE,
    ODD,
    STATES,
    Desk,
    new,
    picture,
    reply,
)
from tests.contract.test_casework import act
from tests.contract.test_erasure import erase
from tests.contract.world import Known, World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
def case(desk: Desk) -> Known:
    """A complaint whose text the mended reader reads otherwise."""
    return desk.known(desk.post(new(body="Lubang > dikutip"), new(body="Lubang besar")))


def one_of(found: dict[str, Any]) -> Any:
    (only,) = found.values()
    return only


# --- looking --------------------------------------------------------------------


def test_looking_writes_nothing_whatever_there_is_to_find(
    world: World, desk: Desk, case: Known
) -> None:
    desk.post(reply(case.code, "Masih >"), reply(case.code, "Masih"))
    desk.post(ODD, new(title="Lampu"))
    desk.post(MACHINE, reply(case.code, "Saya tunggu"))
    desk.post(HELP, new(title="Sampah"))
    desk.post(new(title="Pohon"), DEADLY)
    before = picture(world)
    desk.mend()

    assert sorted(desk.changes().values()) == [
        "correct",
        "correct",
        "reader_failed",
        "work_again",
        "work_again",
        "work_again",
    ]
    assert picture(world) == before


def test_with_the_same_reader_nothing_differs(desk: Desk, case: Known) -> None:
    desk.post(new(body="Lubang > dikutip"))  # the same words again
    desk.post(new(title="Lampu mati", files=[FILE], anonymous=True))
    desk.post(reply(case.code, "Masih rusak", files=[FILE]))
    desk.post(reply(case.code, "Saya juga", email="sari@warga.example"))
    desk.post(reply("ABCD-EFGH-J", "Kode siapa"))
    for said in (ODD, MACHINE, HELP):
        desk.post(said)

    assert set(desk.changes().values()) == {"unchanged"}
    assert len(desk.changes()) == 9


def test_looking_waits_for_nobody_who_works(desk: Desk, case: Known) -> None:
    desk.mend()
    found: dict[str, str] = {}

    def look() -> None:
        found.update(desk.changes())

    with desk.world.store.db.write() as tx:
        for table in (t.journal, t.complaints, t.cursors):
            tx.conn.execute(sa.select(table).with_for_update()).all()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(timeout=20)
    assert list(found.values()) == ["correct"]


def test_every_message_is_read_once_whatever_fits_a_page(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "PAGE", 2)
    ids = [desk.post(MACHINE) for _ in range(5)]

    assert list(desk.look()) == sorted(ids)
    assert desk.pauses == 5
    assert list(desk.look(replace(ALL, limit=3))) == sorted(ids)[:3]


def test_messages_are_chosen_by_state_rule_time_channel_and_id(desk: Desk) -> None:
    odd, list_, loop = (
        desk.post(said)
        for said in (ODD, {**MACHINE, "rule": "list"}, {**MACHINE, "rule": "loop"})
    )
    now = desk.world.store.queries.now()
    hour = timedelta(hours=1)

    def chosen(**which: Any) -> set[str]:
        return set(desk.look(replace(ALL, **which)))

    assert chosen(states=("quarantined",)) == {odd}
    assert chosen(rule="list") == {list_}
    assert chosen(rule="%") == set()
    assert chosen(ids=(loop,)) == {loop}
    assert chosen(since=now - hour, until=now + hour) == {odd, list_, loop}
    assert chosen(since=now + hour) == chosen(until=now - hour) == set()
    assert chosen(channels=("sms",)) == set()


# --- what was set aside ---------------------------------------------------------


@pytest.mark.parametrize("was", [ODD, MACHINE, HELP])
def test_what_was_no_complaint_becomes_one_with_the_code_it_had(
    world: World, desk: Desk, was: dict[str, Any]
) -> None:
    row_id = desk.post(was, new())
    code = desk.row(row_id).code
    desk.mend()

    assert one_of(desk.apply()).is_applied
    assert desk.apply() == {}  # it is new, and waits for intake
    desk.work(row_id)

    assert desk.row(row_id).state == "done"
    assert desk.known(row_id).code == code
    assert desk.changes() == {row_id: "unchanged"}
    noted = [(n.action, n.by, n.reason) for n in world.rows(t.audit)]
    assert noted == [("journal_replayed", "cli:siti", "pembaca diperbaiki")]
    assert world.violated() == set()


def test_a_message_that_no_sender_was_told_a_code_of_gets_one(
    world: World, desk: Desk
) -> None:
    row_id = desk.post(MACHINE, new(), expects_complaint=False)
    desk.mend()
    desk.apply()
    desk.work(row_id)

    assert desk.row(row_id).state == "done"
    assert desk.known(row_id).code
    assert world.violated() == set()


def test_what_was_no_reply_becomes_one(world: World, desk: Desk, case: Known) -> None:
    row_id = desk.post(MACHINE, reply(case.code, "Sudah seminggu"))
    desk.mend()
    desk.apply(replace(ALL, ids=(row_id,)))
    desk.work(row_id)

    assert world.log(case)[-1].type == "reporter_replied"
    assert world.violated() == set()


def test_a_public_number_names_a_complaint_for_its_reporter_only(
    world: World, desk: Desk, case: Known
) -> None:
    number = world.row(t.complaints, id=case.id).public_number

    def by(**sender: str) -> dict[str, Any]:
        return {"kind": "reply", "text": "Masih", "number": number, **sender}

    sure = desk.post(MACHINE, by(level="verified_email"))
    claimed = desk.post(MACHINE, by(level="claimed"))
    stranger = desk.post(
        MACHINE, by(level="verified_email", email="sari@warga.example")
    )
    desk.mend()
    became = {k: v.now.what for k, v in desk.look().items() if v.now is not None}

    assert became[sure] == "reply"
    assert {became[one] for one in (claimed, stranger)} == {"answered"}


def test_spam_that_is_read_otherwise_is_spam_until_an_officer_looks(desk: Desk) -> None:
    spam = desk.post(new(review="spam"), new(review="spam", title="Iklan"))
    fresh = desk.post(ODD, new(review="spam", title="Obat"))
    desk.mend()
    desk.apply()
    desk.work(spam, fresh)

    assert {desk.row(one).state for one in (spam, fresh)} == {"quarantined"}
    assert set(desk.changes().values()) == {"unchanged"}
    desk.world.store.quarantine.replay([fresh], "cli:siti", "dilihat")
    desk.work(fresh)
    assert desk.row(fresh).state == "done"


def test_an_answered_message_that_repeats_a_complaint_is_answered_once(
    world: World, desk: Desk
) -> None:
    first = desk.post(new())
    again = desk.post(HELP, new())
    desk.mend()
    desk.apply()
    desk.work(again)

    assert (desk.row(first).state, desk.row(again).state) == ("done", "duplicate")
    assert len(world.rows(t.answers, journal_id=again)) == 1
    assert world.violated() == set()


def test_who_comes_second_makes_nothing_new_of_what_became_a_complaint(
    world: World, desk: Desk
) -> None:
    row_id = desk.post(HELP, new())
    desk.mend()

    def somebody_else() -> None:
        desk.apply()
        desk.work(row_id)

    late = one_of(desk.apply(meanwhile=somebody_else))

    assert (late.is_applied, late.verdict.change) == (False, "stands")
    assert desk.row(row_id).state == "done"
    assert len(world.rows(t.complaints)) == 1
    assert world.violated() == set()


def test_a_seal_holds_over_what_is_worked_again(world: World, desk: Desk) -> None:
    row_id = desk.post(ODD, new())
    assert world.store.sealer.seal() > 0
    desk.mend()
    desk.apply()
    desk.work(row_id)
    world.store.sealer.seal()

    assert world.store.sealer.verify() == []


def test_what_somebody_discarded_stays_discarded(desk: Desk) -> None:
    row_id = desk.post(ODD, new())
    desk.world.store.quarantine.discard([row_id], "cli:siti", "iklan")
    desk.mend()

    assert one_of(desk.apply()).verdict.change == "stands"
    assert desk.row(row_id).state == "ignored"


# --- what became a complaint ----------------------------------------------------


def test_words_are_put_right_by_one_event_and_the_first_ones_stay(
    world: World, desk: Desk, case: Known
) -> None:
    desk.mend()
    heads = world.cursor(case, PUPR).target_seq

    assert one_of(desk.apply()).is_applied
    assert one_of(desk.apply()).verdict.change == "unchanged"

    first, corrected = desk.words(case)
    assert first["body"] == "Lubang > dikutip"
    assert corrected == {"body": "Lubang besar"}
    event = world.log(case)[-1]
    assert (event.type, event.facts["rereads"]) == ("corrected", 1)
    assert (event.author_kind, event.author_id) == ("operator", "cli:siti")
    assert event.cause_kind == "action"
    assert world.cursor(case, PUPR).target_seq == event.seq > heads
    assert world.cursor(case, MAIL).target_seq < event.seq
    assert [n.action for n in world.rows(t.audit)] == ["journal_reread"]
    assert world.violated() == set()


def test_two_replays_at_once_put_words_right_once(
    world: World, desk: Desk, case: Known
) -> None:
    desk.mend()
    both = threading.Barrier(2)
    threads = [
        threading.Thread(target=desk.apply, kwargs={"meanwhile": both.wait})
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert len(desk.words(case)) == 2
    assert [n.action for n in world.rows(t.audit)] == ["journal_reread"]
    assert world.violated() == set()


def test_a_reader_that_changes_its_mind_puts_right_what_it_wrote(
    desk: Desk, case: Known
) -> None:
    for version in (2, 1, 2):
        desk.reader.version = version
        assert one_of(desk.apply()).is_applied

    bodies = [said["body"] for said in desk.words(case)]
    assert bodies == [
        "Lubang > dikutip",
        "Lubang besar",
        "Lubang > dikutip",
        "Lubang besar",
    ]


def test_what_is_read_anew_ends_no_wait_for_the_reporter(
    world: World, desk: Desk, case: Known
) -> None:
    desk.post(reply(case.code, "Masih >"), reply(case.code, "Masih"))
    act(world, case, "hold", reason="needs_place")
    desk.mend()
    desk.apply()

    assert [e.type for e in world.log(case)][-2:] == ["corrected", "reporter_replied"]
    assert world.row(t.complaints, id=case.id).status == "on_hold"
    assert world.violated() == set()


def test_what_an_officer_corrected_stands(
    world: World, desk: Desk, case: Known
) -> None:
    act(world, case, "correct", details={"body": "Lubang dua meter"})
    desk.mend()
    found = one_of(desk.apply())

    assert found.verdict.change == "stands"
    assert found.verdict.fields[0].why_kept == "a person set it since"
    assert len(world.log(case)) == found.past.was.kept.corrected_seq


def test_what_an_officer_corrects_between_reading_and_writing_stands(
    world: World, desk: Desk, case: Known
) -> None:
    desk.mend()
    found = one_of(
        desk.apply(
            meanwhile=lambda: act(world, case, "correct", details={"title": "Lubang"})
        )
    )

    assert (found.verdict.change, found.verdict.why) == (
        "stands",
        "it was corrected meanwhile",
    )
    assert one_of(desk.apply()).is_applied  # of the text nobody had said anything


def test_a_complaint_that_ended_meanwhile_stays_as_it_is(
    world: World, desk: Desk, case: Known
) -> None:
    desk.mend()
    found = one_of(
        desk.apply(meanwhile=lambda: act(world, case, "archive", reason="unclear"))
    )

    assert found.verdict.change == "stands"
    assert world.log(case)[-1].type == "archived"


def test_files_that_were_not_found_before_go_to_the_agency(
    world: World, desk: Desk
) -> None:
    case = desk.known(desk.post(new(), new(files=[FILE])))
    desk.mend()

    assert one_of(desk.apply()).is_applied
    assert one_of(desk.apply()).verdict.change == "unchanged"

    event = world.log(case)[-1]
    assert (event.type, event.facts["attachments"]) == ("corrected", 1)
    assert world.row(t.attachments).event_id == event.event_id
    assert world.violated() == set()


def test_the_stricter_flag_is_taken_over(world: World, desk: Desk) -> None:
    case = desk.known(desk.post(new(), new(confidential=True, body="Rahasia")))
    desk.mend()
    desk.apply()

    assert world.row(t.complaints, id=case.id).confidential
    assert [e.type for e in world.log(case)][-2:] == ["corrected", "flags_changed"]
    assert one_of(desk.apply()).verdict.change == "unchanged"


def test_what_would_be_a_reply_or_a_machines_mail_is_only_listed(
    world: World, desk: Desk, case: Known
) -> None:
    number = world.row(t.complaints, id=case.id).public_number
    answered = desk.post(new(title="Re"), reply(case.code, "Masih"))
    machine = desk.post(new(title="Auto"), MACHINE)
    before = picture(world)
    desk.mend()
    which = replace(ALL, ids=(answered, machine))
    found = desk.apply(which)

    assert picture(world) == before
    assert found[answered].verdict.way_out.endswith(f"--into {number}")
    assert " archive " in found[machine].verdict.way_out
    act(world, desk.known(answered), "merge", details={"other": case.id})
    assert desk.changes(which)[answered] == "unchanged"


# --- what became a reply --------------------------------------------------------


def test_a_reply_that_is_divided_otherwise_is_put_right_beside_the_first(
    world: World, desk: Desk
) -> None:
    case = desk.known(desk.post(new()))
    desk.post(
        reply(case.code, "Masih > Yth. Budi"), reply(case.code, "Masih", files=[FILE])
    )
    seq = world.log(case)[-1].seq
    desk.mend()
    desk.apply()

    event = world.log(case)[-1]
    assert (event.type, event.facts["rereads"]) == ("reporter_replied", seq)
    assert [said["text"] for said in desk.words(case)[1:]] == [
        "Masih > Yth. Budi",
        "Masih",
    ]
    assert world.cursor(case, PUPR).target_seq == event.seq
    assert set(desk.changes().values()) == {"unchanged"}
    assert world.violated() == set()


def test_a_reply_under_a_followers_key_stays_under_it(world: World, desk: Desk) -> None:
    leader = desk.known(desk.post(new(title="Jalan", email="sari@warga.example")))
    follower = desk.known(desk.post(new()))
    act(world, follower, "merge", details={"other": leader.id})
    desk.post(reply(follower.code, "Masih >"), reply(follower.code, "Masih"))
    assert world.log(leader)[-1].type == "reporter_replied"
    before = picture(world)
    desk.mend()

    assert sorted(str(f.verdict.change) for f in desk.apply().values()) == [
        "stands",
        "unchanged",
        "unchanged",
    ]
    assert picture(world) == before


def test_a_reply_read_anew_opens_no_closed_case_again(world: World, desk: Desk) -> None:
    case = desk.known(desk.post(new()))
    desk.post(reply(case.code, "Masih >"), reply(case.code, "Masih"))
    act(world, case, "start", agency=PUPR)
    act(world, case, "close")
    desk.mend()

    assert "stands" in {str(f.verdict.change) for f in desk.apply().values()}
    assert world.row(t.complaints, id=case.id).status == "closed"


# --- what cannot be read --------------------------------------------------------


def test_an_erased_message_is_left_out(world: World, desk: Desk, case: Known) -> None:
    desk.post(reply(case.code, "Masih >"), reply(case.code, "Masih"))
    erase(world, case)
    before = picture(world)
    desk.mend()

    assert {str(f.verdict.change) for f in desk.apply().values()} == {"erased"}
    assert picture(world) == before


def test_a_message_that_ends_its_reader_is_named_and_left_as_it_is(
    world: World, desk: Desk
) -> None:
    row_id = desk.post(new(), DEADLY)
    before = picture(world)
    desk.mend()
    found = one_of(desk.apply())

    assert (found.verdict.change, found.verdict.why) == (
        "reader_failed",
        "reading it ended its process",
    )
    assert picture(world) == before
    assert desk.row(row_id).crashes == 0


def test_every_state_that_is_settled_can_be_chosen(desk: Desk) -> None:
    states = {desk.row(desk.post(said)).state for said in (ODD, MACHINE, HELP, new())}
    states.add(desk.row(desk.post(new())).state)

    assert states == set(STATES)
