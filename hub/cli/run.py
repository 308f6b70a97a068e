"""`simpul run`: the hub, or some of its roles, until it is told to stop."""

import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import Failed
from hub.cli.output import print_json, say
from hub.cli.session import common, read_settings

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.settings import Settings


class Bell:
    """Rung by SIGINT and SIGTERM; keeps which of them came first."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self.signal = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ring)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signal = self.signal or number
        self._rung.set()

    def wait(self) -> None:
        """Wait until it rings."""
        self._rung.wait()


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the HTTP door; 0 takes any."
)
@click.option(
    "--only",
    metavar="ROLE[,ROLE]",
    default="",
    help="Some of web, mail, intake, updates, deliver, poll, schedule.",
)
@common
def run(port: int | None, only: str, data_dir: Path | None, *, as_json: bool) -> int:
    """Start the hub; Ctrl-C ends it.

    Without --only everything runs in this process, and database and key ring are made
    on first start. With --only any number of processes share the work.
    """
    from hub.bootstrap import build_hub
    from hub.bootstrap.roles import read_roles
    from hub.telemetry import configure_logging

    given: dict[str, Any] = {} if port is None else {"server": {"port": port}}
    settings = read_settings(data_dir, **given)
    roles = read_roles(
        only, on_rabbitmq=settings.on_rabbitmq, embedded=settings.is_embedded
    )
    configure_logging(settings.log_format, settings.log_level)
    bell = Bell()
    hub = build_hub(settings, roles=roles)
    _start(hub, settings)
    try:
        _introduce(hub, settings, as_json=as_json)
        bell.wait()
        say("Stopping; a second or two for what runs.")
    finally:
        hub.stop()
    say("Stopped.")
    return 130 if bell.signal == signal.SIGINT else 0


def _start(hub: "Hub", settings: "Settings") -> None:
    try:
        hub.start()
    except OSError as error:
        with suppress(RuntimeError):  # what had not begun cannot be ended
            hub.stop()
        server = settings.server
        place = f"{server.host}:{server.port}"
        if server.metrics_port is not None:
            place += f", metrics {server.metrics_host}:{server.metrics_port}"
        msg = (
            f"the doors do not open (HTTP {place}): {error.strerror or error}; "
            "is another hub running? Choose another --port"
        )
        raise Failed(msg) from error


def _introduce(hub: "Hub", settings: "Settings", *, as_json: bool) -> None:
    where = {
        "roles": sorted(hub.roles),
        "http": hub.http_url,
        "smtp": hub.smtp_address,
        "metrics": f"{hub.metrics_url}/metrics" if hub.metrics_url else "",
        "data_dir": str(settings.data_dir.absolute()),
    }
    if as_json:
        print_json(where)
    say(f"Roles    {', '.join(where['roles'])}")
    say(f"HTTP     {where['http'] or 'off'}")
    say(f"SMTP     {where['smtp'] or 'off'}")
    say(f"Metrics  {where['metrics'] or 'off'}")
    say(f"Data     {where['data_dir']}")
    say("Ctrl-C stops it. In another terminal: simpul stats")
