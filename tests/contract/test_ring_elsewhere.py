"""A running store whose key ring is rotated, damaged or taken away by others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub.database import tables as t
from hub.database import vault as vault_module
from hub.database.keyring import Keyring, KeyringAwayError, KeyringError
from hub.database.rotation import Rotation
from hub.database.vault import KeyDestroyedError, Vault, key_id_of
from tests.contract.builders import PUPR, raw_message
from tests.contract.late import SEND, say_more, submitted
from tests.contract.world import World

PLACE, PLAIN = "table|column|row", b"an invented secret"


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path / "keyring.json", create=True)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every reading of a ring's file."""
    found: list[Path] = []
    opened = Keyring.open

    def counted(path: Path, *, create: bool = False) -> Keyring:
        found.append(path)
        return opened(path, create=create)

    monkeypatch.setattr(Keyring, "open", counted)
    return found


def look_every(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(vault_module, "REREAD_SECONDS", seconds)


# one store goes on while another rotates


def test_a_running_store_goes_on_after_a_rotation_elsewhere(world: World) -> None:
    known = submitted(world)
    other = world.another()
    ring = other.vault.ring.rotated()
    Rotation(other.db, Vault(ring)).run("cli:test", "yearly")

    case = world.store.queries.case_by_code(known.code)
    assert case is not None
    assert case.agencies[0]["reference"] == "PUPR-26-1"
    assert world.begin(PUPR, SEND).lease.cursor.reference == "PUPR-26-1"
    say_more(world, known)
    assert world.store.vault.ring.current == ring.current
    assert world.violated() == set()


def test_copies_under_a_key_of_another_process_are_read(world: World) -> None:
    world.store.journal.accept(raw_message("k1"))
    world.store.vault.ring.rotated()
    started_later = world.another()
    started_later.journal.accept(raw_message("k2"))
    assert len(world.store.edge.accepted()) == 2
    assert world.violated() == set()


def test_what_a_running_store_writes_is_soon_under_the_new_key(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_every(monkeypatch, 0)
    world.store.journal.accept(raw_message("k1"))
    ring = world.another().vault.ring.rotated()
    world.store.journal.accept(raw_message("k2"))
    first, second = world.rows(t.data_keys)
    assert key_id_of(second.wrapped) == second.ring_id == str(ring.current)
    assert key_id_of(first.wrapped) != str(ring.current)
    # A rotation that runs now leaves nothing behind.
    Rotation(world.store.db, world.store.vault).run("cli:test", "")
    with world.store.db.read() as tx:
        under = tx.conn.execute(sa.select(t.data_keys.c.ring_id).distinct())
        assert list(under.scalars()) == [str(ring.current)]


# the vault


def test_an_unknown_key_is_looked_for_in_a_changed_file_only(
    ring: Keyring, reads: list[Path]
) -> None:
    lost = Vault(Keyring(ring.path, uuid7(), {}, b"", b""))
    running, other = Vault(ring), Vault(ring.rotated())
    assert running.unwrap(PLACE, other.wrap(PLACE, PLAIN)) == PLAIN
    assert reads == [ring.path]
    for _ in range(3):
        with pytest.raises(KeyDestroyedError):
            lost.unwrap(PLACE, other.wrap(PLACE, PLAIN))
    assert reads == [ring.path]


def test_many_threads_that_meet_an_unknown_key_read_the_file_once(
    ring: Keyring, reads: list[Path]
) -> None:
    running = Vault(ring)
    sealed = Vault(ring.rotated()).wrap(PLACE, PLAIN)
    barrier = threading.Barrier(8)

    def unwrap(_: int) -> bytes:
        barrier.wait()
        return running.unwrap(PLACE, sealed)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(unwrap, range(8))) == {PLAIN}
    assert reads == [ring.path]


def test_a_file_that_changes_all_the_time_is_read_once_in_a_while(
    ring: Keyring, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_every(monkeypatch, 3600)
    running = Vault(ring)
    second = ring.rotated()
    assert running.unwrap(PLACE, Vault(second).wrap(PLACE, PLAIN)) == PLAIN
    third = Vault(second.rotated()).wrap(PLACE, PLAIN)
    for _ in range(5):
        # Not "destroyed": whoever needs it comes back.
        with pytest.raises(KeyringAwayError, match="try again"):
            running.unwrap(PLACE, third)
    assert reads == [ring.path]


@pytest.mark.parametrize("harm", ["missing", "damaged", "open to others", "another"])
def test_a_ring_that_cannot_be_read_is_away_and_comes_back(
    ring: Keyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, harm: str
) -> None:
    look_every(monkeypatch, 0)
    running = Vault(ring)
    before = running.wrap(PLACE, PLAIN)
    sealed = Vault(ring.rotated()).wrap(PLACE, PLAIN)
    good = ring.path.read_bytes()
    ring.path.unlink()
    if harm == "another":
        Keyring.open(ring.path, create=True)
    elif harm != "missing":
        ring.path.write_bytes(b"{}" if harm == "damaged" else good)
        ring.path.chmod(0o600 if harm == "damaged" else 0o644)

    with pytest.raises(KeyringAwayError):
        running.unwrap(PLACE, sealed)
    assert running.unwrap(PLACE, before) == PLAIN
    assert running.unwrap(PLACE, running.wrap(PLACE, PLAIN)) == PLAIN

    mended = tmp_path / "mended"
    mended.write_bytes(good)
    mended.chmod(0o600)
    mended.replace(ring.path)
    assert running.unwrap(PLACE, sealed) == PLAIN


def test_a_ring_that_is_away_counts_as_an_outage() -> None:
    # Stages leave their rows due after a ConnectionError; they do not set them aside.
    assert issubclass(KeyringAwayError, ConnectionError)
    assert issubclass(KeyringAwayError, KeyringError)


# the file


def test_rotations_at_the_same_time_lose_no_key(ring: Keyring) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ring.rotated(), range(8)))
    kept = Keyring.open(ring.path)
    assert set(kept.keys) == {ring.current} | {one.current for one in made}
    assert len(kept.keys) == 9
    assert all(kept.keys[one.current] == one.keys[one.current] for one in made)


def test_first_starts_at_the_same_time_make_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keyring.json"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: Keyring.open(path, create=True), range(8)))
    assert len({one.current for one in made}) == 1
    assert len({one.index_secret for one in made}) == 1


def test_a_prepared_key_opens_before_it_is_used(ring: Keyring) -> None:
    prepared = ring.with_prepared()
    assert prepared.current == ring.current
    assert prepared.with_prepared() == prepared
    copied = Keyring.open(ring.path)
    fresh = prepared.rotated()
    assert (fresh.current, fresh.prepared) == (prepared.prepared, None)
    assert set(fresh.keys) == set(prepared.keys)
    # A hub elsewhere that has the copy, but not yet its rotation.
    assert Vault(copied).unwrap(PLACE, Vault(fresh).wrap(PLACE, PLAIN)) == PLAIN


def test_a_ring_does_not_show_its_keys(ring: Keyring) -> None:
    shown = repr(ring)
    for secret in (*ring.keys.values(), ring.index_secret, ring.delivery_secret):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
