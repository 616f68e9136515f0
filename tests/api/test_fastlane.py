"""The fast lane and Flask answer with the same bytes, whatever comes."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.build import build
from api.logs import Log
from api.settings import Settings
from tests.api.conftest import Client, model

KEYS = ("a-key-of-mine",)


def both(keys=()):
    wished = Settings(model=("iris", "churn"), api_keys=keys, max_body=4000, max_rows=50)
    application, service = build(wished, [model(name) for name in wished.model], Log("error"))
    return service, Client(application), Client(application._application)


SERVICE, LANE, FLASK = both()
_, KEYED_LANE, KEYED_FLASK = both(KEYS)
LANES = LANE.application._lanes
PATHS = sorted(path for path, methods in LANES.items() if "POST" in methods and methods["POST"][0].scoring)

cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.just(5.1), st.just(10**400)
)
names = st.sampled_from(["X", "input", "data", "inputs", "instances", "sepal_length", "a"])
rows = st.recursive(
    cells, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=3), max_leaves=15
)
good = st.fixed_dictionaries({"X": st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=4), max_size=3)})
bodies = st.one_of(
    rows.map(json.dumps), good.map(json.dumps), st.text(max_size=30), st.just("[" * 3000), st.just('{"X":[1,2,3,4'),
    st.just('{"X":[5.1,3.5,1.4,1e999]}'), st.just('{"X":[1,2,3,4],"X":[4,3,2,1]}'), st.just('{"X":[1,2,3,NaN]}'),
).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40)  # fmt: skip
headers = st.fixed_dictionaries(
    {"X-Request-ID": st.just("same")},
    optional={
        "Content-Type": st.sampled_from(["application/json", "text/csv", "x", "application/json; charset=utf-16"]),
        "X-API-Key": st.sampled_from([KEYS[0], "wrong", ""]),
        "Authorization": st.sampled_from([f"Bearer {KEYS[0]}", "Bearer ", "Basic x"]),
    },
)
queries = st.sampled_from(["", "?proba=1", "?labels=yes&proba=0", "?proba=&x=%ff"])


@settings(max_examples=400)
@given(st.sampled_from(PATHS), queries, bodies, headers, st.booleans())
def test_both_ways_answer_with_the_same_bytes(path, query, body, given_headers, keyed):
    lane, flask = (KEYED_LANE, KEYED_FLASK) if keyed else (LANE, FLASK)
    one, other = (way.post(path + query, body, given_headers) for way in (lane, flask))
    # The lane leaves it to the server to say how long an answer is.
    assert {way.headers.pop("content-length", None) for way in (one, other)} <= {None, str(len(one.body))}
    assert (one.status, one.body, one.headers) == (other.status, other.body, other.headers)
    assert one.status < 500
    if one.headers["content-type"] == "application/json":
        json.loads(one.body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_lane_takes_only_what_is_well_formed():
    asked = []
    lane = Client(LANE.application)
    inner, lane.application._application = lane.application._application, lambda *a: asked.append(a) or inner(*a)
    try:
        lane.post("/score", {"X": [1, 2, 3, 4]})
        assert not asked
        lane.post("/score", gzip.compress(b'{"X":[1,2,3,4]}'), {"Content-Encoding": "gzip"})
        lane.ask("POST", "/score", b'{"X":[1,2,3,4]}', CONTENT_LENGTH="-5")
        lane.ask("POST", "/score", b'{"X":[1,2,3,4]}', CONTENT_LENGTH="99")
        lane.get("/score")
        assert len(asked) == 4
    finally:
        lane.application._application = inner


def test_compressed_bodies_are_read_and_bounded():
    content = json.dumps({"X": [5.1, 3.5, 1.4, 0.2]}).encode()
    assert LANE.post("/score", gzip.compress(content), {"Content-Encoding": "gzip"}).json == {"score": [0]}
    bomb = LANE.post("/score", gzip.compress(b" " * 10_000_000), {"Content-Encoding": "gzip"})
    assert (bomb.status, "4000 bytes" in bomb.json["error"]["message"]) == (413, True)
    assert LANE.post("/score", b"junk", {"Content-Encoding": "gzip"}).status == 400
    assert LANE.post("/score", gzip.compress(content)[:-9], {"Content-Encoding": "gzip"}).status == 400
    assert LANE.post("/score", content, {"Content-Encoding": "br"}).status == 415


@pytest.mark.parametrize("client", [LANE, FLASK])
def test_limits_are_told_with_their_numbers(client):
    large = client.post("/score", {"X": [[1, 2, 3, 4]] * 400})
    assert (large.status, "4000 bytes" in large.json["error"]["message"]) == (413, True)
    many = client.post("/score", {"X": [[1, 2, 3, 4]] * 51})
    assert (many.status, "51 rows are more than the 50" in many.json["error"]["message"]) == (413, True)


def test_keys_guard_scoring_and_nothing_else():
    for client in (KEYED_LANE, KEYED_FLASK):
        refused = client.post("/score", {"X": [1, 2, 3, 4]})
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.post("/score", {"X": [1, 2, 3, 4]}, {"X-API-Key": KEYS[0]}).status == 200
        assert client.post("/score", {"X": [1, 2, 3, 4]}, {"Authorization": f"Bearer {KEYS[0]}"}).status == 200
        for path in ("/livez", "/readyz", "/test", "/"):
            assert client.get(path).status == 200


def test_our_own_fault_is_a_500_that_tells_nothing(monkeypatch, capsys):
    monkeypatch.setattr(SERVICE.models.default, "one", lambda _: 1 / 0)
    answer = LANE.post("/score", {"X": [1, 2, 3, 4]})
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")
    assert b"ZeroDivision" not in answer.body
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    assert "ZeroDivisionError" in line["trace"]
    assert line["request_id"] == answer.headers["x-request-id"]
