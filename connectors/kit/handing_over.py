"""Rows: a complaint is handed over, and later events are told."""

from connectors.contract import NotFound, Skipped
from connectors.errors import Misconfigured
from connectors.kit.bench import Bench, Tried, error_of
from connectors.kit.proxy import Break, reachable
from connectors.kit.row import Outcome, Verdict, judged, outcome, unsupported, untried
from connectors.kit.sample import (
    PICTURE,
    SAMPLE,
    hand_over,
    later_events,
    sample_event,
    told,
)

LONG_CHARACTERS = 10_000
CONNECT_SECONDS = 5.0
PATIENCE = 0.5
"""Share of the deadline that an ordinary answer may take."""
NO_CASE = "no complaint could be handed over before: mend the row `create` first"
ODD = "Jalan “Ki Hajar” — ✓ é ñ 漢字 🚧 <b>&amp;</b> \\ \" ' \t selesai"


def reach(bench: Bench) -> Outcome:
    """Somebody listens at the address."""
    settings = bench.manifest.settings
    relay = f"smtp://{settings['relay']}" if bench.mail is not None else ""
    address = bench.base_url or relay or str(settings.get("url", ""))
    if not address:
        return untried("the system has no address; `create` shows it")
    why = reachable(address, CONNECT_SECONDS)
    return judged(not why, why or "a connection was taken")


def create(bench: Bench) -> Outcome:
    """The complaint is taken and a reference comes back."""
    delivery = hand_over(bench.manifest, bench.sample or SAMPLE)
    tried = bench.submit(delivery)
    bench.notes["seconds"] = tried.seconds
    if tried.reference:
        writes = [
            one for one in tried.exchanges if not one["request"].startswith("GET ")
        ]
        bench.notes |= {
            "reference": tried.reference,
            "delivery": delivery,
            "writes": len(writes),
        }
    return judged(bool(tried.reference), "", tried)


def in_time(bench: Bench) -> Outcome:
    """An ordinary answer leaves room below the deadline."""
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    limit = bench.manifest.limits.deadline_seconds * PATIENCE
    took = bench.notes["seconds"]
    said = f"answered after {took:.2f} s; half of the deadline is {limit:.2f} s"
    return judged(took <= limit, said)


def create_again(bench: Bench) -> Outcome:
    """The same key twice has one effect."""
    if not bench.system.capabilities.honours_key:
        return unsupported("agency.toml does not declare that our key is honoured")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    reference = bench.notes["reference"]
    before = _count(bench, reference)
    tried = bench.submit(bench.notes["delivery"])
    after = _count(bench, reference)
    said = f"cases before {before}, after {after}" if before is not None else ""
    return judged(tried.reference == reference and before == after, said, tried)


def look_up(bench: Bench) -> Outcome:
    """A case is found by our key, and one that there is not is not."""
    if not bench.system.capabilities.finds:
        return unsupported("agency.toml declares no look-up by our key")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    delivery = bench.notes["delivery"]
    there = bench.find(delivery)
    nowhere = bench.find(hand_over(bench.manifest, SAMPLE))
    good = isinstance(nowhere.ended, NotFound)
    good = good and there.reference == bench.notes["reference"]
    return judged(
        good, "first a key that is there, then one that is not", there, nowhere
    )


def credentials(bench: Bench) -> Outcome:
    """Who does not prove who calls is turned away."""
    if bench.mail is not None:
        return unsupported("a mailbox takes mails of anybody; see answer_forged")
    if bench.proxy is None:
        return untried("the system has no HTTP address")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    bench.proxy.stripped = False
    bench.proxy.next_call(Break.NOBODY)
    tried = bench.submit(hand_over(bench.manifest, SAMPLE))
    bench.proxy.next_call(None)
    if not bench.proxy.stripped:
        return untried("nothing in the call proves who calls")
    refused = isinstance(tried.error, Misconfigured)
    return judged(refused, "the same call without what proves who we are", tried)


def anonymous(bench: Bench) -> Outcome:
    """A complaint without a reporter is taken."""
    known = {k: v for k, v in SAMPLE.items() if k != "reporter"}
    return _taken(bench, known, "no reporter's name, address or number is in it")


def confidential(bench: Bench) -> Outcome:
    """A confidential complaint is taken, and the agency can see that it is one."""
    if "confidential" not in bench.manifest.allow:
        return unsupported(
            "`confidential` is not in `allow`: the agency cannot know it"
        )
    return _taken(bench, {**SAMPLE, "confidential": True}, "`confidential` is true")


def long_text(bench: Bench) -> Outcome:
    """The longest text is taken."""
    body = ("Lampu jalan padam. " * LONG_CHARACTERS)[:LONG_CHARACTERS]
    said = f"a text of {LONG_CHARACTERS} characters"
    return _taken(bench, {**SAMPLE, "body": body}, said)


def unicode_text(bench: Bench) -> Outcome:
    """Any characters are taken."""
    complaint = {**SAMPLE, "title": ODD, "body": ODD}
    return _taken(bench, complaint, "quotes, accents, Chinese, an emoji, markup")


def attachment(bench: Bench) -> Outcome:
    """A picture reaches the agency."""
    if bench.system.capabilities.files != "upload":
        how = bench.system.capabilities.files
        return unsupported(f"files reach the agency as: {how}")
    if "attachments" not in bench.manifest.allow:
        return unsupported("`attachments` is not in `allow`")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    delivery = hand_over(bench.manifest, SAMPLE, files=(PICTURE,))
    tried = bench.submit(delivery)
    return judged(bool(tried.reference), f"{PICTURE.name}, a picture", tried)


def events(bench: Bench) -> Outcome:
    """Every kind of later event is taken."""
    found = _events(bench)
    return found if isinstance(found, Outcome) else _all_taken(found)


def _events(bench: Bench) -> Outcome | list[tuple[str, Tried]]:
    if not bench.system.capabilities.sends:
        return unsupported("agency.toml declares no way to tell of later events")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    kinds = _kinds(bench)
    if not kinds:
        return unsupported("the agency wants to be told of no later event")
    reference = bench.notes["reference"]
    return [(k, bench.send(told(bench.manifest, reference, k))) for k in kinds]


def _kinds(bench: Bench) -> list[str]:
    takes = bench.system.capabilities.takes
    told_of = later_events(bench.manifest)
    return [kind for kind in told_of if takes is None or kind in takes]


def _all_taken(found: list[tuple[str, Tried]]) -> Outcome:
    bad = [(kind, tried) for kind, tried in found if tried.error is not None]
    skipped = [kind for kind, tried in found if isinstance(tried.ended, Skipped)]
    taken = len(found) - len(bad) - len(skipped)
    said = f"taken {taken} of {len(found)}: {', '.join(kind for kind, _ in found)}"
    if skipped:
        said += f"; passed over: {', '.join(skipped)}"
    if bad:
        said += f"; not taken: {', '.join(kind for kind, _ in bad)}"
    shown = [tried for _, tried in bad] or [found[0][1]]
    return judged(not bad, said, *shown)


def events_together(bench: Bench) -> Outcome:
    """Several events in one call are taken."""
    if not bench.system.capabilities.coalesces:
        return unsupported("each event is a call of its own")
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    kinds = _kinds(bench)
    if not kinds:
        return unsupported("the agency wants to be told of no later event")
    delivery = told(bench.manifest, bench.notes["reference"], kinds[0])
    many = tuple(sample_event(kind) for kind in (kinds * 3)[:3])
    tried = bench.send(delivery.model_copy(update={"events": many}))
    return judged(tried.error is None, f"{len(many)} events", tried)


def _taken(bench: Bench, complaint: dict[str, object], said: str) -> Outcome:
    if "reference" not in bench.notes:
        return untried(NO_CASE)
    tried = bench.submit(hand_over(bench.manifest, complaint))
    if isinstance(tried.ended, Skipped):
        return outcome(Verdict.NOT_SUPPORTED, tried.ended.why, tried)
    error = error_of(tried)
    return judged(error is None and bool(tried.reference), said, tried)


def _count(bench: Bench, reference: str) -> int | None:
    return bench.officer.count(reference) if bench.officer else None
