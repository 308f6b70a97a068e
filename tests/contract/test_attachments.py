"""Attachments, by what a party's system can take: none is lost in silence."""

import pytest

from connectors.contract import Capabilities, Done, FileOutcome, Pending
from connectors.errors import OutcomeUnknown, Refused, Retryable
from hub.database import tables as t
from hub.database.rotation import Rotation
from tests.contract.builders import LIMITS, PUPR, Words
from tests.contract.photographed import HUB, album, photo
from tests.contract.world import World

UPLOAD = Capabilities(files="upload", coalesces=True)
LINK = Capabilities(files="link")
LINE = Capabilities(files="line")
DONE = Done(reference="PUPR-26-1")
WORDS = Words()


def test_a_file_is_uploaded_where_the_system_takes_files(world: World) -> None:
    found = album(world, UPLOAD)
    found.turn()
    (got,) = found.agency.got

    assert [(f.name, f.content) for f in got.files] == [
        (WORDS.file_name, WORDS.file_content)
    ]
    assert (got.links, got.files_note) == ((), ("", ""))
    assert got.complaint["body"] == WORDS.body
    assert got.complaint["attachments"] == {"count": 1}
    assert found.states == [("uploaded", "")]
    assert found.rows[0].attempt_id == world.row(t.attempts, party=PUPR).id


def test_a_file_is_linked_where_the_system_takes_links(world: World) -> None:
    found = album(world, LINK)
    found.turn()
    (got,) = found.agency.got
    (link,) = got.links

    assert got.files == ()
    assert link.url.startswith(f"{HUB}/files/")
    assert (link.name, link.media_type) == (WORDS.file_name, "image/jpeg")
    assert link.size_bytes == len(WORDS.file_content)
    assert got.complaint["attachments"]["links"][0]["url"] == link.url
    assert "1 attachment can be fetched" in got.complaint["attachments"]["note"]
    assert "1 lampiran dapat diambil" in got.files_note[0]
    assert found.states == [("linked", "")]


def test_a_line_says_how_many_there_are_and_where_they_are(world: World) -> None:
    found = album(world, LINE)
    found.turn()
    (got,) = found.agency.got
    number = world.row(t.complaints, id=found.known.id).public_number

    assert (got.files, got.links) == ((), ())
    for said in got.files_note:
        assert said.startswith("1 ")
        assert number in said
        assert said in got.complaint["body"]
    assert got.complaint["body"].startswith(f"{WORDS.body}\n\n")
    assert WORDS.file_name not in got.model_dump_json()
    assert found.states == [("mentioned", "")]


def test_a_link_is_a_line_where_the_hub_has_no_public_address(world: World) -> None:
    found = album(world, LINK, public_url="")
    found.turn()
    (got,) = found.agency.got

    assert got.links == ()
    assert got.files_note[1].startswith("1 attachment does not come along")
    assert found.states == [("mentioned", "no_public_url")]
    assert world.store.attachments.unlinked()


def test_a_system_with_a_place_for_files_reads_them_there_only(world: World) -> None:
    found = album(world, LINK.model_copy(update={"shows_files": True}))
    found.turn()
    (got,) = found.agency.got

    assert got.complaint["body"] == WORDS.body
    assert got.complaint["attachments"]["links"]


@pytest.mark.parametrize("can", [UPLOAD, LINK, LINE])
def test_who_may_not_see_attachments_is_told_nothing_of_them(
    world: World, can: Capabilities
) -> None:
    found = album(world, can, allow=("public_number", "body"))
    found.turn()
    (got,) = found.agency.got

    assert (got.files, got.links, got.files_note) == ((), (), ("", ""))
    assert got.complaint["body"] == WORDS.body
    assert found.states == [("withheld", "not_allowed")]


def test_who_reads_no_text_is_not_said_to_be_told(world: World) -> None:
    found = album(world, LINE, allow=("public_number", "attachments"))
    found.turn()

    assert found.agency.got[0].files_note == ("", "")
    assert found.states == [("withheld", "no_text")]


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"file_bytes_max": 3}, "too_large"),
        ({"file_types": ("application/pdf",)}, "type_not_taken"),
    ],
)
@pytest.mark.parametrize(("url", "state"), [(HUB, "linked"), ("", "mentioned")])
def test_a_file_beyond_the_partys_limits_stops_no_complaint(
    world: World, limits: dict[str, object], why: str, url: str, state: str
) -> None:
    narrow = LIMITS.model_copy(update=limits)
    found = album(world, UPLOAD, limits=narrow, public_url=url)
    found.turn()
    (got,) = found.agency.got

    assert got.files == ()
    assert len(got.links) == (1 if url else 0)
    assert WORDS.body in got.complaint["body"]
    assert found.states == [(state, why)]


def test_files_of_later_events_travel_with_their_event(world: World) -> None:
    found = album(world, UPLOAD)
    found.turn()
    found.reply(photo(), photo("dua.jpg"))
    found.turn()

    assert [f.name for f in found.agency.got[1].files] == ["balasan.jpg", "dua.jpg"]
    assert found.states == [("uploaded", "")] * 3


def test_later_events_may_take_files_another_way(world: World) -> None:
    found = album(world, UPLOAD.model_copy(update={"files_events": "link"}))
    found.turn()
    found.reply(photo())
    found.turn()

    assert [len(got.files) for got in found.agency.got] == [1, 0]
    assert [len(got.links) for got in found.agency.got] == [0, 1]
    assert found.states == [("uploaded", ""), ("linked", "")]


def test_a_reply_says_below_its_words_what_does_not_go_along(world: World) -> None:
    found = album(world, LINK)
    found.turn()
    found.reply(photo())
    found.turn()
    got = found.agency.got[1]
    (event,) = got.events
    (link,) = got.links

    assert event.words["text"].startswith("Masih rusak\n\nbalasan.jpg (image/jpeg")
    assert link.url in event.words["text"]
    assert event.attachments["links"][0]["url"] == link.url
    assert got.complaint["attachments"]["links"][0]["url"] == link.url
    assert link.url not in got.complaint["body"]


def test_a_photo_without_words_is_told_all_the_same(world: World) -> None:
    found = album(world, LINE)
    found.turn()
    found.reply(photo(), text="")
    found.turn()

    (event,) = found.agency.got[1].events
    assert "1 lampiran" in event.words["text"]


def test_a_repeated_call_has_the_same_link_for_half_of_its_life(world: World) -> None:
    down = Retryable("answered 503", fingerprint="503")
    limits = LIMITS.model_copy(update={"give_up_after_seconds": 90 * 86400.0})
    found = album(world, LINK, limits=limits, answers=[down] * 3)
    found.turn()
    found.later(6 * 86400)
    found.later(2 * 86400)
    found.later(20 * 86400)
    links = [got.links[0] for got in found.agency.got]

    assert len(links) == 4
    assert links[0] == links[1]
    assert len({link.url for link in links}) == 3
    with world.store.db.read() as tx:
        assert (links[-1].expires_at - tx.now).days >= 6


def test_what_a_system_says_of_a_file_is_kept(world: World) -> None:
    said = (FileOutcome(file=0, remote_ref="berkas-7"),)
    found = album(world, UPLOAD, answers=[Done(reference="PUPR-26-1", files=said)])
    found.turn()
    (shown,) = world.store.attachments.of(found.known.id)

    assert (shown["state"], shown["remote_ref"]) == ("uploaded", "berkas-7")
    assert b"berkas-7" not in bytes(found.rows[0].remote_ref)


def test_a_file_that_the_system_did_not_take_is_counted_while_it_is_needed(
    world: World,
) -> None:
    said = (FileOutcome(file=0, ok=False, why="too_large"),)
    found = album(world, UPLOAD, answers=[Done(reference="PUPR-26-1", files=said)])
    found.turn()

    assert found.states == [("failed", "too_large")]
    assert world.store.queries.counts()["attachments_failed"] == 1
    assert [row["n"] for row in world.store.attachments.failed(10)] == [1]
    world.say(found.known, PUPR, "resolved", "id:1")

    assert world.store.queries.counts()["attachments_failed"] == 0
    assert world.store.attachments.failed(10) == []


def test_files_of_a_call_in_steps_are_known_step_by_step(world: World) -> None:
    one = (FileOutcome(file=0, remote_ref="b-1"),)
    step = Pending(progress=b"1", poll_after_seconds=1, files=one)
    found = album(world, UPLOAD, answers=[step, DONE])
    found.turn()
    assert found.states == [("uploaded", "")]
    found.later(2)

    assert len(found.agency.got) == 2
    (shown,) = world.store.attachments.of(found.known.id)
    assert (shown["state"], shown["remote_ref"]) == ("uploaded", "b-1")


def test_what_a_system_said_in_an_earlier_step_stands(world: World) -> None:
    no = (FileOutcome(file=0, ok=False, why="virus"),)
    step = Pending(progress=b"1", poll_after_seconds=1, files=no)
    found = album(world, UPLOAD, answers=[step, DONE])
    found.turn()
    found.later(2)

    assert found.states == [("failed", "virus")]


def test_what_the_hub_had_concluded_does_not_stand_against_steps_that_end_well(
    world: World,
) -> None:
    refused = Refused("answered 422", fingerprint="422")
    step = Pending(progress=b"1", poll_after_seconds=1)
    found = album(world, UPLOAD, answers=[refused, step, DONE])
    found.turn()
    assert found.states == [("failed", "refused")]
    letters = [row.id for row in world.rows(t.dead_letters)]
    world.store.operations.retry(letters, "operator", "mended")
    found.turn()
    found.later(2)

    assert found.states == [("uploaded", "")]


def test_nothing_is_said_of_files_while_nobody_knows(world: World) -> None:
    """A look-up brings it to light, and reads no content for it."""
    finds = UPLOAD.model_copy(update={"finds": True})
    found = album(world, finds, answers=[OutcomeUnknown("reset", fingerprint="reset")])
    found.turn()
    assert found.states == []
    found.later(LIMITS.settle_seconds + 1)

    assert [got.files for got in found.agency.found] == [()]
    assert found.states == [("uploaded", "")]


def test_files_of_a_refused_complaint_failed_until_it_is_taken(world: World) -> None:
    refused = Refused("answered 422", fingerprint="422")
    found = album(world, UPLOAD, answers=[refused])
    found.turn()
    assert found.states == [("failed", "refused")]
    letters = [row.id for row in world.rows(t.dead_letters)]
    world.store.operations.retry(letters, "operator", "mended")
    found.turn()

    assert found.states == [("uploaded", "")]


def test_an_erased_file_is_told_to_nobody(world: World) -> None:
    found = album(world, UPLOAD)
    lease = world.lease(PUPR)
    cursors = world.store.cursors
    assert [one.name for one in cursors.files(lease, [1])] == [WORDS.file_name]
    world.store.eraser.request(found.known.id, "operator", "asked")
    world.store.eraser.erase_due()

    assert cursors.files(lease, [1]) == []


def test_the_timeline_and_the_lists_show_what_became_of_files(world: World) -> None:
    found = album(world, LINK)
    found.turn()
    (shown,) = world.store.attachments.of(found.known.id)
    lines = [
        line
        for line in world.store.queries.trace(found.known.id)
        if line["what"].startswith("attachment")
    ]

    assert (shown["event"], shown["came_with"], shown["n"]) == (1, "received", 1)
    assert (shown["state"], shown["fetches"]) == ("linked", 0)
    assert [(one["what"], one["detail"]) for one in lines] == [
        ("attachment 1 of event 1", "linked")
    ]


def test_what_is_under_an_old_ring_key_is_wrapped_again(world: World) -> None:
    said = (FileOutcome(file=0, remote_ref="berkas-7"),)
    found = album(world, UPLOAD, answers=[Done(reference="PUPR-26-1", files=said)])
    found.turn()
    store = world.store
    store.vault.ring.rotated()
    again = world.another()
    changed = Rotation(again.db, again.vault).run("operator", "yearly")

    assert changed["attachment_deliveries.remote_ref"] == 1
    assert again.attachments.of(found.known.id)[0]["remote_ref"] == "berkas-7"


def test_a_complaint_without_files_costs_nothing_more(world: World) -> None:
    found = album(world, UPLOAD)
    found.turn()
    before = len(found.rows)
    world.say(found.known, PUPR, "work_started", "id:1")
    found.reply()
    found.turn()

    assert len(found.rows) == before
    assert found.agency.got[-1].files == ()
