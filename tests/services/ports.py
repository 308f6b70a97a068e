"""Free ports of the loopback interface for servers that come back on the same port."""

import random
import socket

# Below the range from which systems take the ports of outgoing connections. Inside of
# it, a client that keeps trying a port whose server is down will one day be given that
# very port, reach itself, and keep the server from coming back.
PORTS = range(20_000, 32_000)
TRIES_MAX = 1_000

_random = random.SystemRandom()


def free_ports(count: int) -> list[int]:
    """Return `count` different ports on which nothing listens at this moment."""
    found: set[int] = set()
    for port in _random.sample(PORTS, TRIES_MAX):
        if len(found) == count:
            break
        if _is_free(port):
            found.add(port)
    return list(found)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
