"""Reading bodies: of any framing, never more than the maximum, and few large ones at once."""

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.limits import request_bodies
from api.limits.request_bodies import LARGE_BODY, MAX_LARGE_BODIES, RequestBodies

CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


def environ(body, method="POST", **headers):
    return {"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body), "REMOTE_ADDR": "10.0.0.1", **headers}


def refusal(bodies, found):
    with pytest.raises(ApiError) as caught:
        bodies.read(found)
    return int(caught.value.status), caught.value.code


def test_a_body_is_read_by_its_length_or_to_its_end():
    bodies = RequestBodies(100)
    assert bodies.read(environ(b"abcdef", CONTENT_LENGTH="3")) == b"abc"
    assert bodies.read(environ(b"abcdef", **CHUNKED)) == b"abcdef"
    assert bodies.read(environ(b"abcdef", CONTENT_LENGTH="3", **CHUNKED)) == b"abcdef"
    assert bodies.read(environ(b"abcdef")) == b""
    assert bodies.read(environ(b"abcdef", CONTENT_LENGTH="many")) == b""


def test_limits_are_kept_for_every_framing():
    bodies = RequestBodies(10)
    assert refusal(bodies, environ(b"", CONTENT_LENGTH="11")) == (413, "too_large")
    assert refusal(bodies, environ(b"a" * 11, **CHUNKED)) == (413, "too_large")
    assert refusal(bodies, environ(b"abc", CONTENT_LENGTH="4")) == (400, "incomplete")


@given(st.binary(max_size=200), st.sampled_from([("gzip", 31), ("deflate", 15)]), st.integers(-1, 1))
def test_compressed_bodies_are_read_up_to_the_maximum(content, coding, more):
    encoding, window = coding
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    packed = packer.compress(content) + packer.flush()
    limit = max(len(content) + more, 0)
    if more < 0 and content:
        with pytest.raises(ApiError) as caught:
            request_bodies.decompress(packed, encoding, limit)
        assert caught.value.status == 413
    else:
        assert request_bodies.decompress(packed, encoding, limit) == content


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [(b"junk", "gzip", 400), (gzip.compress(b"abc", mtime=0)[:-9], "gzip", 400), (b"", "br", 415)],
)
def test_what_cannot_be_decompressed_is_refused(body, encoding, status):
    with pytest.raises(ApiError) as caught:
        request_bodies.decompress(body, encoding, 100)
    assert caught.value.status == status


def test_few_large_bodies_are_in_memory_at_once(monkeypatch):
    monkeypatch.setattr(request_bodies, "LARGE_BODY_WAIT_SECONDS", 0.01)
    bodies = RequestBodies(100)
    large = environ(b"", CONTENT_LENGTH=str(LARGE_BODY + 1))
    slots = [bodies.slot(large) for _ in range(MAX_LARGE_BODIES)]
    for slot in slots:
        slot.__enter__()
    with pytest.raises(ApiError) as caught, bodies.slot(environ(b"", **CHUNKED)):
        pass
    assert (caught.value.status, caught.value.code) == (503, "busy")
    for other in (environ(b"", CONTENT_LENGTH="9"), environ(b"", "GET", **CHUNKED)):
        with bodies.slot(other):
            pass
    slots[0].__exit__(None, None, None)
    with bodies.slot(large):
        pass


def test_what_is_being_read_is_known_until_it_ends():
    bodies, seen = RequestBodies(100), []

    class Input:
        def read(self, _):
            seen.append(bodies.being_read())
            raise ConnectionError

    for found in (environ(b"", CONTENT_LENGTH="3"), environ(b"", **CHUNKED)):
        with pytest.raises(ConnectionError):
            bodies.read(found | {"wsgi.input": Input()})
    assert [[address for _, address in each] for each in seen] == [["10.0.0.1"], ["10.0.0.1"]]
    assert bodies.being_read() == []
