"""Where outgoing calls may lead: declared hosts, public or declared networks."""

import ipaddress
from collections.abc import Collection, Iterable, Sequence
from typing import Self
from urllib.parse import urlsplit

from schemas.agency import AgencyManifest

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NEVER: tuple[_Network, ...] = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::254/128"),
    ipaddress.ip_network("0.0.0.0/8"),
    ipaddress.ip_network("::/128"),
)
"""Link-local networks and the metadata services of clouds: no agency lives there."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """A connection may not be made; the text says what to add."""


class EgressGuard:
    """Judges hosts and their addresses before a connection is made."""

    def __init__(self, hosts: Collection[str], networks: Collection[str]) -> None:
        self._hosts = frozenset(host.casefold().rstrip(".") for host in hosts)
        self._networks = tuple(ipaddress.ip_network(one) for one in networks)

    @classmethod
    def of(cls, manifest: AgencyManifest, addresses: Iterable[str]) -> Self:
        """Make the guard of an agency whose system has these addresses (URLs)."""
        declared = [urlsplit(address).hostname or "" for address in addresses]
        hosts = [*filter(None, declared), *manifest.egress.hosts]
        return cls(hosts, manifest.egress.networks)

    def permitted(self, host: str, addresses: Sequence[str]) -> list[str]:
        """Return the addresses of a host that may be connected to.

        Raises Forbidden where there is none: a name whose addresses are public and
        private keeps the public ones.
        """
        if host.strip("[]").casefold().rstrip(".") not in self._hosts:
            msg = (
                f"the host {host} is not declared: add it to egress.hosts of "
                "agency.toml if the agency's system is there"
            )
            raise Forbidden(msg)
        kept = [one for one in addresses if self._may(one)]
        if addresses and not kept:
            raise Forbidden(self._why(host, addresses[0]))
        return kept

    def _may(self, written: str) -> bool:
        address = _plain(written)
        if _within(address, NEVER):
            return False
        return _within(address, self._networks) or _is_public(address)

    def _why(self, host: str, written: str) -> str:
        if _within(_plain(written), NEVER):
            return f"the host {host} leads to {written}, where no agency may be"
        return (
            f"the host {host} leads to {written}, which is not public: add its network "
            "to egress.networks of agency.toml, or to SIMPUL_EGRESS_NETWORKS"
        )


def _plain(written: str) -> _Address:
    """Read an address; an IPv4 address in IPv6 clothes is what it hides."""
    address = ipaddress.ip_address(written.partition("%")[0].strip("[]"))
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(address.packed[-4:])
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _within(address: _Address, networks: Iterable[_Network]) -> bool:
    return any(
        address.version == network.version and address in network
        for network in networks
    )


def _is_public(address: _Address) -> bool:
    return address.is_global and not address.is_multicast
