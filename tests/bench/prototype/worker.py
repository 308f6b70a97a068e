"""One worker of the prototype: hints, rows, one transaction, hints, acknowledgement.

`python -m tests.bench.prototype.worker`; counts what is confirmed in a file.
"""

import json
import os
import signal
import struct
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from time import time_ns
from typing import Any

import psycopg
from kombu import Connection, Consumer, Queue

from tests.bench.peers.job import (
    Complaint,
    Rule,
    broker_url,
    configured_routing,
    database_url,
)
from tests.bench.prototype import tables
from tests.bench.prototype.packing import INT4, UUID, numbers, pieces, texts
from tests.bench.prototype.sealing import open_key, person, seal, unseal

BATCH, PER_HINT = 500, 50
INTAKE = "intake"
REPORTER = -1
"""The party that is not an agency."""
BUSY_SECONDS, IDLE_SECONDS = 0.001, 0.02


@dataclass(frozen=True)
class Case:
    """One complaint, ready to be stored."""

    id: int
    code: str
    hash: bytes
    key_id: int
    reporter: bytes
    category: str
    rule: Rule
    agencies: tuple[int, ...]
    received: bytes
    """Sealed: the complaint itself."""
    assigned: bytes
    """Sealed: why these agencies."""


class Store:
    """The database work of one worker."""

    def __init__(self) -> None:
        self._db = psycopg.connect(database_url(), autocommit=True)
        self._db.prepare_threshold = 1
        self._routing = configured_routing()

    def read(self, ids: Iterable[int]) -> list[Case]:
        """Read, decrypt, check and route rows, outside of any transaction."""
        wanted = numbers(sorted(set(ids)))
        rows = self._db.execute(tables.READ, (wanted,), binary=True).fetchall()
        return [self._case(*row) for row in rows]

    def store(self, cases: list[Case]) -> list[tuple[int, int]]:
        """Store what nobody else has; returns (party, complaint) to be told."""
        if not cases:
            return []
        ids = numbers([case.id for case in cases])
        persons = {int.from_bytes(c.reporter[:8], "big", signed=True) for c in cases}
        with self._db.pipeline():
            self._db.execute("BEGIN")
            locked = self._db.execute(tables.LOCK, (ids,), binary=True)
            self._db.execute(tables.PERSONS, (numbers(sorted(persons)),))
            hashes = pieces([case.hash for case in cases])
            same = self._db.execute(tables.SAME, (hashes,), binary=True)
            mine = {row[0] for row in locked.fetchall()}
            first = {bytes(row[0]): int(row[1]) for row in same.fetchall()}
        fresh: list[Case] = []
        doubles: list[Case] = []
        for case in cases:
            if case.id not in mine:
                continue
            known = first.setdefault(case.hash, case.id)
            (fresh if known == case.id else doubles).append(case)
        with self._db.pipeline():
            if fresh:
                self._db.execute(tables.STORE, _columns(fresh))
            if doubles:
                of = numbers([first[case.hash] for case in doubles])
                again = numbers([case.id for case in doubles])
                self._db.execute(tables.DUPLICATES, (again, of))
            self._db.execute("COMMIT")
        return [(p, case.id) for case in fresh for p in (*case.agencies, REPORTER)]

    def _case(
        self,
        row_id: int,
        code: str,
        content_hash: bytes,
        key_id: int,
        wrapped: bytes,
        sealed: bytes,
    ) -> Case:
        key = open_key(key_id, wrapped)
        raw = unseal(key, b"raw|%d" % row_id, sealed)
        complaint = Complaint.model_validate_json(raw)
        rule = self._routing.of(complaint.category.code, complaint.region.code)
        why = json.dumps({"rule": rule.name, "agencies": rule.agencies}).encode()
        words = complaint.model_dump_json().encode()
        return Case(
            id=row_id,
            code=code,
            hash=content_hash,
            key_id=key_id,
            reporter=person(complaint.reporter.email),
            category=complaint.category.code,
            rule=rule,
            agencies=tuple(int(a.removeprefix("dinas_")) for a in rule.agencies),
            received=seal(key, b"event|%d|1" % row_id, words),
            assigned=seal(key, b"event|%d|4" % row_id, why),
        )


def _columns(cases: list[Case]) -> list[Any]:
    """Pack the parameters of STORE."""
    events, cursors = [], []
    ids = iter(_uuids(sum(3 + len(case.agencies) for case in cases)))
    for case in cases:
        told: list[tuple[str, bytes | None]] = [
            ("web", case.received),
            ("rule:registration", None),
            ("rule:verify", None),
        ]
        told += [(case.rule.name, case.assigned)] * len(case.agencies)
        events += [
            (case.id, seq, next(ids), author, sealed)
            for seq, (author, sealed) in enumerate(told, 1)
        ]
        cursors += [(case.id, party, b"", len(told)) for party in case.agencies]
        cursors.append((case.id, REPORTER, case.reporter, len(told)))
    of, seqs, event_ids, authors, sealed = zip(*events, strict=True)
    cursor_of, parties, recipients, targets = zip(*cursors, strict=True)
    case_ids = numbers([case.id for case in cases])
    return [
        case_ids,
        texts([case.code for case in cases]),
        pieces([case.reporter for case in cases]),
        texts([case.category for case in cases]),
        numbers([3 + len(case.agencies) for case in cases], INT4),
        numbers([case.key_id for case in cases]),
        numbers(of),
        numbers(seqs, INT4),
        pieces(event_ids, UUID),
        texts(authors),
        pieces(sealed),
        numbers(cursor_of),
        numbers(parties, INT4),
        pieces(recipients),
        numbers(targets, INT4),
        case_ids,
    ]


def _uuids(count: int) -> list[bytes]:
    """Make ids of version 7: ordered by time, the rest random."""
    moment = (time_ns() // 1_000_000).to_bytes(6, "big")
    random = os.urandom(10 * count)
    found = []
    for at in range(0, 10 * count, 10):
        a, b, c = random[at], random[at + 1], random[at + 2]
        head = bytes((0x70 | a & 15, b, 0x80 | c & 63))
        found.append(moment + head + random[at + 3 : at + 10])
    return found


class Teller:
    """Publishes hints with exact confirms; a batch goes out in one write."""

    def __init__(self, counter: int) -> None:
        self._counter = counter
        self._connection = Connection(broker_url())
        self._channel = self._connection.channel()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._under_way: dict[int, int] = {}
        self._tag = self._confirmed = 0

    def tell(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Publish lists of complaints, a lane per party."""
        lanes: dict[int, list[int]] = defaultdict(list)
        for party, complaint in pairs:
            lanes[party].append(complaint)
        transport = self._connection.connection.transport
        written: list[bytes] = []
        # Private to py-amqp: a write per message would cost the broker as much again.
        write, transport._write = transport._write, lambda b: written.append(bytes(b))
        try:
            for party, ids in lanes.items():
                for at in range(0, len(ids), PER_HINT):
                    self._publish(lane_of(party), ids[at : at + PER_HINT])
        finally:
            transport._write = write
        write(b"".join(written))

    def collect(self, seconds: float) -> None:
        """Take the confirms that come within a time."""
        while self._under_way:
            try:
                self._connection.drain_events(timeout=seconds)
            except TimeoutError:
                return

    def _publish(self, lane: str, ids: list[int]) -> None:
        self._tag += 1
        self._under_way[self._tag] = len(ids)
        body = json.dumps(ids, separators=(",", ":")).encode()
        message = self._channel.prepare_message(body, properties={"delivery_mode": 2})
        self._channel.basic_publish(message, "", lane)

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp calls so
        tags = [t for t in self._under_way if t <= tag] if multiple else [tag]
        self._confirmed += sum(self._under_way.pop(t) for t in tags)
        os.pwrite(self._counter, struct.pack("q", self._confirmed), 0)


def lane_of(party: int) -> str:
    """Name the queue of a party."""
    return "deliver.reporter" if party == REPORTER else f"deliver.{party}"


def main() -> None:
    """Work until told to end."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    counter = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    store, teller = Store(), Teller(counter)
    taken: list[Any] = []
    per_batch = BATCH // PER_HINT
    connection = Connection(broker_url())
    channel = connection.channel()
    Consumer(
        channel,
        [Queue(INTAKE, no_declare=True)],
        on_message=taken.append,
        prefetch_count=2 * per_batch,
        auto_declare=False,
    ).consume()
    while True:
        while len(taken) < per_batch:
            try:
                connection.drain_events(timeout=BUSY_SECONDS if taken else IDLE_SECONDS)
            except TimeoutError:
                break
        messages, taken[:] = taken[:per_batch], taken[per_batch:]
        if messages:
            ids = (int(one) for m in messages for one in json.loads(m.body))
            teller.tell(store.store(store.read(ids)))
            channel.basic_ack(messages[-1].delivery_tag, multiple=True)
        teller.collect(0.00001)


if __name__ == "__main__":
    main()
