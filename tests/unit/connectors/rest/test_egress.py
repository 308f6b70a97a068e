"""Where calls may go: declared hosts, public or declared networks, never further."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import registry
from connectors.errors import Misconfigured
from connectors.protocols.http import deadline
from connectors.protocols.http.client import HttpClient, client_for
from connectors.protocols.http.egress import EgressGuard, Forbidden
from schemas.agency import Egress
from tests.unit.connectors.rest.builders import manifest
from tests.unit.connectors.rest.calling import post
from tests.unit.connectors.rest.servers import says, serving


def test_a_host_that_nobody_declared_is_not_called() -> None:
    guard = EgressGuard(["api.example"], [])
    with pytest.raises(Forbidden, match=r"egress\.hosts"):
        guard.permitted("other.example", ["93.184.216.34"])

    assert guard.permitted("API.example.", ["93.184.216.34"]) == ["93.184.216.34"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_an_address_that_is_not_public_must_be_declared(address: str) -> None:
    with pytest.raises(Forbidden, match=r"egress\.networks"):
        EgressGuard(["h"], []).permitted("h", [address])

    networks = ["127.0.0.0/8", "10.0.0.0/8", "::1/128", "fd00::/8"]
    assert EgressGuard(["h"], networks).permitted("h", [address]) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "0.0.0.0",  # noqa: S104 - it is what must not be called
    ],
)
def test_a_metadata_service_is_never_called(address: str) -> None:
    guard = EgressGuard(["h"], ["0.0.0.0/0", "::/0"])
    with pytest.raises(Forbidden, match="where no agency may be"):
        guard.permitted("h", [address])


@given(st.ip_addresses(v=4).map(str))
def test_only_public_addresses_pass_without_a_network(address: str) -> None:
    guard = EgressGuard(["h"], [])
    public = not address.startswith(("10.", "127.", "192.168.", "169.254.", "0."))
    try:
        passed = guard.permitted("h", [address]) == [address]
    except Forbidden:
        passed = False

    assert public or not passed


def test_a_name_is_asked_once_and_the_checked_address_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def resolve(host: str, _: int, __: float) -> list[str]:
        asked.append(host)
        return ["10.9.9.9", "127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    monkeypatch.setattr(deadline, "resolve", resolve)
    with serving(says(200, b"{}")) as server:
        url = f"http://agency.example:{server.port}/"
        client = HttpClient(guard=EgressGuard(["agency.example"], ["127.0.0.0/8"]))
        answer = post(client, url)
        client.close()

    assert answer.status == 200
    assert asked == ["agency.example"]


def test_a_forbidden_call_misconfigures_and_sends_nothing() -> None:
    described = manifest(egress=Egress())
    with serving(says(200, b"{}")) as server:
        client = client_for(described, server.url)
        with pytest.raises(Misconfigured, match=r"127\.0\.0\.1, which is not public"):
            post(client, server.url)
        client.close()

    assert server.connections == 0


def test_a_network_must_be_one() -> None:
    with pytest.raises(ValueError, match="is no network"):
        Egress(networks=("10.0.0.1/8",))


def test_networks_of_the_deployment_are_read_from_the_environment() -> None:
    merged = registry.with_networks(
        Egress(networks=("10.0.0.0/8",)),
        {registry.EGRESS_NETWORKS: "127.0.0.0/8, ::1/128"},
    )

    assert merged.networks == ("10.0.0.0/8", "127.0.0.0/8", "::1/128")
    with pytest.raises(registry.ConfigError, match=registry.EGRESS_NETWORKS):
        registry.with_networks(Egress(), {registry.EGRESS_NETWORKS: "everywhere"})
