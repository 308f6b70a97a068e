"""How the region's own programs call the hub over HTTP."""

import ssl

import httpx2

# The hub of a simulation is called without TLS. A context without certificates is
# made in no time; the usual one costs 30 ms for each client.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client(timeout_seconds: float) -> httpx2.Client:
    """Return a client for addresses without TLS that heeds no proxy settings."""
    return httpx2.Client(
        timeout=timeout_seconds, trust_env=False, verify=_NO_CERTIFICATES
    )
