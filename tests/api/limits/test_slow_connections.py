"""Which connections are closed: who sends nothing, reads nothing, or too slowly; sooner while many threads wait."""

import socket
from math import inf

import pytest

from api.limits.slow_connections import CROWDED_SECONDS, MIN_PROGRESS, Connection, Counts, SlowConnections

IDLE = Counts(sent_ago=5.0, received_ago=6.0, acked=500, received=500, unsent=0)
SENDING = Counts(sent_ago=9.0, received_ago=0.1, acked=500, received=500, unsent=0)
UNREAD = Counts(sent_ago=0.1, received_ago=9.0, acked=500, received=500, unsent=9000)


def slow(waiting=0):
    return SlowConnections(lambda: waiting, lambda: inf, 32, 100, receive_timeout=20.0, send_timeout=10.0)


def verdicts(counts, *, crowded=False, seconds=40, faster=None):
    """Return when a connection with these counts is closed, and how, if it is looked at ten times a second."""
    watch, known = slow(), Connection(received_at=100.0, acked_at=100.0)
    for tenth in range(seconds * 10):
        counts = faster(counts) if faster else counts
        how = watch.verdict(known, counts, 100.0 + tenth / 10, crowded=crowded)
        if how is not None:
            return tenth / 10, how
    return None


def more(received=0, acked=0):
    def change(counts):
        return Counts(
            counts.sent_ago, counts.received_ago, counts.acked + acked, counts.received + received, counts.unsent
        )

    return change


@pytest.mark.parametrize("crowded", [False, True])
def test_an_idle_connection_stays(crowded):
    assert verdicts(IDLE, crowded=crowded) is None


def test_a_body_has_a_time_limit_and_is_given_up_sooner_in_a_crowd():
    assert verdicts(SENDING) == (20.1, socket.SHUT_RD)
    moment, how = verdicts(SENDING, crowded=True)
    assert (moment <= CROWDED_SECONDS + 0.1, how) == (True, socket.SHUT_RD)


def test_in_a_crowd_a_sender_is_kept_as_long_as_it_sends_quickly():
    assert verdicts(SENDING, crowded=True, seconds=15, faster=more(received=MIN_PROGRESS)) is None
    assert verdicts(SENDING, crowded=True, seconds=15, faster=more(received=100)) is not None
    assert verdicts(SENDING, faster=more(received=MIN_PROGRESS)) == (20.1, socket.SHUT_RD)


def test_who_waits_for_this_process_is_not_slow():
    waiting = Counts(sent_ago=9.0, received_ago=5.0, acked=500, received=90_000, unsent=0, unread=60_000)
    assert verdicts(waiting) is verdicts(waiting, crowded=True) is None


def test_a_response_that_is_not_read_loses_its_connection():
    assert verdicts(UNREAD) == (10.1, socket.SHUT_RDWR)
    assert verdicts(UNREAD, faster=more(acked=1)) == (10.1, socket.SHUT_RDWR)
    assert verdicts(UNREAD, faster=more(acked=MIN_PROGRESS // 50)) is None
    assert verdicts(UNREAD, crowded=True)[0] <= CROWDED_SECONDS + 0.1


@pytest.mark.parametrize(("waiting", "crowded"), [(15, False), (16, True), (32, True)])
def test_the_limits_are_short_while_half_of_the_threads_wait(waiting, crowded):
    assert slow(waiting).is_crowded is crowded


def test_connections_are_found_and_closed():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0] as served:
            client.sendall(b"POST / HTTP/1.1")
            served.settimeout(10)
            assert served.recv(99) == b"POST / HTTP/1.1"
            watch = slow()
            assert watch.close_slow(port, 0.0, crowded=True) == 0
            assert watch.close_slow(port + 1, 1.0, crowded=True) == 0
            watch.close_slow(port, 10.0, crowded=True)
            assert watch.close_slow(port, 11.0, crowded=True) == 1
            assert served.recv(99) == b""
