"""A client, and certificates for one test run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.protocols.http.client import HttpClient
from tests.unit.connectors.rest.certificates import Certificates, make_certificates


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder)
