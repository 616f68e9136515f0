"""HOST and PORT: what the machine has is served by both servers; all else is one sentence with the reason."""

import socket
import sys
from pathlib import Path

import pytest

from tests.helpers.server import connect, fetch, free_port, has_ipv6, heard, running, stderr_until_exit

ROW = b'{"X": [5.1, 3.5, 1.4, 0.2]}'
NOT_OWN = "must be an address or a name of this machine"
UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
# The kernel's PR_CAPBSET_DROP and CAP_NET_BIND_SERVICE: even root loses the right to low ports with the next program.
WITHOUT_RIGHTS = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 10, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("host", "shown", "reached"),
    [
        ("localhost", "127.0.0.1", ["127.0.0.1"]),
        ("127.0.0.1", "127.0.0.1", ["127.0.0.1"]),
        (" ", "0.0.0.0", ["127.0.0.1"]),
        pytest.param("::1", "[::1]", ["[::1]"], marks=needs_ipv6),
        pytest.param("::", "[::]", ["[::1]", "127.0.0.1"], marks=needs_ipv6),
    ],
)
def test_what_the_machine_has_is_served_by_both_servers(host, shown, reached):
    port, admin = free_port(), free_port()
    with running(host=host, port=port, admin_port=admin, drain_idle_seconds=0.1) as server:
        assert f" on http://{shown}:{port}, admin on {admin}, " in server.first_line
        for each in reached:
            assert fetch(f"http://{each}:{port}/score", ROW).body == b'{"score":[0]}'
            assert fetch(f"http://{each}:{admin}/livez").body == b"ok\n"
            assert fetch(f"http://{each}:{admin}/drain", b"").body == b"idle\n"


def test_a_name_of_the_machine_is_served():
    name = socket.gethostname()
    try:
        address = socket.gethostbyname(name)
    except OSError:
        pytest.skip("this machine does not know its own name")
    port = free_port()
    with running(host=name, port=port) as server:
        assert f" on http://{address}:{port}, " in server.first_line
        with connect(f"http://{address}:{port}") as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert heard(connection).startswith(b"HTTP/1.1 200 ")


def stopped(*within, **settings):
    with running(*within, **settings) as server:
        found = stderr_until_exit(server)
        assert server.returncode == 2
        return found


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        # Addresses for documentation, which no machine has.
        ("192.0.2.1", "192.0.2.1: Cannot assign requested address"),
        pytest.param("2001:db8::1", "2001:db8::1: Cannot assign requested address", marks=needs_ipv6),
        pytest.param("fe80::1", "fe80::1: a link-local address of IPv6 is not supported", marks=needs_ipv6),
        ("255.255.255.255", "255.255.255.255: Network is unreachable"),
        ("a..b", "it cannot be a name"),
        ("\udcff", "it cannot be a name"),
    ],
)
def test_what_the_machine_has_not_is_refused_with_the_reason(host, reason):
    assert stopped(host=host) == f"error: HOST {host!r}: {NOT_OWN} ({reason})\n"


@pytest.mark.parametrize("host", ["nowhere.invalid", "http://localhost", "a b", "٥"])
def test_a_name_that_nobody_knows_is_refused_with_the_reason(host):
    # What a resolver says depends on it.
    found = stopped(host=host)
    assert found.startswith(f"error: HOST {host!r}: {NOT_OWN} (")
    assert found.count("\n") == 1
    assert "Traceback" not in found


def test_a_port_without_rights_is_not_called_taken():
    port = int(UNPRIVILEGED.read_text()) - 1 if UNPRIVILEGED.exists() else 1023
    if port < 1:
        pytest.skip("on this machine everybody may listen on every port")
    within = (sys.executable, "-c", WITHOUT_RIGHTS)
    reason = "cannot be listened on at 127.0.0.1: Permission denied"
    assert stopped(*within, port=port) == f"error: PORT {port}: {reason}\n"
    assert stopped(*within, admin_port=port) == f"error: ADMIN_PORT {port}: {reason}\n"
