"""Addresses and ports: whether they are free, and whether a server listens."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from time import monotonic, sleep


def loopback_address(host: str) -> str:
    """Return the address at which this machine itself reaches a server that listens on a host."""
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104


def wait_until_listening(host: str, port: int, seconds: float = 5.0) -> None:
    """Return when a server accepts connections: granian's worker listens a moment after it was started."""
    end = monotonic() + seconds
    while monotonic() < end:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        sleep(0.001)


def free_ports(count: int) -> list[int]:
    """Return different ports of this machine where nobody listens."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def is_port_free(host: str, port: int) -> bool:
    """Return whether a port can be listened on; granian would share a taken one with its owner."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
