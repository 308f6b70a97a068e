"""A broker behind TLS that asks for our certificate, too."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Done
from connectors.errors import ConnectorError, Misconfigured, Retryable
from tests.contract.amqp.certificates import Authority
from tests.contract.amqp.utility import delivery, set_up, system, taken
from tests.services.ports import free_ports
from tests.services.rabbitmq import PrivateRabbitmq


@dataclass(frozen=True)
class Guarded:
    """A broker that lets in who shows the certificate, at `address`."""

    address: str
    plain: str
    authority: str
    ours: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    authority = Authority(tmp_path_factory.mktemp("tls"))
    pem = authority.give("pialang")
    (port,) = free_ports(1)
    options = {"certfile": str(pem), "keyfile": str(pem)}
    options |= {"cacertfile": str(authority.path)}
    options |= {"verify": "verify_peer", "fail_if_no_peer_cert": "true"}
    settings = {f"ssl_options.{name}": value for name, value in options.items()}
    server = PrivateRabbitmq({"listeners.ssl.1": f"127.0.0.1:{port}", **settings})
    set_up(server.url)
    address = f"amqps://guest:guest@localhost:{port}/%2F"
    ours = authority.give("simpul")
    yield Guarded(address, server.url, authority.path.read_text(), ours)
    server.stop()


def outcome(guarded: Guarded, tls: dict[str, Any]) -> Done | ConnectorError:
    with system(guarded.address, tls=tls) as ours:
        try:
            found = ours.submit(delivery())
        except ConnectorError as error:
            return error
    assert isinstance(found, Done)
    return found


def test_who_knows_the_authority_and_shows_a_certificate_is_let_in(
    guarded: Guarded,
) -> None:
    tls = {
        "authority": guarded.authority,
        "certificate_path": str(guarded.ours),
    }

    assert isinstance(outcome(guarded, tls), Done)
    assert len(taken(guarded.plain)) == 1


def test_a_broker_of_an_unknown_authority_gets_nothing(guarded: Guarded) -> None:
    found = outcome(guarded, {"certificate_path": str(guarded.ours)})

    assert isinstance(found, Misconfigured), found
    assert "certificate" in found.why
    assert taken(guarded.plain) == []


def test_without_a_certificate_of_ours_nothing_is_sent(guarded: Guarded) -> None:
    found = outcome(guarded, {"authority": guarded.authority})

    # The broker may say why, or just hang up.
    assert isinstance(found, Misconfigured | Retryable), found
    assert taken(guarded.plain) == []
