"""The fast path and Flask answer with the same bytes, whatever the request."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from tests.helpers.server import Client, model

KEYS = ("a-key-of-mine",)


def both(keys=()):
    wished = Settings(model=("iris", "churn"), api_keys=keys, max_body_size=4000, max_rows=50)
    application, service = build(wished, [model(name) for name in wished.model], Log("error"))
    return service, Client(application), Client(application._application)


SERVICE, FAST, FLASK = both()
_, KEYED_FAST, KEYED_FLASK = both(KEYS)
TARGETS = FAST.application.targets
PATHS = sorted(path for path, methods in TARGETS.items() if "POST" in methods and methods["POST"][0].scoring)

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
def test_both_transports_answer_with_the_same_bytes(path, query, body, given_headers, keyed):
    fast, flask = (KEYED_FAST, KEYED_FLASK) if keyed else (FAST, FLASK)
    one, other = (client.post(path + query, body, given_headers) for client in (fast, flask))
    # The fast path leaves the Content-Length to the server.
    assert {answer.headers.pop("content-length", None) for answer in (one, other)} <= {None, str(len(one.body))}
    assert (one.status, one.body, one.headers) == (other.status, other.body, other.headers)
    assert one.status < 500
    if one.headers["content-type"] == "application/json":
        json.loads(one.body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_the_fast_path_takes_only_known_paths():
    passed_on = []
    fast = Client(FAST.application)
    inner, fast.application._application = fast.application._application, lambda *a: passed_on.append(a) or inner(*a)
    try:
        fast.post("/score", {"X": [1, 2, 3, 4]})
        fast.post("/score", gzip.compress(b'{"X":[1,2,3,4]}'), {"Content-Encoding": "gzip"})
        fast.ask("POST", "/score", b'{"X":[1,2,3,4]}', CONTENT_LENGTH="-5")
        assert not passed_on
        fast.get("/score")
        fast.get("/nothing")
        assert len(passed_on) == 2
    finally:
        fast.application._application = inner


def test_compressed_bodies_are_read_and_bounded():
    content = json.dumps({"X": [5.1, 3.5, 1.4, 0.2]}).encode()
    assert FAST.post("/score", gzip.compress(content), {"Content-Encoding": "gzip"}).json == {"score": [0]}
    bomb = FAST.post("/score", gzip.compress(b" " * 10_000_000), {"Content-Encoding": "gzip"})
    assert (bomb.status, "4000 bytes" in bomb.json["error"]["message"]) == (413, True)
    assert FAST.post("/score", b"junk", {"Content-Encoding": "gzip"}).status == 400
    assert FAST.post("/score", gzip.compress(content)[:-9], {"Content-Encoding": "gzip"}).status == 400
    assert FAST.post("/score", content, {"Content-Encoding": "br"}).status == 415


@pytest.mark.parametrize("client", [FAST, FLASK])
def test_limits_are_reported_with_their_numbers(client):
    large = client.post("/score", {"X": [[1, 2, 3, 4]] * 400})
    assert (large.status, "4000 bytes" in large.json["error"]["message"]) == (413, True)
    many = client.post("/score", {"X": [[1, 2, 3, 4]] * 51})
    assert (many.status, "51 rows are more than the maximum of 50" in many.json["error"]["message"]) == (413, True)


def test_keys_guard_scoring_and_nothing_else():
    for client in (KEYED_FAST, KEYED_FLASK):
        refused = client.post("/score", {"X": [1, 2, 3, 4]})
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert client.post("/score", {"X": [1, 2, 3, 4]}, {"X-API-Key": KEYS[0]}).status == 200
        assert client.post("/score", {"X": [1, 2, 3, 4]}, {"Authorization": f"Bearer {KEYS[0]}"}).status == 200
        for path in ("/livez", "/readyz", "/test", "/"):
            assert client.get(path).status == 200


def test_an_internal_error_is_a_500_without_details(monkeypatch, capsys):
    monkeypatch.setattr(SERVICE.models.default, "answer_row", lambda _: 1 / 0)
    answer = FAST.post("/score", {"X": [1, 2, 3, 4]})
    assert (answer.status, answer.json["error"]["code"]) == (500, "internal")
    assert b"ZeroDivision" not in answer.body
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    assert "ZeroDivisionError" in line["traceback"]
    assert line["request_id"] == answer.headers["x-request-id"]
