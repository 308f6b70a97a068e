"""Where the programs of RabbitMQ stand on this machine."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

ENVIRONMENT_VARIABLE = "SIMPUL_TEST_BROKER_URL"

# Debian puts scripts on PATH that refuse every user but root and rabbitmq; those of
# RabbitMQ itself, which serve any user, stand here.
USUAL_FOLDERS = (
    Path("/usr/lib/rabbitmq/bin"),
    Path("/opt/homebrew/opt/rabbitmq/sbin"),
    Path("/usr/local/opt/rabbitmq/sbin"),
)


class RabbitmqMissing(Exception):
    """The server programs are not installed."""

    def __init__(self) -> None:
        super().__init__(
            "RabbitMQ server programs (rabbitmq-server, rabbitmqctl, epmd) not found; "
            "type `make services` or `sudo apt-get install --no-install-recommends "
            f"rabbitmq-server`, or name a server by {ENVIRONMENT_VARIABLE}"
        )


class Programs(NamedTuple):
    """What a private node is started and steered with."""

    server: Path
    control: Path
    epmd: Path


def find_programs() -> Programs:
    """Return the programs of RabbitMQ, or raise RabbitmqMissing."""
    epmd = shutil.which("epmd")
    for folder in _program_folders():
        server, control = folder / "rabbitmq-server", folder / "rabbitmqctl"
        if epmd and os.access(server, os.X_OK) and os.access(control, os.X_OK):
            return Programs(server, control, Path(epmd))
    raise RabbitmqMissing


def _program_folders() -> list[Path]:
    folders = list(USUAL_FOLDERS)
    if program := shutil.which("rabbitmq-server"):
        # Linked from elsewhere, the other programs stand beside the real file.
        folders += [Path(program).parent, Path(program).resolve().parent]
    return folders
