"""What follows from reading an old message anew; nobody's words are ever shown."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import (
    File,
    Ignored,
    Item,
    New,
    OptOut,
    Query,
    Receipt,
    Reply,
    Unreadable,
)
from hub.domain.readings import (
    Became,
    FileMark,
    Kept,
    Named,
    Was,
    canonical,
    meaning,
    reporter_values,
)
from hub.domain.registration import received_facts, received_words
from hub.domain.reread_fields import measured, new_files
from hub.domain.rereading import Change, Verdict, compare
from schemas.complaint import NewComplaint, Place, Region
from schemas.parties import ChannelName, Reporter
from schemas.status import Status
from tests.unit.connectors.channels.builders import (
    CITIZEN,
    DOMAIN,
    MAILBOX,
    mail,
    read_mail,
)

PICTURE = File(name="foto.jpg", media_type="image/jpeg", content=b"\xff\xd8jalan")
OWN, OTHER = "c-1", "c-2"


def complaint(**changes: Any) -> NewComplaint:
    given: dict[str, Any] = {
        "title": "Jalan rusak",
        "body": "Lubang besar di depan pasar",
        "place": Place(text="Depan Pasar Sukamaju"),
        "region": Region(code="32.76.01"),
        "channel": ChannelName.EMAIL,
        "reporter": Reporter(name="Sari Contoh", email=CITIZEN),
    }
    return NewComplaint(**given | changes)


def reply(text: str = "Masih rusak", **changes: Any) -> Reply:
    given: dict[str, Any] = {
        "text": text,
        "contact_kind": "email",
        "contact": CITIZEN,
        "carrier": "plus_address",
    }
    return Reply(**given | changes)


def named(complaint_id: str, *, by_reporter: bool = True) -> Named:
    return Named((complaint_id,), f"number of {complaint_id}", by_reporter)


def kept_of(item: Item, at: Named | None = None) -> Was:
    """What the store has of an item, after its way through JSON and a seal."""
    kept = Kept(OWN, "number", Status.VERIFIED, "", 1, 0, values={})
    match item:
        case New():
            both = received_facts(item, "r-1"), received_words(item)
            facts, words = (json.loads(json.dumps(part)) for part in both)
            person = item.complaint.reporter.model_dump(exclude_defaults=True)
            values = canonical(facts, words)
            kept = replace(
                kept, values=values, original=values, reporter=reporter_values(person)
            )
        case Reply():
            kept = replace(kept, values=canonical({}, {"text": item.text}))
        case _:
            pass
    what = meaning(item, at).what
    files = tuple(FileMark.of(file) for file in getattr(item, "files", ()))
    if what in {Became.COMPLAINT, Became.REPLY, Became.COMMENT}:
        return Was(what, kept=replace(kept, files=files))
    return Was(what, getattr(item, "rule", ""))


def changed(was: Was, **values: Any) -> Was:
    assert was.kept is not None
    return replace(was, kept=replace(was.kept, **values))


def verdict(was: Was, item: Item, at: Named | None = None) -> Verdict:
    return compare(was, meaning(item, at))


# --- nothing changes ------------------------------------------------------------

WORDS = st.text(max_size=80)
HEADERS = st.sampled_from(
    [
        {},
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"In_Reply_To": f"<{'0' * 40}@{DOMAIN}>"},
        {"List_Id": "warga <warga.example>"},
    ]
)
MAILBOXES = st.sampled_from([MAILBOX, f"lapor+ABCD-EFGH-J@{DOMAIN}"])


@given(WORDS, WORDS, HEADERS, MAILBOXES)
@settings(max_examples=150, deadline=None)
def test_a_mail_that_is_read_by_the_same_reader_differs_in_nothing(
    words: str, subject: str, headers: dict[str, str], to: str
) -> None:
    one_line = " ".join(subject.split()).encode("utf-8", "replace").decode()
    written = words.encode("utf-8", "replace").decode()
    letter = mail(written, subject=one_line, to=to, **headers)
    at = named(OWN)

    first, again = (read_mail(letter, to=to) for _ in range(2))

    assert verdict(kept_of(first, at), again, at).change is Change.UNCHANGED


def test_repeated_words_are_compared_as_repetitions_are_told() -> None:
    was = replace(kept_of(New(complaint=complaint())), what=Became.REPEATED)
    shouted = New(complaint=complaint(title="JALAN  RUSAK"))
    other = New(complaint=complaint(body="Lampu mati"))

    assert verdict(was, shouted).change is Change.UNCHANGED
    assert verdict(was, other).change is Change.FOR_OFFICER


# --- what was set aside ---------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "item", "change"),
    [
        (Was(Became.QUARANTINED), New(complaint=complaint()), Change.WORK_AGAIN),
        (
            Was(Became.QUARANTINED, "spam"),
            New(complaint=complaint()),
            Change.FOR_OFFICER,
        ),
        (
            Was(Became.QUARANTINED, "flood"),
            New(complaint=complaint(), review="spam"),
            Change.FOR_OFFICER,
        ),
        (
            Was(Became.QUARANTINED, "spam"),
            Ignored(rule="list", why=""),
            Change.WORK_AGAIN,
        ),
        (Was(Became.QUARANTINED), Ignored(rule="list", why=""), Change.WORK_AGAIN),
        (Was(Became.QUARANTINED), Unreadable(why="other"), Change.UNCHANGED),
        (Was(Became.IGNORED, "list"), New(complaint=complaint()), Change.WORK_AGAIN),
        (Was(Became.IGNORED, "list"), Ignored(rule="list", why=""), Change.UNCHANGED),
        (Was(Became.IGNORED, "list"), Ignored(rule="loop", why=""), Change.WORK_AGAIN),
        (Was(Became.IGNORED, "discarded"), New(complaint=complaint()), Change.STANDS),
        (Was(Became.ANSWERED), New(complaint=complaint()), Change.WORK_AGAIN),
        (
            Was(Became.ANSWERED),
            Query(kind="help", contact_kind="phone", contact=""),
            Change.UNCHANGED,
        ),
        (
            Was(Became.OPT_OUT),
            OptOut(contact_kind="phone", contact=""),
            Change.UNCHANGED,
        ),
        (Was(Became.OPT_OUT), New(complaint=complaint()), Change.FOR_OFFICER),
        (
            Was(Became.RECEIPT),
            Receipt(client_reference="k", state="sent"),
            Change.UNCHANGED,
        ),
        (Was(Became.RECEIPT), New(complaint=complaint()), Change.FOR_OFFICER),
    ],
)
def test_what_has_no_place_in_a_complaint_goes_its_way_again_where_it_differs(
    was: Was, item: Item, change: Change
) -> None:
    assert verdict(was, item).change is change


SPAM = New(complaint=complaint(), review="spam")
ASKED = Query(kind="encrypted", contact_kind="email", contact=CITIZEN)


@pytest.mark.parametrize(
    ("cause", "same", "other"),
    [
        ("spam", SPAM, Ignored(rule="list", why="")),
        ("flood", New(complaint=complaint()), Ignored(rule="list", why="")),
        ("encrypted", ASKED, New(complaint=complaint())),
    ],
)
def test_what_waits_for_an_officers_look_is_not_let_through_by_reading_it_anew(
    cause: str, same: Item, other: Item
) -> None:
    was = Was(Became.QUARANTINED, cause)

    assert verdict(was, same).change is Change.UNCHANGED
    assert verdict(was, other).change is Change.WORK_AGAIN


# --- what became a complaint ----------------------------------------------------


def test_words_that_are_read_otherwise_are_put_right() -> None:
    was = kept_of(New(complaint=complaint(body="Jalan > dikutip")))
    found = verdict(was, New(complaint=complaint()))

    assert found.change is Change.CORRECT
    assert [(one.name, one.applies) for one in found.fields] == [("body", True)]


def test_what_a_person_put_right_since_stands() -> None:
    was = changed(
        kept_of(New(complaint=complaint(title="Jaian", body="rusaq"))),
        decided=frozenset({"title"}),
    )
    found = verdict(was, New(complaint=complaint()))

    assert found.change is Change.CORRECT
    assert {one.name: one.why_kept for one in found.fields} == {
        "title": "a person set it since",
        "body": "",
    }
    alone = verdict(was, New(complaint=complaint(body="rusaq")))
    assert alone.change is Change.STANDS


def test_words_are_not_taken_away() -> None:
    was = kept_of(New(complaint=complaint()))
    found = verdict(was, New(complaint=complaint(place=Place())))

    assert found.change is Change.STANDS


def test_the_stricter_flag_is_taken_and_the_weaker_is_not() -> None:
    open_, hidden = complaint(), complaint(confidential=True)

    assert verdict(kept_of(New(complaint=open_)), New(complaint=hidden)).change is (
        Change.CORRECT
    )
    assert verdict(kept_of(New(complaint=hidden)), New(complaint=open_)).change is (
        Change.STANDS
    )


def test_another_class_is_an_officers_and_says_what_to_type() -> None:
    was = kept_of(New(complaint=complaint()))
    found = verdict(was, New(complaint=complaint(type="suggestion")))

    assert found.change is Change.FOR_OFFICER
    assert found.way_out == "simpul complaints classify number --type suggestion"


def test_who_reported_is_not_changed_by_reading() -> None:
    was = kept_of(New(complaint=complaint()))
    other = complaint(reporter=Reporter(name="Sari Contoh", email="lain@warga.example"))
    found = verdict(was, New(complaint=other))

    assert found.change is Change.STANDS
    assert [one.name for one in found.fields] == ["reporter.email"]


def test_a_complaint_that_is_over_stays_as_it_is() -> None:
    was = changed(kept_of(New(complaint=complaint(body="rusaq"))), status=Status.CLOSED)
    assert verdict(was, New(complaint=complaint())).change is Change.STANDS
    assert verdict(was, Ignored(rule="list", why="")).change is Change.STANDS


@pytest.mark.parametrize(
    ("item", "at", "way_out"),
    [
        (
            reply(),
            named(OTHER),
            "simpul complaints merge number --into number of c-2",
        ),
        (
            Ignored(rule="auto_reply", why=""),
            None,
            "simpul complaints archive number --reason wrong_format",
        ),
        (Unreadable(why="?"), None, "simpul complaints show number"),
    ],
)
def test_what_would_be_no_complaint_is_an_officers(
    item: Item, at: Named | None, way_out: str
) -> None:
    found = verdict(kept_of(New(complaint=complaint())), item, at)

    assert (found.change, found.way_out) == (Change.FOR_OFFICER, way_out)


def test_a_complaint_that_follows_the_one_it_answers_is_settled() -> None:
    was = changed(
        kept_of(New(complaint=complaint())), status=Status.MERGED, merged_into=OTHER
    )
    assert verdict(was, reply(), named(OTHER)).change is Change.UNCHANGED


# --- files ----------------------------------------------------------------------


def test_files_that_were_not_found_before_are_added_once() -> None:
    was = kept_of(New(complaint=complaint()))
    found = verdict(was, New(complaint=complaint(), files=(PICTURE, PICTURE)))
    assert was.kept is not None

    assert found.change is Change.CORRECT
    assert new_files(was.kept, (PICTURE, PICTURE)) == (PICTURE,)


@pytest.mark.parametrize(
    "files", [(), (PICTURE.model_copy(update={"name": "gambar.jpg"}),)]
)
def test_files_keep_their_names_and_are_not_taken_away(files: tuple[File, ...]) -> None:
    was = kept_of(New(complaint=complaint(), files=(PICTURE,)))
    assert verdict(was, New(complaint=complaint(), files=files)).change is Change.STANDS


# --- what became words for a complaint ------------------------------------------


def test_a_reply_that_is_divided_otherwise_is_put_right() -> None:
    was = kept_of(reply("Masih rusak\n> Yth. Sari"), named(OWN))
    found = verdict(was, reply(), named(OWN))

    assert found.change is Change.CORRECT
    assert [one.name for one in found.fields] == ["text"]


def test_a_strangers_words_stay_as_they_are() -> None:
    at = named(OWN, by_reporter=False)
    assert verdict(kept_of(reply("Saya juga >"), at), reply(), at).change is (
        Change.STANDS
    )


def test_a_reply_is_for_its_complaint_also_where_that_follows_another() -> None:
    was = kept_of(reply(), named(OWN))
    merged = Named((OTHER, OWN), "number", by_reporter=True)

    assert verdict(was, reply(), merged).change is Change.UNCHANGED


@pytest.mark.parametrize(
    ("item", "at"),
    [
        (reply(), named(OTHER)),
        (reply(), named(OWN, by_reporter=False)),
        (New(complaint=complaint()), None),
        (Ignored(rule="list", why=""), None),
    ],
)
def test_a_reply_that_would_be_something_else_is_an_officers(
    item: Item, at: Named | None
) -> None:
    assert verdict(kept_of(reply(), named(OWN)), item, at).change is Change.FOR_OFFICER


# --- what is shown --------------------------------------------------------------


def test_what_is_measured_holds_nobodys_words() -> None:
    was = kept_of(New(complaint=complaint(body="rahasia satu", anonymous=False)))
    now = New(complaint=complaint(body="rahasia dua", anonymous=True), files=(PICTURE,))
    found = verdict(was, now)
    told = {one.name: measured(one) for one in found.fields}

    assert told["body"] == {
        "characters": [12, 11],
        "words": [2, 2],
        "words_gone": 1,
        "words_new": 1,
    }
    assert told["anonymous"] == {"before": None, "after": True}
    assert told["files"] == {"files": [0, 1]}
    assert "rahasia" not in json.dumps(told) + repr(found)
