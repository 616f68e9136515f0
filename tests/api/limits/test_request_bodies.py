"""Reading bodies: of any framing, never more than the maximum, and with memory taken for what has arrived."""

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.limits import request_bodies
from api.limits.memory_budget import MemoryBudget
from api.limits.request_bodies import PIECE, RequestBodies, decompress
from api.limits.request_cost import FREE_BODY, cost_of_body
from api.limits.waiting_room import WaitingRoom

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked"}
MEGABYTE = 1 << 20


def environ(body, **headers):
    return {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(body), **headers}


def make(max_size, budget=64 * MEGABYTE):
    return RequestBodies(max_size, MemoryBudget(budget, WaitingRoom(8)), WaitingRoom(8))


def refusal(bodies, found):
    with pytest.raises(ApiError) as caught:
        bodies.read(found)
    return int(caught.value.status), caught.value.code


def test_a_body_is_read_by_its_length_or_to_its_end():
    bodies = make(100)
    for body, headers in (
        (b"abc", {"CONTENT_LENGTH": "3"}), (b"abcdef", CHUNKED),
        (b"", {}), (b"", {"CONTENT_LENGTH": "many"}),
    ):  # fmt: skip
        assert bodies.read(environ(b"abcdef", **headers))[0] == body


@pytest.mark.parametrize("size", [3, 100, FREE_BODY, FREE_BODY + 1, PIECE, 3 * PIECE + 5])
def test_limits_are_kept_for_every_framing(size):
    bodies, whole = make(size), b"a" * size
    assert bodies.read(environ(whole + b"b", CONTENT_LENGTH=str(size)))[0] == whole
    assert bodies.read(environ(whole, **CHUNKED))[0] == whole
    assert refusal(bodies, environ(whole, CONTENT_LENGTH=str(size + 1))) == (413, "too_large")
    assert refusal(bodies, environ(whole + b"b", **CHUNKED)) == (413, "too_large")
    assert refusal(bodies, environ(whole[:-1], CONTENT_LENGTH=str(size))) == (400, "incomplete")


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.sampled_from([31, 15]), st.integers(-1, 1))
def test_compressed_bodies_are_read_up_to_the_maximum(members, window, more):
    encoding = "gzip" if window == 31 else "deflate"
    packed = b""
    for each in members:
        packer = zlib.compressobj(9, zlib.DEFLATED, window)
        packed += packer.compress(each) + packer.flush()
    content = b"".join(members)
    limit = max(len(content) + more, 0)
    if more < 0 and content:
        with pytest.raises(ApiError) as caught:
            request_bodies.decompress(packed, encoding, limit, lambda _: None)
        assert caught.value.status == 413
    else:
        taken = []
        assert request_bodies.decompress(packed, encoding, limit, taken.append) == content
        assert sum(taken) == len(content)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"junk", "gzip", 400), (gzip.compress(b"abc", mtime=0)[:-9], "gzip", 400), (b"", "br", 415),
        (gzip.compress(b"abc", mtime=0) + b"junk", "gzip", 400), (b"", "gzip", 400),
        (gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0)[:-1], "gzip", 400),
        (gzip.compress(b"", mtime=0) * 1_001, "gzip", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_decompressed_is_refused(body, encoding, status):
    with pytest.raises(ApiError) as caught:
        request_bodies.decompress(body, encoding, 100, lambda _: None)
    assert caught.value.status == status


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-www-form-urlencoded"])
def test_a_table_whose_end_nobody_marks_needs_a_length(media_type):
    """A table that is cut off between two rows looks whole."""
    bodies = make(100)
    assert refusal(bodies, environ(b"a,b\n1,2\n", CONTENT_TYPE=media_type, **CHUNKED)) == (411, "length_required")
    packed = environ(gzip.compress(b"a,b\n"), CONTENT_TYPE=media_type, HTTP_CONTENT_ENCODING="gzip", **CHUNKED)
    assert bodies.read(packed)[0] == b"a,b\n"


def test_memory_is_taken_for_a_body_by_what_it_may_become():
    budget = MemoryBudget(MEGABYTE, WaitingRoom(8))
    bodies = RequestBodies(MEGABYTE, budget, WaitingRoom(8))
    assert bodies.read(environ(b"[" * FREE_BODY, CONTENT_LENGTH=str(FREE_BODY))) == (b"[" * FREE_BODY, 0)
    body = b"1," * FREE_BODY
    found = bodies.read(environ(body, CONTENT_LENGTH=str(len(body))))
    assert found == (body, cost_of_body(body, ""))
    assert budget.used == found[1] > 20 * len(body)
    assert refusal(bodies, environ(b"{}," * 5000, CONTENT_LENGTH="15000")) == (413, "too_much_memory")
    assert budget.used == found[1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"CONTENT_LENGTH": "3", **CHUNKED}, 400), ({"HTTP_TRANSFER_ENCODING": "gzip, chunked"}, 415),
        ({"HTTP_TRANSFER_ENCODING": "identity"}, 415),
    ],
)  # fmt: skip
def test_a_body_whose_framing_servers_may_disagree_about_is_refused(headers, status):
    assert refusal(make(100), environ(b"abc", **headers))[0] == status


def test_little_is_read_for_what_needs_no_key():
    bodies, most = make(MEGABYTE), request_bodies.PUBLIC_BODY
    assert len(bodies.read(environ(b"a" * most, CONTENT_LENGTH=str(most)), public=True)[0]) == most
    packed = gzip.compress(b"a" * (most + 1))
    for found in (
        environ(b"a" * (most + 1), CONTENT_LENGTH=str(most + 1)), environ(b"a" * (most + 1), **CHUNKED),
        environ(packed, CONTENT_LENGTH=str(len(packed)), HTTP_CONTENT_ENCODING="gzip"),
    ):  # fmt: skip
        with pytest.raises(ApiError) as caught:
            bodies.read(found, public=True)
        assert (caught.value.status, caught.value.code) == (413, "too_large")


def test_memory_is_taken_for_what_was_decompressed_before_the_rest_is():
    budget = MemoryBudget(64 * PIECE, WaitingRoom(8))
    bodies = RequestBodies(MEGABYTE, budget, WaitingRoom(8))
    packed = gzip.compress(b"a" * 8 * PIECE)
    found = environ(packed, CONTENT_LENGTH=str(len(packed)), HTTP_CONTENT_ENCODING="gzip")
    assert refusal(bodies, found) == (413, "too_much_memory")
    assert budget.used == 0


def test_memory_is_taken_for_what_has_arrived_and_given_back_when_it_is_refused():
    budget = MemoryBudget(8 * PIECE, WaitingRoom(8))
    bodies, taken = RequestBodies(MEGABYTE, budget, WaitingRoom(8)), []

    class Input(io.BytesIO):
        def read(self, size):
            taken.append(bodies._arriving.used)
            return super().read(size)

    assert refusal(bodies, environ(b"", CONTENT_LENGTH="900000", **{"wsgi.input": Input(b"a" * 900000)})) == (
        413, "too_much_memory"
    )  # fmt: skip
    assert taken[:2] == [0, 2 * PIECE]
    assert not any(taken[2:]), "what is only thrown away is not counted"
    assert bodies._arriving.used == budget.used == 0


def test_how_many_threads_are_reading_is_known_until_they_end():
    bodies, seen = make(MEGABYTE), []

    class Input:
        def read(self, _):
            seen.append(bodies.reading)
            raise ConnectionError

    for found in (environ(b"", CONTENT_LENGTH="3"), environ(b"", **CHUNKED)):
        with pytest.raises(ConnectionError):
            bodies.read(found | {"wsgi.input": Input()})
    assert seen == [1, 1]
    assert bodies.reading == 0


@given(st.lists(st.sampled_from([0, 1, PIECE, 3 * PIECE + 1]), min_size=1, max_size=6))
def test_members_of_any_size_are_one_body(sizes):
    members, taken = [bytes([65 + place]) * size for place, size in enumerate(sizes)], []
    packed = b"".join(gzip.compress(each, level, mtime=0) for level, each in enumerate(members))
    assert decompress(packed, "gzip", 2 * MEGABYTE, taken.append) == b"".join(members)
    assert sum(taken) == sum(sizes)
