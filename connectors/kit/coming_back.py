"""Rows: the agency works on a case, and the hub hears of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.contract import HttpRequest
from connectors.kit.bench import Bench
from connectors.kit.receiver import Record, read_all
from connectors.kit.row import Outcome, judged, unsupported, untried
from connectors.kit.strange import with_strange_words
from schemas.agency import OrderBy
from schemas.updates import AgencyComplaint, AgencyUpdate, Corrupt

CLOCK = timedelta(minutes=5)
"""An update may be stated this far from now."""
NOTE = "Catatan uji dari bangku uji Simpul."
NO_WAY = "agency.toml declares no way back: no push, no poll"
NOTHING = "nothing came back before: mend the row `status_back` first"


def status_back(bench: Bench) -> Outcome:
    """Every status word is worked through, and each comes back with its meaning."""
    able = bench.system.capabilities
    ways = [*(["push"] if able.pushes else []), *([able.polls] if able.polls else [])]
    if not ways:
        return unsupported(NO_WAY)
    if "reference" not in bench.notes:
        return untried("no complaint could be handed over before")
    if bench.officer is None:
        return untried("nobody works in the agency's system: --officer ask")
    reference, words = bench.notes["reference"], bench.words()
    if not words:
        return untried("nobody can say which status words the agency has")
    since = len(bench.receiver.raws)
    found = _worked_through(bench, reference, words, since)
    bench.notes |= {"records": found, "since": since}
    mine = _of(found, reference)
    heard = {update.event_type for update in mine}
    missing = {event for _, event in words if event} - heard
    good = bool(mine) and not missing and len(mine) >= len(words)
    lines = [f"{update.raw_status}: {update.event_type}" for update in mine]
    lines += [f"not heard of: {event}" for event in sorted(missing)]
    lines += [f"turned away at the door: {one}" for one in bench.receiver.refused]
    return judged(good, f"by {' and '.join(ways)}; " + "; ".join(lines))


def _worked_through(
    bench: Bench, reference: str, words: Sequence[tuple[str, str]], since: int
) -> list[Record]:
    """Give the case every status; returns what the hub read meanwhile.

    Whoever is asked shows a case as it stands: the next step waits for the last.
    """
    assert bench.officer is not None  # noqa: S101 - asked by the caller
    found: list[Record] = []
    is_asked = bool(bench.system.capabilities.polls)
    timed = bench.manifest.order_by is OrderBy.TIME
    for number, (word, _) in enumerate(words, start=1):
        time.sleep(bench.step_seconds if timed and number > 1 else 0)
        bench.officer.act(reference, word, NOTE)
        if not is_asked and number < len(words):
            continue
        found = bench.receiver.wait_for(
            _Enough(reference, [word for word, _ in words[:number]]),
            since=since,
            seconds=bench.wait_seconds,
            references=[reference],
        )
    return found


@dataclass(frozen=True)
class _Enough:
    """Every word that a case was given was heard of.

    Steps are not counted: a product may tell of how a case began, too.
    """

    reference: str
    words: Sequence[str]

    def __call__(self, records: Sequence[Record]) -> bool:
        mine = _of(records, self.reference)
        heard = {update.raw_status for update in mine}
        if heard.isdisjoint(
            self.words
        ):  # it tells names of what our table has by codes
            return len({_mark(update) for update in mine}) >= len(self.words)
        return heard.issuperset(self.words)


def words_known(bench: Bench) -> Outcome:
    """No word comes that the table does not have."""
    return _no_corrupt(bench, "unmapped_status", "status words without a meaning")


def readable_records(bench: Bench) -> Outcome:
    """Every record can be read."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    corrupt = [one for one in found if isinstance(one, Corrupt)]
    bad = sorted({one.why for one in corrupt if one.code != "unmapped_status"})
    return judged(not bad, "; ".join(bad) or f"{len(found)} records were read")


def told_once(bench: Bench) -> Outcome:
    """Each step is told once; who is asked may say again what is so still."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    seen = [_mark(u) for u in _updates(found)]
    twice = len(seen) - len(set(seen))
    said = f"{len(seen)} updates, {twice} of them repetitions"
    if not bench.system.capabilities.pushes:
        return judged(True, f"{said}; the hub asks, and knows them")  # noqa: FBT003
    return judged(not twice, said)


def told_in_order(bench: Bench) -> Outcome:
    """Steps are told in the order in which they were done."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    mine = _first_told(_of(found, bench.notes["reference"]))
    said = "came as: " + ", ".join(u.raw_status for u in mine)
    return judged(_is_in_order(mine, bench.words()), said)


def _is_in_order(
    updates: Sequence[AgencyUpdate], words: Sequence[tuple[str, str]]
) -> bool:
    """Tell whether updates follow the order of work.

    A word that is not ours stands where its meaning does: a platform may tell the name
    of what its table knows by a code.
    """
    ours = {word for word, _ in words}
    reached = 0
    for update in updates:
        by_word = update.raw_status in ours
        places = [
            place
            for place, (word, event) in enumerate(words)
            if (update.raw_status == word if by_word else update.event_type == event)
        ]
        if places and max(places) < reached:
            return False
        reached = min((one for one in places if one >= reached), default=reached)
    return True


def clock_right(bench: Bench) -> Outcome:
    """The agency's clock and zone are right."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    times = [u.occurred_at for u in _updates(found) if u.occurred_at]
    if not times:
        return unsupported("updates state no time; they count from their arrival")
    off = max((abs(at - datetime.now(UTC)) for at in times), default=timedelta())
    return judged(off <= CLOCK, f"furthest from our clock: {off.total_seconds():.0f} s")


def repetition_known(bench: Bench) -> Outcome:
    """An update that comes again can be told from a new one."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    updates = _updates(found)
    bare = [u for u in updates if not (u.event_id or u.occurred_at or u.sequence)]
    again = bench.receiver.records(bench.notes["since"])
    said = f"{len(updates)} updates; without number, id and time: {len(bare)}"
    return judged(bool(updates) and again == found and not bare, said)


def order_known(bench: Bench) -> Outcome:
    """Updates that overtake each other can be put in order."""
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    by = bench.manifest.order_by
    if by is OrderBy.ARRIVAL:
        return unsupported('order_by is "arrival": what comes later counts as later')
    updates = _of(found, bench.notes["reference"])
    places = [_place(u, by) for u in updates]
    good = bool(updates) and None not in places and len(set(places)) >= _steps(updates)
    said = f"ordered by {by}: {len(set(places))} places for {_steps(updates)} steps"
    return judged(good, said)


def unmapped_word(bench: Bench) -> Outcome:
    """A word that nobody mapped is set aside with its reason, its neighbours go on."""
    if bench.mail is not None:
        return unsupported("a mail is words of a person: see answer_wrong")
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    ours = {word for word, _ in bench.words()}
    ours |= {update.raw_status for update in _updates(found)}
    for raw in bench.receiver.raws[bench.notes["since"] :]:
        changed = with_strange_words(raw.body, ours)
        if changed != raw.body:
            strange = raw.model_copy(update={"body": changed})
            read = read_all(bench.system, strange)
            codes = sorted({c.code for c in read if isinstance(c, Corrupt)})
            said = f"read as: {', '.join(codes) or 'an update'}"
            return judged("unmapped_status" in codes, said)
    return untried("no message has a status word that could be changed")


def forged(bench: Bench) -> Outcome:
    """Who cannot sign is turned away at the door."""
    doors = bench.system.doors()
    if not doors:
        mail = ": see answer_forged" if bench.mail is not None else ""
        return unsupported(f"the system has no HTTP door{mail}")
    answers = []
    for door in doors:
        request = HttpRequest(
            method=door.method,
            path=door.path,
            query={},
            headers={"content-type": "application/json"},
            body=b'{"items": []}',
        )
        answers.append(getattr(door.read(request), "status", 202))
    good = all(status in (401, 403) for status in answers)
    return judged(good, f"an update without a signature was answered {answers}")


def snapshot(bench: Bench) -> Outcome:
    """The agency says how a case stands when it is asked."""
    if not bench.system.capabilities.snapshots:
        return unsupported("the system cannot be asked how its cases stand")
    if "reference" not in bench.notes:
        return untried("no complaint could be handed over before")
    reference = bench.notes["reference"]
    tried = bench.call(
        lambda _: list(bench.system.snapshot([reference])), bench.notes["delivery"]
    )
    views = tried.ended or []
    good = any(view.reference == reference and view.present for view in views)
    return judged(good, f"{len(views)} views")


def originates(bench: Bench) -> Outcome:
    """Complaints that begin in the agency's own system come to the hub."""
    if not bench.system.capabilities.originates:
        return unsupported("complaints do not begin in this system")
    asked = bench.officer is not None and bench.officer.begin()
    every = bench.receiver.wait_for(
        lambda found: bool(_born(found)),
        since=0,
        seconds=bench.wait_seconds if asked else 0,
    )
    born = len(_born(every))
    if not asked and not born:
        return untried("file a complaint in the agency's system while the suite runs")
    return judged(born > 0, f"{born} came")


def _born(records: Sequence[Record]) -> list[AgencyComplaint]:
    return [one for one in records if isinstance(one, AgencyComplaint)]


def _heard(bench: Bench) -> Outcome | list[Record]:
    able = bench.system.capabilities
    if not (able.pushes or able.polls):
        return unsupported(NO_WAY)
    records: list[Record] = bench.notes.get("records", [])
    return records or untried(NOTHING)


def _no_corrupt(bench: Bench, code: str, what: str) -> Outcome:
    found = _heard(bench)
    if isinstance(found, Outcome):
        return found
    bad = [c for c in found if isinstance(c, Corrupt) and c.code == code]
    return judged(not bad, f"{what}: {len(bad)} of {len(found)} records")


def _updates(records: Sequence[Record]) -> list[AgencyUpdate]:
    return [one for one in records if isinstance(one, AgencyUpdate)]


def _of(records: Sequence[Record], reference: str) -> list[AgencyUpdate]:
    return [one for one in _updates(records) if one.reference == reference]


def _first_told(updates: Sequence[AgencyUpdate]) -> list[AgencyUpdate]:
    """Keep the first telling of each step: a repetition comes when it comes."""
    return list({_mark(one): one for one in reversed(updates)}.values())[::-1]


def _mark(update: AgencyUpdate) -> tuple[object, ...]:
    if update.event_id:
        return (update.event_id,)
    return update.reference, update.raw_status, update.occurred_at, update.sequence


def _place(update: AgencyUpdate, by: OrderBy) -> object:
    return update.sequence if by is OrderBy.SEQUENCE else update.occurred_at


def _steps(updates: Sequence[AgencyUpdate]) -> int:
    return len({_mark(u) for u in updates})
