"""A town for each scenario."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.scenarios.town import Town, open_town


@pytest.fixture
def town(postgres_url: str, rabbitmq_url: str, tmp_path: Path) -> Iterator[Town]:
    """Open a town on a database and a virtual host of its own."""
    with open_town(tmp_path, postgres_url, rabbitmq_url) as found:
        yield found
