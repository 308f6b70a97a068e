"""Rotation of the ring key, on both database engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from hub.database import rotation
from hub.database import tables as t
from hub.database.attached import remote_place
from hub.database.engine import Database
from hub.database.keyring import Keyring
from hub.database.migrate import upgrade
from hub.database.projection import reference_place
from hub.database.rotation import COLUMNS, Rotation
from hub.database.vault import KeyDestroyedError, Vault

NUMBER = 7
COMPLAINTS = [f"00000000-0000-7000-8000-{n:012d}" for n in range(NUMBER)]
DESTROYED = "00000000-0000-7000-8000-00000000dead"
PLAIN = b"an invented secret"


@dataclass
class Place:
    db: Database
    vault: Vault

    def rows(self) -> dict[str, list[Any]]:
        with self.db.read() as tx:
            return {
                table.name: list(tx.conn.execute(sa.select(table).order_by(*table.c)))
                for table in {one.column.table for one in COLUMNS}
            }

    def audit(self) -> list[Any]:
        with self.db.read() as tx:
            return list(tx.conn.execute(sa.select(t.audit)))

    def opened(self, vault: Vault) -> list[bytes]:
        """Open every value of every column, each in its own place."""
        found = []
        with self.db.read() as tx:
            for one in COLUMNS:
                query = sa.select(one.column.table).where(one.column.is_not(None))
                found += [
                    vault.unwrap(one.place(row), getattr(row, one.column.name))
                    for row in tx.conn.execute(query)
                ]
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    else:
        url = f"sqlite:///{tmp_path / 'simpul.db'}"
    upgrade(url)
    db = Database(url, pool_size=2)
    vault = Vault(Keyring.open(tmp_path / "keyring.json", create=True))
    _fill(db, vault)
    yield Place(db, vault)
    db.close()


def _fill(db: Database, vault: Vault) -> None:
    with db.write() as tx:
        for complaint_id in COMPLAINTS:
            _, key = vault.new_key(complaint_id)
            progress = f"cursors|progress|{complaint_id}.dinkes"
            kept = f"agency_references|reference|{complaint_id}.dinkes.1"
            source = f"agency:{complaint_id}"
            differs = f"drift|reference|dinkes.missing_there.{complaint_id}"
            tx.conn.execute(sa.insert(t.data_keys).values(**key))
            tx.conn.execute(
                sa.insert(t.cursors).values(
                    complaint_id=complaint_id,
                    party="dinkes",
                    recipient="",
                    lane="deliver.dinkes",
                    state="active",
                    delivered_seq=0,
                    target_seq=0,
                    reference=vault.wrap(
                        reference_place(complaint_id, "dinkes"), PLAIN
                    ),
                    progress=vault.wrap(progress, PLAIN),
                )
            )
            tx.conn.execute(
                sa.insert(t.agency_references).values(
                    complaint_id=complaint_id,
                    agency="dinkes",
                    assignment_no=1,
                    reference=vault.wrap(kept, PLAIN),
                    reference_index=b"index",
                )
            )
            file = remote_place(complaint_id, 1, "dinkes")
            tx.conn.execute(
                sa.insert(t.attachment_deliveries).values(
                    complaint_id=complaint_id,
                    party="dinkes",
                    recipient="",
                    event_id=complaint_id,
                    n=1,
                    state="uploaded",
                    remote_ref=vault.wrap(file, PLAIN),
                    at=tx.now,
                )
            )
            tx.conn.execute(
                sa.insert(t.sources).values(
                    id=complaint_id,
                    source=source,
                    party="dinkes",
                    kind="updates",
                    lane="poll",
                    state="active",
                    every_s=300,
                    since=tx.now,
                    checkpoint=vault.wrap(f"sources|checkpoint|{source}", PLAIN),
                )
            )
            tx.conn.execute(
                sa.insert(t.drift).values(
                    agency="dinkes",
                    kind="missing_there",
                    subject=complaint_id,
                    heal="hand_over",
                    since=tx.now,
                    seen_at=tx.now,
                    reference=vault.wrap(differs, PLAIN),
                )
            )
        _, key = vault.new_key(DESTROYED)
        tx.conn.execute(sa.insert(t.data_keys).values(**key | {"wrapped": None}))


@contextmanager
def batches_of(number: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation, "BATCH", number)
        yield


def test_everything_still_opens_and_only_the_new_key_is_needed(place: Place) -> None:
    before = place.opened(place.vault)
    ring = place.vault.ring.rotated()
    with batches_of(3):
        changed = Rotation(place.db, Vault(ring)).run("cli:test", "yearly")
    assert changed == dict.fromkeys((one.name for one in COLUMNS), NUMBER)
    alone = Keyring(
        ring.path,
        ring.current,
        {ring.current: ring.keys[ring.current]},
        ring.index_secret,
        ring.delivery_secret,
    )
    assert place.opened(Vault(alone)) == before
    with place.db.read() as tx:
        assert len(Vault(alone).keys(tx.conn, COMPLAINTS)) == NUMBER
    assert Rotation(place.db, Vault(ring)).usage() == {
        str(ring.current): NUMBER * len(COLUMNS)
    }


def test_a_second_run_changes_nothing(place: Place) -> None:
    vault = Vault(place.vault.ring.rotated())
    Rotation(place.db, vault).run("cli:test", "")
    rows, audit = place.rows(), place.audit()
    again = Rotation(place.db, vault)
    assert again.pending() == 0
    assert again.run("cli:test", "") == dict.fromkeys((c.name for c in COLUMNS), 0)
    assert (place.rows(), place.audit()) == (rows, audit)


def test_a_rotation_that_was_broken_off_goes_on_where_it_stopped(place: Place) -> None:
    vault = Vault(place.vault.ring.rotated())
    broken_off = Rotation(place.db, vault)
    with batches_of(3):
        assert broken_off._batch(COLUMNS[0]) == 3
    again = Rotation(place.db, vault)
    assert again.pending() == NUMBER * len(COLUMNS) - 3
    assert again.run("cli:test", "")[COLUMNS[0].name] == NUMBER - 3
    assert again.pending() == 0


def test_a_destroyed_key_stays_destroyed(place: Place) -> None:
    Rotation(place.db, Vault(place.vault.ring.rotated())).run("cli:test", "")
    with place.db.read() as tx:
        c = t.data_keys.c
        row = tx.conn.execute(
            sa.select(c.wrapped, c.ring_id).where(c.id == DESTROYED)
        ).one()
    assert row.wrapped is None
    assert row.ring_id == str(place.vault.ring.current)


def test_older_ring_keys_stay_in_the_file(place: Place) -> None:
    ring = place.vault.ring.rotated()
    read = Keyring.open(ring.path)
    assert set(read.keys) == {place.vault.ring.current, ring.current}
    assert read.index_secret == place.vault.ring.index_secret
    assert place.opened(Vault(read))


def test_a_value_under_a_lost_ring_key_ends_the_rotation(place: Place) -> None:
    old = place.vault.ring
    ring = old.rotated()
    lost = Keyring(
        ring.path,
        ring.current,
        {ring.current: ring.keys[ring.current]},
        ring.index_secret,
        ring.delivery_secret,
    )
    before = place.rows()
    with pytest.raises(KeyDestroyedError, match=str(old.current)):
        Rotation(place.db, Vault(lost)).run("cli:test", "")
    assert place.rows() == before
