"""Addresses and ports: whether this machine has them, whether they are free, and whether a server listens."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from time import monotonic, sleep

_NOT_OWN = "must be an address or a name of this machine ({})"


def own_address(host: str) -> str:
    """Return the address of this machine that a host stands for, or raise a ValueError with the reason.

    Of several, such as those of localhost, it is the first that can be used, IPv4 before IPv6.
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        # No DNS name has an empty label, or one of more than 63 characters.
        reason = error.strerror if isinstance(error, OSError) else "it cannot be a name"
        raise ValueError(_NOT_OWN.format(reason)) from None
    reasons = []
    for address in sorted({str(each[4][0]) for each in found}, key=lambda each: (":" in each, each)):
        try:
            _require_use(address)
        except OSError as error:
            reasons.append(f"{address}: {error.strerror or error}")
        else:
            return address
    raise ValueError(_NOT_OWN.format("; ".join(reasons)))


def _require_use(address: str) -> None:
    """Raise an OSError unless a server of this machine can listen on an address, and be reached at it."""
    if ":" in address and ip_address(address).is_link_local:
        raise OSError("a link-local address of IPv6 is not supported")
    with socket.socket(family_of(address), socket.SOCK_STREAM) as server:
        server.bind((address, 0))
        server.listen()
        socket.create_connection(server.getsockname()[:2], timeout=1).close()


def family_of(address: str) -> socket.AddressFamily:
    """Return what kind of address it is."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def url_of(address: str, port: int) -> str:
    """Return the URL of a server."""
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def is_loopback(address: str) -> bool:
    """Return whether a caller is on this machine itself; a socket of IPv6 shows 127.0.0.1 as ::ffff:127.0.0.1."""
    found = ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def loopback_address(address: str) -> str:
    """Return the address at which this machine itself reaches a server that listens on an address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104


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


def require_free(address: str, port: int) -> None:
    """Raise an OSError unless a port can be listened on; granian would share a taken one with its owner."""
    with socket.socket(family_of(address), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
