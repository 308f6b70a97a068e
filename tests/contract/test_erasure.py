"""Erasure: planted words are readable before, and nowhere after."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from connectors.contract import Decision, Done, Pending
from connectors.errors import Refused
from hub.database import tables as t
from hub.database.engine import Database
from hub.database.erasure import Eraser
from hub.database.vault import Vault
from hub.domain.attachments import FileState
from hub.domain.delivery import Plan, PlanKind
from hub.ports import Ended, FileSent, Lease, NewAnswer, Settled
from tests.contract import opener
from tests.contract.builders import (
    DINKES,
    MAIL,
    PUPR,
    Words,
    by_action,
    delivery,
    raw_message,
    reply,
    settlement,
)
from tests.contract.late import asked_again, fail, letter
from tests.contract.world import Known, World

FIELDS = (
    *("title", "body", "place", "name", "email", "phone", "address", "nik"),
    *("filename", "content", "large", "reply", "update", "updateraw", "duplicate"),
    *("answer", "answercontact", "request", "response", "progress"),
    "trace",
)


def mark(field: str) -> str:
    return f"rahasia{field}xyz"


MARKERS = {mark(field).encode() for field in FIELDS}
PLANTED = Words(
    title=mark("title"),
    body=mark("body"),
    place=mark("place"),
    name=mark("name"),
    email=f"{mark('email')}@warga.example",
    phone=mark("phone"),
    address=mark("address"),
    nik=mark("nik"),
    file_name=f"{mark('filename')}.jpg",
    file_content=mark("content").encode(),
)


def planted(world: World) -> Known:
    """A complaint that left a marker in every place where words can rest."""
    large = raw_message("planted", mark("large").encode() + bytes(70_000))
    known = world.register(agencies=(PUPR, DINKES), words=PLANTED, raw=large)
    _attempts(world)
    world.say(
        known, PUPR, "work_started", "1", mark("update"), mark("updateraw").encode()
    )
    world.append(known, by_action(reply("", known.reporter_id, mark("reply"))))
    _duplicate(world, known)
    return known


def _attempts(world: World) -> None:
    lease = world.lease(PUPR)
    plan = Plan(PlanKind.SUBMIT, 4, 4)
    cursors = world.store.cursors
    sent = delivery(lease, words=mark("request"))
    attempt = world.send(lease, plan, sent, 1)
    done = Done(reference="PUPR-26-1", response=mark("response").encode())
    found = settlement(lease, plan, done)
    (file,) = cursors.files(lease, [1])
    upload = FileSent(file.event_id, file.n, FileState.UPLOADED, remote_ref="berkas-7")
    ended = Ended(lease, plan, found, attempt, files=(upload,))
    assert cursors.settle([ended]) == [True]
    call = world.begin(DINKES, PlanKind.SUBMIT)
    later = Pending(progress=mark("progress").encode(), poll_after_seconds=3600)
    world.end(call, later)


def _duplicate(world: World, known: Known) -> None:
    receipt = world.store.journal.accept(raw_message("d", mark("duplicate").encode()))
    (row,) = world.store.journal.read([receipt.journal_id])
    with world.store.journal.claim([row.id]) as work:
        contact = {"email": mark("answercontact")}
        work.answer(row, NewAnswer(MAIL, "text", {"id": mark("answer")}, contact))
        why = Decision("identity", "claimed", private=(("sender", mark("trace")),))
        settled = Settled("duplicate", "same words", "link", known.id, trace=(why,))
        work.settle(row, settled)


def markers_in(db: Database, vault: Vault) -> set[bytes]:
    text = b"\n".join(opener.opened(db, vault).values())
    return {marker for marker in MARKERS if marker in text}


def erase(world: World, known: Known) -> int:
    assert world.store.eraser.request(known.id, "operator", "asked by its reporter")
    return world.store.eraser.erase_due()


def test_the_opener_knows_every_sealed_column(world: World) -> None:
    known = {*opener.PLACES, *opener.UNUSED, *opener.NOT_SEALED}
    assert opener.binary_columns() == known
    planted(world)
    silent = set(opener.PLACES) - set(opener.opened(world.store.db, world.store.vault))
    assert silent == {
        "agency_references.reference",
        "sources.checkpoint",
        "drift.reference",
    }


def test_words_are_readable_before_an_erasure_and_nowhere_after(world: World) -> None:
    known = planted(world)
    store = world.store
    assert markers_in(store.db, store.vault) == MARKERS
    assert "rahasia" not in opener.clear(store.db)
    assert erase(world, known) == 1
    assert markers_in(store.db, store.vault) == set()
    assert "rahasia" not in opener.clear(store.db)


def test_what_happened_stays_after_an_erasure(world: World) -> None:
    known = planted(world)
    before = [(row.seq, row.type, row.facts) for row in world.log(known)]
    status = world.row(t.complaints).status
    erase(world, known)
    after = [(row.seq, row.type, row.facts) for row in world.log(known)]
    assert after[: len(before)] == before
    assert [kind for _, kind, _ in after[len(before) :]] == [
        "erasure_requested",
        "erased",
    ]
    case = world.store.queries.case_by_code(known.code)
    assert case is not None
    assert case.status == status
    assert {row["reference"] for row in case.agencies} == {"PUPR-26-1", ""}
    assert world.violated() == set()


def test_a_backup_is_erased_again_before_it_is_used(world: World) -> None:
    known = planted(world)
    store = world.store
    backup = Database(world.backup())
    erase(world, known)
    assert markers_in(backup, store.vault) == MARKERS
    eraser = Eraser(
        backup,
        store.vault,
        store.erased,
        store.deadlines,
        grace_hours=0,
        hinting=False,
    )
    assert eraser.brought_back() == [known.id]
    assert eraser.apply_list() == 1
    assert markers_in(backup, store.vault) == set()
    assert (eraser.brought_back(), eraser.apply_list()) == ([], 0)
    backup.close()


def test_other_complaints_keep_their_words(world: World) -> None:
    known = planted(world)
    world.register("other", words=Words(body="tetap terbaca"))
    erase(world, known)
    text = opener.opened(world.store.db, world.store.vault)
    assert b"tetap terbaca" in text["log.sealed"]


def test_words_that_come_after_an_erasure_are_not_kept(world: World) -> None:
    known = planted(world)
    erase(world, known)
    world.say(known, PUPR, "resolved", "2", mark("update"), mark("updateraw").encode())
    assert markers_in(world.store.db, world.store.vault) == set()
    assert world.violated() == set()


def test_an_erasure_waits_for_its_parties_until_the_grace_is_over(world: World) -> None:
    known = world.register()
    store = world.store
    eraser = Eraser(
        store.db,
        store.vault,
        store.erased,
        store.deadlines,
        grace_hours=72,
        hinting=False,
    )
    eraser.request(known.id, "operator", "asked")
    assert eraser.erase_due() == 0
    world.move_clock(73 * 3600)
    assert eraser.erase_due() == 1
    assert world.log(known)[-1].facts["laggards"] == [PUPR, MAIL]


def test_an_erasure_is_requested_once(world: World) -> None:
    known = world.register()
    for _ in range(2):
        assert world.store.eraser.request(known.id, "operator", "asked")
    assert [row.type for row in world.log(known)].count("erasure_requested") == 1
    assert not world.store.eraser.request("0" * 32, "operator", "nobody")


def test_an_erasure_waits_for_an_open_call_and_nothing_revives_it(world: World) -> None:
    known = world.register()
    call = world.begin(PUPR, PlanKind.SUBMIT)
    assert erase(world, known) == 0
    world.move_clock(61)
    assert world.store.eraser.erase_due() == 1
    kept, _ = world.end(call, Refused("422"))
    assert not kept
    assert world.store.cursors.lost(sole=False) == []
    assert {row.state for row in world.rows(t.cursors)} == {"ended"}
    assert world.violated() == set()


def test_an_erasure_ends_the_dead_letters_of_its_complaint(world: World) -> None:
    known = asked_again(world)
    fail(world)
    erase(world, known)
    assert (letter(world).state, letter(world).by) == ("discarded", "erasure")
    assert world.store.queries.dead_letters() == []
    assert world.violated() == set()


def test_nothing_is_leased_for_an_erased_complaint(world: World) -> None:
    erase(world, planted(world))
    taken: list[Lease] = [x for party in (PUPR, DINKES) for x in world.leases(party)]
    assert taken == []


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reader", [False, True], ids=["alone", "beside a reader"])
def test_the_files_of_sqlite_hold_keys_of_living_complaints_only(
    world: World,
    reader: bool,  # noqa: FBT001
) -> None:
    known = planted(world)
    world.register("other")
    assert living_keys(world) == keys_in_files(world)
    with world.store.db.read() as tx:
        tx.conn.execute(sa.select(t.data_keys)).all()
        if not reader:
            tx.conn.rollback()
        erase(world, known)
    world.store.eraser.erase_due()
    assert living_keys(world) == keys_in_files(world)


def living_keys(world: World) -> set[str]:
    return {row.id for row in world.rows(t.data_keys) if row.wrapped is not None}


def keys_in_files(world: World) -> set[str]:
    """Data keys that the ring can still open out of the bytes on the disk."""
    vault, found = world.store.vault, set()
    ids = [row.id for row in world.rows(t.data_keys)]
    database = Path(str(world.store.db.engine.url.database))
    head = b"v1." + vault.ring.current.bytes
    size = len(head) + 12 + 32 + 16
    for path in database.parent.glob(f"{database.name}*"):
        parts = path.read_bytes().split(head)[1:]
        for part in parts:
            value = (head + part)[:size]
            found |= {key_id for key_id in ids if _opens(vault, key_id, value)}
    return found


def _opens(vault: Vault, key_id: str, value: bytes) -> bool:
    try:
        vault.unwrap(f"data_keys|wrapped|{key_id}", value)
    except InvalidTag:
        return False
    return True
