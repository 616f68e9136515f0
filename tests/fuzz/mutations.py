"""Changes to a valid body that keep most of it: a number is another one, a part is lost, doubled, or foreign."""

import re

from hypothesis import strategies as st

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(rb'"[^"]*"')
VALUES = (
    b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-1e400", b"9007199254740993", b"9223372036854775808",
    b"9" * 400, b"1e39", b"0", b"-0", b"-1", b"1.0", b"01", b"1_0", b"0x1", b"[]", b"{}", b"[[]]", b"[{}]", b'""',
    b'"5.1"', b'"nan"', b'"\\ud800"', b'"\\ufdd0"', b'"\\u0000"', b'"x"', b"[" * 3000, b'{"a":' * 500, b"9" * 26,
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xef\xb7\x90", b",", b":", b"[", b"]", b"{", b"}",
    b'"', b"\\", b"\n", b"\r", b"\r\n", b"\n\n", b";", b"\t", b" ", b"%ff", b"%00", b"%", b"&", b"=", b"+",
    b"--edge\r\n", b"--edge--", b'"data":[1],', b'"X":1,', b'"name":"X",', b'"shape":[1],', b'"inputs":[],',
    b"proba=1&", b"x=1&", b"\xe2\x80\xa8",
)  # fmt: skip
places = st.integers(0, 1 << 16)


@st.composite
def mutants(draw, seeds, most=4):
    """Return a strategy for bodies that are made from these valid ones."""
    body = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, most))):
        body = draw(st.sampled_from(CHANGES))(draw, body, seeds)
    return body[:60_000]


def _slice(draw, body, longest=40):
    start = draw(places) % (len(body) + 1)
    return start, min(start + draw(st.integers(0, longest)), len(body))


def _replace(pattern):
    def change(draw, body, _):
        found = list(pattern.finditer(body))
        if not found:
            return body
        at = found[draw(places) % len(found)]
        return body[: at.start()] + draw(st.sampled_from(VALUES)) + body[at.end() :]

    return change


def _insert(draw, body, _):
    start, _ = _slice(draw, body)
    return body[:start] + draw(st.sampled_from(PIECES) | st.binary(max_size=4)) + body[start:]


def _delete(draw, body, _):
    start, end = _slice(draw, body)
    return body[:start] + body[end:]


def _double(draw, body, _):
    start, end = _slice(draw, body)
    return body[:end] + body[start:end] + body[end:]


def _flip(draw, body, _):
    start, _ = _slice(draw, body)
    bit = 1 << draw(st.integers(0, 7))
    return body[:start] + bytes(byte ^ bit for byte in body[start : start + 1]) + body[start + 1 :]


def _cut(draw, body, _):
    return body[: draw(places) % (len(body) + 1)]


def _splice(draw, body, seeds):
    other = draw(st.sampled_from(seeds))
    return body[: draw(places) % (len(body) + 1)] + other[draw(places) % (len(other) + 1) :]


CHANGES = (_replace(_NUMBER), _replace(_NUMBER), _replace(_STRING), _insert, _delete, _double, _flip, _cut, _splice)
