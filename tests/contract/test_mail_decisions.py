"""What intake decides about mails, and what it tells to whom: on both engines."""

import dataclasses
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from connectors.contract import New
from hub import telemetry
from hub.database import tables as t
from hub.database.parties import config_row
from hub.domain.capping import Caps
from schemas.parties import PartyKind
from tests.contract.builders import LIMITS, Words, party_rows
from tests.contract.mailing import (
    CLAIMED,
    DOMAIN,
    MAILBOX,
    SARI,
    STRANGER,
    VERIFIED,
    Post,
    letter,
)
from tests.contract.test_contacts import take_in
from tests.contract.world import World

SMS = "reporter:sms"

PRIVATE = (SARI, "Sari", "Wulandari", "Melati")


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


def capped(registry: CollectorRegistry, limit: str) -> float:
    name = "simpul_answers_capped_total"
    return registry.get_sample_value(name, {"limit": limit}) or 0.0


# --- why -----------------------------------------------------------------------


def test_every_decision_about_a_mail_is_kept_with_its_rule(post: Post) -> None:
    row = post.take_one(letter(above=VERIFIED))

    assert [one["decision"] for one in row.trace] == [
        "classification",
        "charset",
        "defects",
        "date",
        "identity",
        "thread",
        "reporter",
        "routing",
    ]
    assert post.decision(row, "classification") == (
        "no_rule_of_machines",
        {"kind": "human"},
    )
    assert post.decision(row, "charset") == (
        "declared",
        {"used": "utf-8", "lossy": "false"},
    )
    assert post.decision(row, "date") == ("missing", {"used": "arrival"})
    rule, evidence = post.decision(row, "identity")
    assert (rule, evidence["level"]) == ("dmarc_pass", "verified_email")
    assert post.decision(row, "thread") == (
        "none",
        {"looked_at": "plus_address,references,body,subject,sender"},
    )
    assert post.decision(row, "routing")[1] == {"agencies": "triage"}
    assert post.world.violated() == set()


def test_what_names_a_person_is_not_in_the_clear_and_is_opened_with_a_reason(
    post: Post,
) -> None:
    row = post.take_one(letter(above=CLAIMED))
    traces = post.world.store.traces

    assert not any(word in str(row.trace) for word in PRIVATE)
    assert not any(word.encode() in bytes(row.trace_sealed) for word in PRIVATE)
    shown = traces.of(row.id)
    assert shown is not None
    assert SARI not in str(shown)
    opened = traces.open(row.id, "operator", "asked by an officer")
    assert opened is not None
    (identity,) = [d for d in opened["trace"] if d["decision"] == "identity"]
    assert identity["private"] == {"sender": SARI}
    looked = post.world.row(t.audit, action="trace_opened")
    assert (looked.subject, looked.reason) == (row.id, "asked by an officer")


def test_an_erasure_reaches_what_the_trace_knows_of_people(post: Post) -> None:
    row = post.take_one(letter(above=CLAIMED))
    store = post.world.store
    assert store.eraser.request(row.complaint_id, "operator", "asked")
    assert store.eraser.erase_due() == 1

    opened = store.traces.open(row.id, "operator", "is it gone?")
    assert opened is not None
    assert SARI not in str(opened)
    assert next(d["decision"] for d in opened["trace"]) == "classification"


def test_the_trace_of_a_complaint_says_why_each_message_became_what_it_is(
    post: Post,
) -> None:
    row = post.take_one(letter(above=VERIFIED))
    post.take_one(letter("Masih padam.", above=VERIFIED, to=_plus(row.code)))

    lines = post.world.store.queries.trace(row.complaint_id)
    decided = [(x["what"], x["who"]) for x in lines if x["what"].startswith("decided")]
    assert ("decided thread", "plus_address") in decided
    assert ("decided reply_split", "all_is_new") in decided
    assert ("decided identity", "dmarc_pass") in decided
    assert not any(word in str(lines) for word in PRIVATE)


def test_a_machines_mail_says_by_which_rule_it_was_ignored(post: Post) -> None:
    row = post.take_one(letter(Auto_Submitted="auto-replied"))

    assert row.state == "ignored"
    rule, evidence = post.decision(row, "classification")
    assert (rule, evidence["kind"]) == ("vacation", "auto_reply")


def test_a_second_mail_of_one_id_with_other_words_says_so(post: Post) -> None:
    first = letter("Lampu padam.", message_id="<sama@warga.example>")
    other = letter("Jalan rusak.", message_id="<sama@warga.example>")
    _, row = post.take(first, other)

    assert post.decision(row, "duplicate")[0] == "same_key_other_content"
    assert row.state == "done"


# --- dates ---------------------------------------------------------------------


def test_a_believed_date_is_when_it_happened_and_not_when_it_came(post: Post) -> None:
    with post.world.store.db.read() as tx:
        written = (tx.now - timedelta(days=2)).replace(microsecond=0)
    row = post.take_one(letter(Date=format_datetime(written)))

    received = post.world.row(t.log, complaint_id=row.complaint_id, type="received")
    assert received.occurred_at == written
    complaint = post.world.row(t.complaints, id=row.complaint_id)
    assert complaint.received_at == row.received_at
    assert post.decision(row, "date") == ("header", {"used": "header"})
    assert post.world.violated() == set()


def test_a_date_a_month_ago_counts_from_the_arrival(post: Post) -> None:
    with post.world.store.db.read() as tx:
        written = tx.now - timedelta(days=31)
    row = post.take_one(letter(Date=format_datetime(written)))

    received = post.world.row(t.log, complaint_id=row.complaint_id, type="received")
    assert received.occurred_at == row.received_at
    assert post.decision(row, "date") == ("too_old", {"used": "arrival"})


# --- who -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "level"), [(VERIFIED, "verified_email"), (CLAIMED, "claimed")]
)
def test_the_reporters_level_is_what_our_own_server_says(
    post: Post, above: tuple[tuple[str, str], ...], level: str
) -> None:
    row = post.take_one(letter(above=above))

    found = post.world.row(t.reporters, complaint_id=row.complaint_id)
    assert found.level == level


def test_the_same_words_on_a_from_line_alone_tell_no_status(post: Post) -> None:
    first = post.take_one(letter(above=CLAIMED))
    again = post.take_one(letter(above=CLAIMED))

    assert (again.state, again.result_id) == ("duplicate", first.complaint_id)
    known = f"Laporan ini sudah kami terima dengan kode {first.code}."
    assert post.answers() == [(SARI, known)]
    assert post.decision(again, "duplicate")[0] == "same_words_same_contact"
    assert post.decision(again, "answer")[0] == "known"


def test_the_same_words_of_a_verified_sender_tell_the_status(post: Post) -> None:
    first = post.take_one(letter(above=CLAIMED))
    post.take_one(letter(above=VERIFIED))

    ((address, words),) = post.answers()
    assert address == SARI
    assert words.startswith(f"Laporan {first.code}: ")


def test_reply_to_is_nobody(post: Post) -> None:
    row = post.take_one(letter(above=VERIFIED, Reply_To=STRANGER))
    post.take_one(letter(above=VERIFIED, Reply_To=STRANGER))

    assert [address for address, _ in post.answers()] == [SARI]
    reply = letter("Ini saya.", sender=STRANGER, Reply_To=SARI, to=_plus(row.code))
    post.take_one(reply)
    assert post.events(row.complaint_id)[-1] == "third_party_comment"


def test_a_reply_with_a_code_counts_from_a_claimed_address_too(post: Post) -> None:
    row = post.take_one(letter(above=CLAIMED))
    reply = post.take_one(letter("Masih padam.", above=CLAIMED, to=_plus(row.code)))

    assert post.events(row.complaint_id)[-1] == "reporter_replied"
    assert post.decision(reply, "speaker") == (
        "code",
        {"speaks": "reporter", "level": "claimed"},
    )


def test_a_stranger_with_the_code_is_a_third_party_and_is_told_nothing(
    post: Post,
) -> None:
    row = post.take_one(letter(above=CLAIMED))
    reply = post.take_one(
        letter("Di sini juga.", sender=STRANGER, subject=f"Re: [LAPOR {row.code}]")
    )

    assert post.events(row.complaint_id)[-1] == "third_party_comment"
    assert post.decision(reply, "speaker")[1]["speaks"] == "third_party"
    assert post.answers() == []


def test_a_public_number_in_the_subject_is_a_reply_of_the_verified_reporter_only(
    post: Post,
) -> None:
    row = post.take_one(letter(above=VERIFIED))
    subject = f"Re: [LAPOR {row.public_number}]"
    reply = post.take_one(letter("Masih padam.", subject=subject, above=VERIFIED))

    assert post.events(row.complaint_id)[-1] == "reporter_replied"
    assert post.decision(reply, "speaker")[0] == "number"
    for body in (
        letter("Palsu.", subject=subject, above=CLAIMED),
        letter("Tetangga.", subject=subject, sender=STRANGER),
    ):
        other = post.take_one(body)
        assert other.complaint_id != row.complaint_id
        assert (other.state, other.result_id) == ("done", other.complaint_id)
    assert post.events(row.complaint_id).count("reporter_replied") == 1
    assert "third_party_comment" not in post.events(row.complaint_id)


def test_no_messages_any_more_needs_a_code_or_a_verified_sender(post: Post) -> None:
    row = post.take_one(letter(above=CLAIMED))
    stranger = post.take_one(letter("BERHENTI", sender=STRANGER, to=_plus(row.code)))
    assert (stranger.state, post.world.rows(t.contact_state)) == ("ignored", [])
    assert post.decision(stranger, "wish")[0] == "not_shown_whose"

    claimed = post.take_one(letter("BERHENTI", above=CLAIMED, to=_plus(row.code)))
    assert post.decision(claimed, "wish")[0] == "shown_by_token"
    verified = post.take_one(letter("MULAI", above=VERIFIED, subject="MULAI"))
    assert post.decision(verified, "wish")[0] == "shown_by_verified_email"
    (state,) = post.world.rows(t.contact_state)
    assert not state.opted_out


def test_only_the_contact_by_which_a_reporter_is_known_hears_of_the_same_words(
    world: World,
) -> None:
    """Somebody repeats words with their writer's address and a number of their own."""
    sms = config_row(
        SMS,
        PartyKind.REPORTER,
        title=SMS,
        lane=f"deliver.{SMS}",
        limits=LIMITS,
        config_version="1",
        wants=None,
    )
    world.store.parties.configure([*party_rows(), sms])
    known = Words().complaint
    other = known.reporter.model_copy(update={"phone": "+628129999999"})
    for complaint in (known, known.model_copy(update={"reporter": other})):
        row = take_in(world, New(complaint=complaint), ways={SMS})

    assert row.state == "duplicate"
    assert world.rows(t.answers) == []


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, "claimed"),
        ({"level": "phone_seen"}, "phone_seen"),
        ({"level": "none"}, "none"),
    ],
)
def test_every_channels_complaints_say_how_sure_and_who_must_act(
    world: World, changes: dict[str, Any], level: str
) -> None:
    row = take_in(world, New(complaint=Words().complaint, **changes))

    assert [(one["decision"], one["rule"]) for one in row.trace] == [
        ("reporter", level),
        ("routing", "no_rule"),
    ]
    assert row.trace_sealed is None
    assert world.row(t.reporters).level == level


# --- on behalf of --------------------------------------------------------------

PASSED_ON = """\
Tolong ditindaklanjuti.

---------- Pesan terusan ----------
Dari: Ani Contoh <ani@warga.example>
Subjek: Air mati

Air di gang kami mati tiga hari.
"""


def test_who_passes_a_mail_on_is_the_reporter_and_the_inner_person_a_note(
    post: Post,
) -> None:
    row = post.take_one(letter(PASSED_ON, above=VERIFIED))

    assert post.decision(row, "on_behalf_of") == (
        "banner",
        {"reporter": "forwarder", "level": "claimed"},
    )
    person = _person(post, row.complaint_id)
    assert (person["email"], person["on_behalf_of"]) == (
        SARI,
        "Ani Contoh <ani@warga.example>",
    )


@pytest.mark.parametrize(
    ("above", "reporter"), [(VERIFIED, "ani@warga.example"), (CLAIMED, SARI)]
)
def test_a_trusted_forwarder_counts_with_a_verified_address_only(
    world: World, above: tuple[tuple[str, str], ...], reporter: str
) -> None:
    post = Post(world, config={"trusted_forwarders": [SARI.upper()]})
    row = post.take_one(letter(PASSED_ON, above=above))

    assert _person(post, row.complaint_id)["email"] == reporter
    level = world.row(t.reporters, complaint_id=row.complaint_id).level
    assert level == "claimed"


# --- caps ----------------------------------------------------------------------


def test_no_conversation_is_answered_more_often_than_the_cap(world: World) -> None:
    post = Post(world, Caps(answers_per_conversation=2))
    before = capped(telemetry.REGISTRY, "answers_per_conversation")
    # Two ticket systems: only the number in the subject differs.
    mails = [letter("", subject=f"Ticket {n} received") for n in range(4)]
    rows = [post.take_one(mails[0]), *post.take(*mails[1:])]

    assert len(post.answers()) == 2
    assert [row.why for row in rows] == ["answered"] * 2 + ["answered often enough"] * 2
    assert post.decision(rows[3], "capped")[0] == "answers_per_conversation"
    after = capped(telemetry.REGISTRY, "answers_per_conversation")
    assert after - before == 2
    assert world.violated() == set()


def test_no_address_is_answered_more_often_a_day_and_the_next_day_is_new(
    world: World,
) -> None:
    post = Post(world, Caps(answers_per_day=2))
    for subject in ("satu", "dua", "tiga"):
        post.take_one(letter("", subject=subject))
    assert len(post.answers()) == 2
    other = letter("", subject="empat", sender=STRANGER)
    post.take_one(other)
    assert len(post.answers()) == 3

    world.move_clock(25 * 3600)
    post.take_one(letter("", subject="lima"))
    assert len(post.answers()) == 4


def test_a_flood_waits_for_an_officer_who_lets_it_through(world: World) -> None:
    post = Post(world, Caps(complaints_per_day=2))
    rows = post.take(*(letter(f"Lampu nomor {n} padam.") for n in range(4)))

    assert [row.state for row in rows] == ["done", "done", "quarantined", "quarantined"]
    waiting = world.store.quarantine.waiting(cause="flood")
    assert [one["id"] for one in waiting] == sorted(row.id for row in rows[2:])
    assert "replay" in waiting[0]["way_out"]
    assert post.decision(rows[2], "capped")[1] == {"complaints": "2"}
    row = post.replay(rows[2])
    assert (row.state, row.result_id) == ("done", row.complaint_id)
    elsewhere = post.take_one(letter("Lampu kami juga.", sender=STRANGER))
    assert elsewhere.state == "done"
    assert world.violated() == set()


def test_a_flood_still_answers_to_what_it_has_a_code_for(world: World) -> None:
    post = Post(world, Caps(complaints_per_day=1))
    row = post.take_one(letter())
    post.take_one(letter("Masih padam.", to=_plus(row.code)))

    assert post.events(row.complaint_id)[-1] == "reporter_replied"


# --- spam, and what cannot be read ---------------------------------------------


def test_what_our_server_calls_spam_is_looked_at_and_not_lost(post: Post) -> None:
    above = (("X-Spam-Flag", "YES"), *CLAIMED)
    row = post.take_one(letter(above=above))

    assert (row.state, post.answers()) == ("quarantined", [])
    assert post.decision(row, "spam")[0] == "x_spam_flag"
    (waiting,) = post.world.store.quarantine.waiting(cause="spam")
    assert waiting["id"] == row.id
    assert post.replay(row).state == "done"


def test_who_looked_at_a_mail_need_not_look_for_each_reason(world: World) -> None:
    post = Post(world, Caps(complaints_per_day=1))
    post.take_one(letter())
    spam = letter("Jalan rusak.", above=(("X-Spam-Flag", "YES"), *CLAIMED))

    assert post.replay(post.take_one(spam)).state == "done"


def test_a_spam_header_below_our_hop_is_anybodys(post: Post) -> None:
    row = post.take_one(letter(above=(*CLAIMED, ("X-Spam-Flag", "YES"))))

    assert row.state == "done"


def test_a_reply_with_a_code_is_taken_whatever_the_spam_filter_says(
    post: Post,
) -> None:
    row = post.take_one(letter(above=CLAIMED))
    above = (("X-Spam-Flag", "YES"), *CLAIMED)
    post.take_one(letter("Masih padam.", above=above, to=_plus(row.code)))

    assert post.events(row.complaint_id)[-1] == "reporter_replied"


ENCRYPTED = "-----BEGIN PGP MESSAGE-----\n\nhQEMA99\n=abcd\n-----END PGP MESSAGE-----\n"


def test_an_encrypted_mail_is_kept_and_its_writer_is_asked_once(post: Post) -> None:
    row = post.take_one(letter(ENCRYPTED))

    ((address, words),) = post.answers()
    assert address == SARI
    assert "terenkripsi" in words
    assert (row.state, post.decision(row, "content")[0]) == ("done", "encrypted")
    (kept,) = post.world.rows(t.journal_raw)
    assert kept.sealed
    post.intake("intake.email", [row.id])
    assert len(post.answers()) == 1


def test_an_encrypted_mail_that_nobody_can_be_asked_about_waits(world: World) -> None:
    post = Post(world, Caps(answers_per_day=1))
    post.take_one(letter(ENCRYPTED))
    row = post.take_one(letter(ENCRYPTED, subject="lain"))

    assert row.state == "quarantined"
    (waiting,) = world.store.quarantine.waiting(cause="encrypted")
    assert waiting["id"] == row.id


def _plus(code: str) -> str:
    return f"{MAILBOX.partition('@')[0]}+{code}@{DOMAIN}"


def _person(post: Post, complaint_id: str) -> dict[str, str]:
    row = post.world.row(t.reporters, complaint_id=complaint_id)
    with post.world.store.db.read() as tx:
        key = post.world.store.vault.key(tx.conn, row.data_key_id)
    found: dict[str, str] = key.open_json(f"reporters|sealed|{row.id}", row.sealed)
    return found


def test_caps_are_the_settings_of_a_deployment(world: World) -> None:
    given = world.store.settings.notices.caps.model_dump()

    assert dataclasses.asdict(Caps(**given)) == dataclasses.asdict(Caps())
