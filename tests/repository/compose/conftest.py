"""Secrets as the composition has them."""

import subprocess
from pathlib import Path

import pytest

from tests.repository.compose.files import (
    PARTS,
)


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as secrets.sh makes it."""
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    subprocess.run([PARTS / "secrets.sh", folder], check=True, capture_output=True)
    return folder
