"""An agency whose own system is one of these products, as the hub sees it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors import registry
from connectors.contract import Delivery, Done, EventView, File, HttpRequest, PollAsk
from connectors.kit.bench import Bench
from connectors.kit.receiver import Record, read_all
from schemas.raw import RawMessage

AGENCIES = Path(__file__).parent / "agencies"
PHOTO = File(name="lubang.png", media_type="image/png", content=b"\x89PNG lubang")


@contextmanager
def bench_of(
    name: str, environ: Mapping[str, str], folder: Path = AGENCIES
) -> Iterator[Bench]:
    """Put an agency's file on the bench: a proxy stands before the product."""
    path = folder / name / "agency.toml"
    manifest = registry.load_agency(path, environ).extra["manifest"]
    settings = {"settings": manifest.settings}
    resolved = registry.resolve_secrets(settings, environ, file=path)
    made = manifest.model_copy(update=resolved)
    with Bench(made, registry.system_maker(made.system)) as bench:
        yield bench


def delivery(key: str, reference: str = "", **fields: Any) -> Delivery:
    """Write the hand-over of a complaint with a photo."""
    complaint = {
        "public_number": "SIM-2026-0000099",
        "title": "Jalan berlubang",
        "body": "Jalan berlubang di depan pasar.",
        "place_text": "Pasar Sukamaju",
    }
    chosen = {"party": "dinas", "complaint": complaint, "events": (), "files": (PHOTO,)}
    return Delivery(**{**chosen, "key": key, "reference": reference, **fields})


def reply(key: str, reference: str, text: str) -> Delivery:
    """Write what is told of a reporter's reply."""
    event = EventView(
        event_id="e-1",
        type="reporter_replied",
        occurred_at=datetime.now(UTC),
        status="in_progress",
        notice=(text, text),
        words={"text": text},
    )
    return delivery(key, reference, events=(event,), files=())


def handed_over(bench: Bench, key: str = "kunci-1") -> str:
    """Hand a complaint over; returns the product's number of it."""
    tried = bench.submit(delivery(key))
    assert isinstance(tried.ended, Done), tried.says
    return tried.reference


class Asked:
    """A hub that asks again and again, and knows what it had."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._at: bytes | None = None
        self._seen: set[str] = set()

    def news(self) -> list[Record]:
        """Ask for every page of a round; returns the records of new messages."""
        found: list[Record] = []
        more = True
        while more:
            ask = PollAsk(self._at, datetime.now(UTC), lambda _, __: [])
            page = self._bench.system.poll(ask)
            self._at, more = page.checkpoint, page.more
            found += [r for raw in page.raws for r in self._read(raw)]
        return found

    def _read(self, raw: RawMessage) -> list[Record]:
        known = raw.source_key in self._seen
        self._seen.add(raw.source_key)
        return [] if known else read_all(self._bench.system, raw)


def push(bench: Bench, headers: Mapping[str, str], body: bytes) -> int:
    """Knock at the agency's door; returns the status of the answer."""
    (door,) = bench.system.doors()
    lower = {name.lower(): value for name, value in headers.items()}
    return bench.receiver.knock(
        HttpRequest(method="POST", path=door.path, query={}, headers=lower, body=body)
    ).status
