"""What all peers do with one complaint: its model, its routing, its rows.

Imports nothing of the hub, so that a peer's process is as small as its user's.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, Field

TAKEN, NEXT = "complaints", "ready"
"""The queue that a peer consumes, and the one that it publishes to."""
CATEGORIES, REGIONS = 25, 8


class Code(BaseModel):
    """A code out of a named list."""

    scheme: str = Field(max_length=40)
    code: str = Field(min_length=1, max_length=80)


class Place(BaseModel):
    """Where it happened."""

    text: str = Field(default="", max_length=500)
    landmark: str = Field(default="", max_length=200)
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class Person(BaseModel):
    """Who complains."""

    name: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")
    phone: str = Field(default="", max_length=32, pattern=r"^[+0-9 ().\-]*$")


class Complaint(BaseModel):
    """The message."""

    key: str = Field(min_length=8, max_length=255)
    """The same for every repetition of the message."""
    type: Literal["complaint", "request", "information"] = "complaint"
    title: str = Field(min_length=1, max_length=255)
    body: str = Field(min_length=1, max_length=10_000)
    language: str = Field(default="id", max_length=8)
    region: Code
    place: Place = Place()
    category: Code
    reporter: Person


class Next(BaseModel):
    """What the next stage is told: whom the complaint concerns."""

    complaint_id: UUID
    parties: list[str]


@dataclass(frozen=True)
class Rule:
    """Who is responsible, and who is informed."""

    name: str
    agencies: tuple[str, ...]


class Routing:
    """A rule by category and region, else by category alone."""

    def __init__(self, parties: int) -> None:
        self._rules: dict[tuple[str, str], Rule] = {}
        for n in range(parties):
            key = (category(n), region(n // CATEGORIES))
            self._rules.setdefault(key, _rule(f"aturan.{n}", n, parties, cc=n % 2 == 0))
        self._rest = {
            category(n): _rule(f"sisa.{n}", n * 2, parties, cc=n % 2 == 0)
            for n in range(CATEGORIES)
        }

    def of(self, category_code: str, region_code: str) -> Rule:
        """Find the rule of a complaint; an unknown category is a KeyError."""
        found = self._rules.get((category_code, region_code))
        return found or self._rest[category_code]


def category(n: int) -> str:
    """Name the n-th category."""
    return f"kategori-{n % CATEGORIES}"


def region(n: int) -> str:
    """Give the code of the n-th region."""
    return f"99.0{n % REGIONS + 1}"


def _rule(name: str, n: int, parties: int, *, cc: bool) -> Rule:
    first = f"dinas_{n % parties}"
    return Rule(name, (first, f"dinas_{(n + 7) % parties}") if cc else (first,))


class Rows:
    """The rows of one complaint, as parameters of the stores' statements."""

    def __init__(self, complaint: Complaint, routing: Routing) -> None:
        rule = routing.of(complaint.category.code, complaint.region.code)
        self.id = uuid4()
        self.key = complaint.key
        self.complaint = (
            self.id,
            self.id.hex[:9].upper(),
            "assigned",
            complaint.category.code,
            complaint.region.code,
            complaint.title,
            complaint.body,
            complaint.place.model_dump_json(),
            complaint.reporter.model_dump_json(),
        )
        self.events = [
            (self.id, seq, uuid4(), kind, author, status)
            for seq, (kind, author, status) in enumerate(_happened(rule), 1)
        ]
        self.legs = [
            (self.id, agency, "cc" if n else "main", "assigned")
            for n, agency in enumerate(rule.agencies)
        ]
        self.parties = [*rule.agencies, "reporter:email"]
        self.cursors = [
            (self.id, party, f"deliver.{party}", 0, len(self.events))
            for party in self.parties
        ]

    def next(self) -> Next:
        """Make the message for the next stage."""
        return Next(complaint_id=self.id, parties=self.parties)


def _happened(rule: Rule) -> Iterator[tuple[str, str, str]]:
    yield "received", "web", "received"
    yield "registered", "rule:registration", "registered"
    yield "verified", "rule:verify", "verified"
    for _ in rule.agencies:
        yield "assigned", rule.name, "assigned"


TABLES = """
CREATE TABLE seen (key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE complaint (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE,
    status text NOT NULL,
    category text NOT NULL,
    region text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    place text NOT NULL,
    reporter text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE event (
    complaint_id uuid NOT NULL,
    seq int NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    author text NOT NULL,
    status_after text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (complaint_id, seq));
CREATE TABLE leg (
    complaint_id uuid NOT NULL,
    agency text NOT NULL,
    role text NOT NULL,
    status text NOT NULL,
    PRIMARY KEY (complaint_id, agency));
CREATE TABLE cursor (
    complaint_id uuid NOT NULL,
    party text NOT NULL,
    lane text NOT NULL,
    delivered_seq int NOT NULL,
    target_seq int NOT NULL,
    due_at timestamptz DEFAULT now(),
    PRIMARY KEY (complaint_id, party));
CREATE INDEX ON cursor (lane, due_at) WHERE due_at IS NOT NULL;
"""
COUNTED = ("seen", "complaint", "event", "leg", "cursor")


def database_url() -> str:
    """Where the rows go; for psycopg and asyncpg alike."""
    return os.environ["BENCH_DATABASE_URL"]


def broker_url() -> str:
    """Where the queues are."""
    return os.environ["BENCH_BROKER_URL"]


def configured_routing() -> Routing:
    """Make the routing of this run."""
    return Routing(int(os.environ.get("BENCH_PARTIES", "50")))


def payload(key: str, request: dict[str, Any]) -> dict[str, Any]:
    """Make the message that carries a request."""
    return {"key": key, **request}
