"""`simpul demo`: the whole way of some complaints, to be seen."""

import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import click

from hub.cli.ending import Ending, TerminatedError

FAILED, TERMINATED = 1, 143


@click.command("demo")
@click.option("--exit", "ends", is_flag=True, help="End by itself when all is in step.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON line."
)
@click.option("--seed", type=int, help="Repeat a run: same texts, same faults.")
@click.option(
    "--port", type=int, default=0, help="Port of the HTTP door (0: any free)."
)
def demo_command(ends: bool, as_json: bool, seed: int | None, port: int) -> int:  # noqa: FBT001 - click's way
    """Show six complaints going to four agencies and back; one agency is broken.

    Ctrl-C and SIGTERM end it and leave nothing behind.
    """
    from hub.telemetry import configure_logging

    configure_logging("json", "ERROR")
    stay = not ends and sys.stdin.isatty()
    live = sys.stdout.isatty() and not as_json
    try:
        return _demonstrate(port, seed, live=live, stay=stay)
    except TerminatedError:
        click.echo("Stopped.", err=True)
        return TERMINATED


def _demonstrate(port: int, seed: int | None, *, live: bool, stay: bool) -> int:
    from hub.cli.play import playing

    with (
        Ending() as ending,
        tempfile.TemporaryDirectory(prefix="simpul-demo-") as folder,
        playing(Path(folder), port, seed) as play,
        ending.breakable(),
    ):
        show = _Live(play) if live else _Lines(play)
        try:
            failure = _act(play, show)
            result = play.result()
        finally:
            show.end()
        if failure:
            click.echo(f"demo: {failure}", err=True)
        click.echo(json.dumps(result))
        if stay:
            _stay(play)
    good = result["in_step"] and not result["lost"] and not result["duplicated"]
    return 0 if good and not failure else FAILED


def _act(play: Any, show: Any) -> str:
    show.start()
    try:
        play.write()
        play.reply()
        play.wait_for_dead_letter()
        play.mend()
        play.settle()
    except TimeoutError as error:
        return str(error)
    return ""


def _stay(play: Any) -> None:
    http, smtp = play.hub.http_url, play.hub.smtp_address
    click.echo(
        f"""
The hub stays up; try it by hand, Ctrl-C ends it and leaves nothing behind.
  web    curl {http}/api/v1/complaints -H 'Content-Type: application/json' \\
           -H "Idempotency-Key: coba-$RANDOM-$RANDOM" \\
           -d '{{"title": "Jalan berlubang", "body": "Mohon ditambal."}}'
  sms    curl {http}/channels/sms/gateway \\
           -H 'Authorization: Bearer {play.region.sms.secret}' \\
           -d id=coba-$RANDOM -d from=081200000001 -d to=1708 \\
           -d text='LAPOR lampu jalan mati'
  mail   printf 'Subject: Jalan rusak\\n\\nMohon diperbaiki.\\n' | curl smtp://{smtp} \\
           --mail-from warga@example.org --mail-rcpt lapor@simpul.example -T -
  track  curl {http}/t/CODE
""",
        err=True,
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("ended", err=True)


class _Lines:
    """Without a terminal: a line for each step, on stderr."""

    def __init__(self, play: Any) -> None:
        self._play = play
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        said = ""
        while not self._stop.wait(0.1):
            if self._play.step != said:
                said = self._play.step
                click.echo(f"{self._play.seconds:5.1f} s  {said}", err=True)


class _Live(_Lines):
    """With a terminal: the real state of the hub, redrawn until the end."""

    def _run(self) -> None:
        from rich.console import Console, Group
        from rich.live import Live

        with Live(console=Console(), refresh_per_second=6) as live:
            while True:
                last = self._stop.wait(0.15)
                live.update(Group(*_picture(self._play)))
                if last:
                    return


def _picture(play: Any) -> list[Any]:
    from rich.table import Table
    from rich.text import Text

    queries = play.hub.store.queries
    cases = Table(title="Complaints", expand=True)
    for name in ("number", "channel", "status", "who has it"):
        cases.add_column(name)
    for row in reversed(queries.complaints(limit=12)):
        legs = ", ".join(
            f"{c['party']} {c['delivered_seq']}/{c['target_seq']} {c['state']}"
            for c in queries.cursors_of(row["id"])
        )
        cases.add_row(row["public_number"], row["channel"], row["status"], legs)
    parties = Table(title="Parties", expand=True)
    for name in ("party", "state", "breaker", "lagging", "why"):
        parties.add_column(name)
    letters = queries.dead_letters()
    for row in queries.parties():
        refused = next(
            (x["why"] for x in letters if x["party"] == row["party"]), row["why"]
        )
        style = "red" if row["lagging"] and refused else ""
        parties.add_row(
            row["party"],
            row["state"],
            row["breaker"],
            str(row["lagging"]),
            refused,
            style=style,
        )
    return [cases, parties, Text(f"{play.seconds:5.1f} s  {play.step}", style="bold")]
