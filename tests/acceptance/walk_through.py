"""Running a document: its commands in one shell, and what they say."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"
"""In a document: whatever stands there; on a line of its own, any lines."""
MARK = "@@ended@@"


@dataclass(frozen=True)
class Step:
    """A command of a document, and what the document says that it says."""

    command: str
    says: str

    def fits(self, said: str) -> bool:
        """Tell whether it said so; spaces at the ends of lines do not count."""
        pattern = re.escape(_stripped(self.says)).replace("\\\n", "\n")
        pattern = pattern.replace(f"\n{LEFT_OUT}\n", r"\n(?:[^\n]*\n)*?")
        pattern = pattern.replace(LEFT_OUT, ".*?")
        return re.fullmatch(pattern, _stripped(said), re.DOTALL) is not None


def steps_of(document: str) -> list[Step]:
    """Read the commands of every console block, in order."""
    found = []
    for block in BLOCK.findall(document):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, says = part.partition("\n")
            found.append(Step(command, says))
    return found


def said_by(
    steps: list[Step], *, folder: Path, variables: Mapping[str, str], seconds: float
) -> list[str]:
    """Run commands in one shell; returns what each said, as far as it came."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SIMPUL_")}
    program = folder / "bin" / "simpul"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    lines = [f"{step.command}\necho {MARK}" for step in steps]
    with subprocess.Popen(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env={**kept, "PATH": path, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, _ = shell.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            said, _ = shell.communicate()
        finally:
            with suppress(ProcessLookupError):  # what it left in the background
                os.killpg(shell.pid, signal.SIGKILL)
    return said.split(f"{MARK}\n")[:-1]


def _stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
