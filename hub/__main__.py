"""`simpul`, also `python -m hub`: the command line of one deployment."""

import sys
from collections.abc import Sequence

import click

from hub.cli.root import simpul

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 ok, 1 failed, 2 usage, 3 unhealthy, 130 Ctrl-C."""
    given = None if arguments is None else list(arguments)
    try:
        result = simpul.main(given, prog_name="simpul", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except Exception as error:
        from hub.cli.errors import one_line

        line = one_line(error)
        if line is None:
            raise
        click.echo(f"Error: {line}", err=True)
        return FAILED
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
