"""Which connections are closed: who sends nothing, reads nothing, or too slowly; sooner while many threads wait."""

import os
import resource
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from math import inf
from queue import Queue
from time import monotonic, sleep

import pytest

from api.limits.kernel_connections import Counts, Handles, connections, counts_of
from api.limits.slow_connections import CROWDED_SECONDS, MIN_PROGRESS, UNREAD_SECONDS, Connection, SlowConnections
from api.limits.unread_bodies import UnreadBodies
from tests.helpers.waiting import until

MOST_UNREAD = 1 << 20
RESET = struct.pack("ii", 1, 0)
IDLE = Counts(sent_ago=5.0, received_ago=6.0, acked=500, received=500, unsent=0)
SENDING = Counts(sent_ago=9.0, received_ago=0.1, acked=500, received=500, unsent=0)
UNREAD = Counts(sent_ago=0.1, received_ago=9.0, acked=500, received=500, unsent=9000)


def slow(reading=0, sending=0):
    return SlowConnections(
        lambda: reading, lambda: sending, lambda: inf, 32, 100, receive_timeout=20.0, send_timeout=10.0,
        unread=UnreadBodies(MOST_UNREAD),
    )  # fmt: skip


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


def test_a_body_has_a_time_limit():
    moment, how = verdicts(SENDING)
    assert (20.0 <= moment <= 20.1, how) == (True, socket.SHUT_RD)
    assert verdicts(SENDING, faster=more(received=MIN_PROGRESS)) == (moment, how)


@pytest.mark.parametrize(("received", "is_slow"), [(0, True), (100, True), (MIN_PROGRESS, False)])
def test_who_makes_no_progress_is_slow(received, is_slow):
    watch, known, counts = slow(), Connection(received_at=100.0, acked_at=100.0), SENDING
    for tenth in range(9):
        counts = more(received=received)(counts)
        watch.verdict(known, counts, 100.0 + tenth / 10, crowded=True)
    assert known.is_slow is is_slow


def test_the_senders_that_threads_wait_for_are_closed_and_whole_requests_behind_them_are_answered():
    queue, reading = Queue(), set()

    def answer():
        while (taken := queue.get()) is not None:
            served, whole = taken
            if not whole:
                reading.add(served)
                served.recv(99)
                sleep(0.01)
                reading.discard(served)
            # A server drops a whole request, too, if its caller seems to have gone.
            with suppress(BlockingIOError):
                whole = bool(served.recv(1, socket.MSG_DONTWAIT))
            if whole:
                served.sendall(b"answer")
            served.close()

    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        port, callers = listener.getsockname()[1], []
        for number in range(9):
            callers.append(held.enter_context(socket.create_connection(("127.0.0.1", port))))
            callers[-1].settimeout(10)
            callers[-1].sendall(b"request")
            served = held.enter_context(listener.accept()[0])
            assert served.recv(99) == b"request"
            queue.put((served, number == 8))
            # More than the kernel's clock is wrong by.
            sleep(0.02)
        sleep(2 * CROWDED_SECONDS)
        pool = held.enter_context(ThreadPoolExecutor(2))
        held.callback(lambda: [queue.put(None) for _ in range(2)])
        for _ in range(2):
            pool.submit(answer)
        watch = SlowConnections(
            lambda: len(reading), int, lambda: inf, 2, 100, receive_timeout=20, send_timeout=10,
            unread=UnreadBodies(MOST_UNREAD),
        )  # fmt: skip
        end = monotonic() + 10
        while (not queue.empty() or reading) and monotonic() < end:
            watch.close_slow(port, crowded=True)
        assert [caller.recv(99) for caller in callers] == [b""] * 8 + [b"answer"]


def test_who_waits_for_this_process_is_not_slow():
    waiting = Counts(sent_ago=9.0, received_ago=5.0, acked=500, received=90_000, unsent=0, unread=60_000, memory=70_000)
    assert verdicts(waiting) is verdicts(waiting, crowded=True) is None


def test_a_response_that_is_not_read_loses_its_connection():
    assert verdicts(UNREAD)[1] == verdicts(UNREAD, faster=more(acked=1))[1] == socket.SHUT_RDWR
    assert 10.0 <= verdicts(UNREAD)[0] <= 10.2
    assert verdicts(UNREAD, faster=more(acked=MIN_PROGRESS // 50)) is None
    assert verdicts(UNREAD, crowded=True)[0] <= UNREAD_SECONDS + 0.1


@pytest.mark.parametrize(
    ("reading", "sending", "crowded"), [(15, 0, False), (16, 0, True), (8, 8, True), (0, 32, True)]
)
def test_the_limits_are_short_while_half_of_the_threads_wait(reading, sending, crowded):
    assert slow(reading, sending).is_crowded is crowded


def test_connections_are_found_when_no_handle_is_left():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
        ExitStack() as held,
    ):
        accepted = held.enter_context(server.accept()[0])
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        resource.setrlimit(resource.RLIMIT_NOFILE, (accepted.fileno() + 9, before[1]))
        with suppress(OSError):
            while True:
                held.callback(os.close, os.dup(accepted.fileno()))
        port = server.getsockname()[1]
        found = [key[0] for key, _ in connections(Handles().open(), port)]
        assert accepted.fileno() in found


def test_too_much_that_nobody_reads_is_given_back_by_those_who_have_left_and_then_by_the_newest():
    with ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        callers = [held.enter_context(socket.create_connection(server.getsockname())) for _ in range(6)]
        served = [held.enter_context(server.accept()[0]) for _ in callers]
        for caller in callers:
            caller.sendall(bytes(50_000))
        callers[1].close()
        callers[2].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        callers[2].close()
        until(lambda: all(counts_of(each).has_left for each in served[1:3]), "the ends of connections are known")

        def looked_at(most):
            unread = UnreadBodies(most)
            for key, connection in connections(Handles().open(), server.getsockname()[1]):
                unread.add(key, counts_of(connection), key[0])
            return unread.discard_excess(), unread.is_full

        held_in_all = sum(counts_of(each).memory for each in served)
        assert looked_at(held_in_all) == (0, False)
        assert looked_at(held_in_all - 1) == (3, True)
        assert [counts_of(each).unread for each in served] == [50_000, 0, 0, 50_000, 50_000, 0]
        assert served[0].recv(99) == bytes(99)
