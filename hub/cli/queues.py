"""`simpul queues`: hints on the broker and due work in the database, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import answer_list, say
from hub.cli.session import common, opened, read_settings

if TYPE_CHECKING:
    from hub.broker.admin import Depth
    from hub.database.backlog import Waiting
    from hub.settings import Settings

COLUMNS = ["lane", "hints", "consumers", "due", "oldest_seconds", "later"]


@click.command()
@common
def queues(data_dir: Path | None, *, as_json: bool) -> None:
    """List lanes: hint lists and consumers on RabbitMQ, due rows and their age.

    The database tells the truth; hints only wake. Many due rows beside no hints heal
    within a minute; many hints beside no consumers need a worker.
    """
    settings = read_settings(data_dir)
    from hub.database.backlog import backlog

    with opened(data_dir) as store:
        waiting = {one.lane: one for one in backlog(store.db)}
    depths = _depths(settings, sorted(waiting))
    lanes = sorted({*waiting, *depths})
    answer_list(
        [_row(lane, depths.get(lane), waiting.get(lane)) for lane in lanes],
        COLUMNS,
        as_json=as_json,
        nothing="No lane has anything waiting.",
        then="Is a party behind? simpul parties list",
    )


def _row(lane: str, depth: "Depth | None", waiting: "Waiting | None") -> dict[str, Any]:
    return {
        "lane": lane,
        "hints": depth.hints if depth else None,
        "consumers": depth.consumers if depth else None,
        "due": waiting.due if waiting else 0,
        "oldest_seconds": waiting.oldest_seconds if waiting and waiting.due else None,
        "later": waiting.later if waiting else 0,
    }


def _depths(settings: "Settings", lanes: list[str]) -> "dict[str, Depth]":
    """Look at RabbitMQ; a broker that is away leaves its columns empty, and says so."""
    if not settings.on_rabbitmq:
        return {}
    from hub.bootstrap.lanes import lanes_of
    from hub.broker.admin import BrokerUnreachableError, depths
    from hub.broker.topology import NET, Topology

    wanted = sorted({*lanes, *lanes_of(settings), NET})
    try:
        found = depths(settings.effective_broker_url, Topology(), wanted)
    except BrokerUnreachableError as error:
        say(f"{error}; the columns of the broker stay empty.")
        return {}
    return {one.lane: one for one in found}
