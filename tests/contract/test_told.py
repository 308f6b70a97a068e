"""Complaints as they came are read for the rules, on both engines."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from connectors.contract import New
from hub.database import routed
from hub.domain.agency_tree import AgencyTree
from hub.domain.categories import Categories
from hub.domain.reference import Reference
from hub.domain.registration import Entry, first_events
from hub.domain.routing import RoutingDecision
from hub.domain.workflow import Actor, ActorRole
from hub.ports import NewCase, Settled, Told
from hub.stages.act import Act, NotPossibleError, Request
from schemas.agency import AgencyManifest, Unit
from schemas.category import CategoryEntry, CategoryTable, Names
from schemas.complaint import Category, NewComplaint, Region, RegionScheme
from schemas.parties import Author, AuthorKind, ChannelName, Role
from schemas.status import Status
from tests.contract.builders import DINKES, NOON, PUPR, raw_message
from tests.contract.world import Known, World

SITI = Actor(Author(kind=AuthorKind.OPERATOR, id="cli:siti"), ActorRole.OPERATOR)
TRIAGE = RoutingDecision((), "no_rule", "no routing rule matches")
WORDS = NewComplaint(
    title="Jalan rusak",
    body="Lubang besar: 08123",
    keyword="LAPOR",
    claimed_agency="Dinas Jalan",
    category=Category(code="pekerjaan-umum"),
    region=Region(code="32.76.01"),
    channel=ChannelName.WEB,
)
BOTH = RoutingDecision(((PUPR, Role.MAIN), (DINKES, Role.CC)), "aa", "so")


def come(
    world: World, key: str, decision: RoutingDecision, words: NewComplaint = WORDS
) -> Known:
    """Let intake register a complaint that the rules placed so."""
    receipt = world.store.journal.accept(raw_message(key, key.encode()))
    reporter_id = str(uuid7())
    with world.store.journal.claim([receipt.journal_id]) as work:
        (row,) = work.rows
        entry = Entry(row.id, row.received_at, row.code, row.public_number)
        orders = {PUPR: "arrival", DINKES: "arrival"}
        item = New(complaint=words)
        events = first_events(entry, item, decision, orders, reporter_id, NOON)
        work.create(NewCase(row, words, (), events, reporter_id, ""))
        work.settle(row, Settled("done", "", "event", row.complaint_id))
    return Known(row.complaint_id, row.code, reporter_id, row.id)


def told(world: World, known: Known) -> Told:
    found = world.store.told.one(known.id)
    assert found is not None
    return found


def act(world: World, known: Known, verb: str, **given: Any) -> Status:
    request = Request(known.id, verb, SITI, str(uuid7()), **given)
    return Act(world.store.cases, REFERENCE)(request).status


def test_what_the_rules_looked_at_is_read_as_it_came(world: World) -> None:
    known = come(world, "k1", BOTH)
    act(world, known, "classify", details={"category": {"code": "kesehatan"}})

    found = told(world, known)

    assert found.complaint == WORDS
    assert (found.category, found.region) == ("kesehatan", "32.76")
    assert found.decided == ("aa", "so", (PUPR,))
    assert found.main == (PUPR,)


def test_codes_of_another_scheme_say_whose_they_are(world: World) -> None:
    codes = {
        "category": Category(scheme="jaki", code="jalan"),
        "region": Region(scheme=RegionScheme.BPS, code="91.01"),
    }
    known = come(world, "k1", TRIAGE, WORDS.model_copy(update=codes))

    found = told(world, known)

    assert (found.category, found.region) == ("jaki:jalan", "bps:91.01")


def test_what_waits_for_an_officer_is_listed_oldest_first(world: World) -> None:
    first, second = (come(world, key, TRIAGE) for key in ("k1", "k2"))
    come(world, "k3", BOTH)
    assert told(world, first).decided == ("no_rule", "no routing rule matches", ())

    assert [one.id for one in world.store.told.in_triage(9)] == [first.id, second.id]
    assert [one.id for one in world.store.told.in_triage(1)] == [first.id]

    act(world, first, "verify")
    act(world, first, "assign", agency=PUPR)
    assert [one.id for one in world.store.told.in_triage(9)] == [second.id]
    assert told(world, first).decided == ("no_rule", "no routing rule matches", ())
    assert told(world, first).main == (PUPR,)


def test_the_last_days_are_read_in_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routed, "PAGE", 2)
    old = come(world, "k0", TRIAGE)
    world.move_clock(86400 * 3)
    known = [come(world, f"k{n}", BOTH).id for n in range(1, 5)]

    pages = list(world.store.told.since(1))

    assert [len(page) for page in pages] == [2, 2, 0]
    assert [one.id for page in pages for one in page] == known
    everything = [one.id for page in world.store.told.since(9) for one in page]
    assert everything == [old.id, *known]


def test_of_what_was_erased_nothing_is_asked_any_more(world: World) -> None:
    known = come(world, "k1", TRIAGE)
    world.store.eraser.request(known.id, "cli:siti", "")
    assert world.store.eraser.erase_due() == 1

    assert told(world, known).complaint is None


def test_an_agency_that_gave_it_back_is_not_taken_for_the_right_one(
    world: World,
) -> None:
    known = come(world, "k1", BOTH)
    act(world, known, "return", agency=PUPR)
    (waits,) = world.store.told.in_triage(9)
    assert (waits.main, waits.gave_back) == ((PUPR,), (PUPR,))

    act(world, known, "take-back", agency=PUPR)
    assert (told(world, known).main, told(world, known).gave_back) == ((), (PUPR,))


def test_a_complaint_that_is_not_there_is_none(world: World) -> None:
    assert world.store.told.one(str(uuid7())) is None


# what officials name is held against reference data


def manifest(name: str, **values: Any) -> AgencyManifest:
    return AgencyManifest(name=name, title=name, system="rest", **values)


def category(code: str, **values: Any) -> CategoryEntry:
    return CategoryEntry(code=code, name=Names(id=code, en=code), **values)


ENDED = NOON.date().replace(year=2020)
REFERENCE = Reference(
    AgencyTree(
        {
            PUPR: manifest(
                PUPR,
                units=(
                    Unit(name="bina_marga", title="Bidang Bina Marga"),
                    Unit(
                        name="jalan",
                        title="Bidang Jalan",
                        valid_until=ENDED,
                        successors=("bina_marga",),
                    ),
                ),
            ),
            DINKES: manifest(DINKES, valid_until=ENDED, successors=(PUPR,)),
        }
    ),
    Categories(
        CategoryTable(
            categories=(
                category("kesehatan", also=("health",)),
                category("corona", valid_until=ENDED),
            )
        )
    ),
)


def test_a_unit_that_is_declared_is_stored_as_people_read_it(world: World) -> None:
    known = come(world, "k1", BOTH)

    act(world, known, "unit", agency=PUPR, details={"unit": "bina_marga"})

    found = world.store.queries.complaint(known.id)
    assert found is not None
    assert found["status"] == Status.ASSIGNED_UNIT
    event = world.log(known)[-1]
    assert event.facts["unit"] == "Bidang Bina Marga"


def test_an_agencys_own_word_for_a_unit_is_never_refused(world: World) -> None:
    known = come(world, "k1", BOTH)
    world.say(known, PUPR, "unit_assigned", "1", "Seksi apa saja")

    assert world.log(known)[-1].type == "unit_assigned"


@pytest.mark.parametrize(
    ("verb", "given", "why"),
    [
        ("unit", {"agency": PUPR, "details": {"unit": "x"}}, "has no unit 'x'"),
        (
            "unit",
            {"agency": PUPR, "details": {"unit": "Bidang Jalan"}},
            "jalan ended on 2020-11-24; its successors: bina_marga",
        ),
        ("assign", {"agency": DINKES}, f"its successors: {PUPR}"),
        (
            "classify",
            {"details": {"category": {"code": "corona"}}},
            "held from … to 2020-11-24",
        ),
        (
            "classify",
            {"details": {"category": {"code": "kesehatn"}}},
            "no category 'kesehatn'; there are: kesehatan",
        ),
    ],
)
def test_what_is_not_declared_or_ended_is_refused_with_what_there_is(
    world: World, verb: str, given: dict[str, Any], why: str
) -> None:
    known = come(world, "k1", RoutingDecision(((PUPR, Role.MAIN),), "aa", "so"))
    before = len(world.log(known))

    with pytest.raises(NotPossibleError, match=why):
        act(world, known, verb, **given)

    assert len(world.log(known)) == before


def test_another_code_of_a_category_becomes_its_own(world: World) -> None:
    known = come(world, "k1", BOTH)
    for given, kept in (
        ({"code": "health"}, {"scheme": "sp4n", "code": "kesehatan"}),
        ({"scheme": "jaki", "code": "x1"}, {"scheme": "jaki", "code": "x1"}),
    ):
        act(world, known, "classify", details={"category": given})
        assert world.log(known)[-1].facts["category"] == kept
