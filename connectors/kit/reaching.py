"""Whether the hub may call an address; the bench's proxy, on the way, hides that."""

import socket
from urllib.parse import urlsplit

from connectors.protocols.http.egress import EgressGuard, Forbidden
from schemas.agency import AgencyManifest


def why_forbidden(manifest: AgencyManifest, url: str) -> str:
    """Say why the hub would not connect to an address, and what to add.

    Empty where it would, where the address has no host, and where its name leads
    nowhere now. Asks for the name; connects to nothing.
    """
    host = urlsplit(url).hostname
    if not host:
        return ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ""
    try:
        addresses = [str(row[4][0]) for row in found]
        EgressGuard.of(manifest, [url]).permitted(host, addresses)
    except Forbidden as error:
        return str(error)
    return ""
