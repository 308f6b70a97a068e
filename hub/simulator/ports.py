"""Ports that stay free while their owner is away."""

import random
import socket
from collections.abc import Callable
from typing import TypeVar

LOOPBACK = "127.0.0.1"
LOOPBACK_NETWORKS = "127.0.0.0/8 ::1/128"
"""Where the hub may call, which calls public addresses only unless it is told."""

# Below the range from which the kernel takes the ports of outgoing connections: a
# server that was stopped must find its port free when it comes back.
FIRST, LAST = 20000, 31999
TRIES = 50

T = TypeVar("T")


def free_port() -> int:
    """Return a port of the loopback address on which nobody listens now."""
    return open_on_free_port(_probe)


def open_on_free_port(open_port: Callable[[int], T]) -> T:
    """Call `open_port` with one port after the other until it raises no OSError."""
    pick = random.SystemRandom()
    for _ in range(TRIES - 1):
        try:
            return open_port(pick.randint(FIRST, LAST))
        except OSError:
            continue
    return open_port(pick.randint(FIRST, LAST))


def _probe(port: int) -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))
    return port
