"""Whatever a parser is sent, it answers or refuses, in its protocol's shape: never a 5xx, never a traceback.

The bodies are mutants of the valid ones in tests/fuzz/corpus.
"""

import io
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutants
from tests.fuzz.targets import CSV, JSON, TARGETS, seeds, send

REFUSALS = {400, 404, 413, 415, 422}
SHAPES = {
    "service": lambda body: {"code", "message", "request_id"} <= body["error"].keys(),
    "predict": lambda body: body.keys() == {"message", "detail", "error"} and body["detail"],
    "text": lambda body: body.keys() == {"error"} and isinstance(body["error"], str),
    "event": lambda body: body.keys() == {"error"} and isinstance(body["error"], str),
    "mlflow": lambda body: body.keys() == {"error_code", "message"},
}


def strict(text):
    """Parse JSON as its standard has it."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def require_shape(target, answer):
    """Hold a response against what its protocol promises."""
    assert b"Traceback" not in answer.body
    assert b'File "' not in answer.body
    kind, length = answer.headers["content-type"], answer.headers.get("inference-header-content-length")
    if answer.status == 303:
        assert target.errors == "page"
        return
    assert answer.status == 200 or answer.status in REFUSALS, (answer.status, answer.body[:300])
    if target.errors == "page":
        assert kind.startswith("text/html")
        return
    body = strict(answer.body if length is None else answer.body[: int(length)])
    if answer.status != 200:
        assert SHAPES[target.errors](body), body


def unique(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def require_meaning(target, body, answer):
    """Hold what was answered against another reader: a body that the two read differently has no answer."""
    if answer.status != 200:
        return
    if target.content_type == JSON:
        json.loads(body, object_pairs_hook=unique, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    if target.content_type == CSV:
        assert len(pd.read_csv(io.BytesIO(body), index_col=False)) == len(answer.json["predictions"])


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_bodies_are_valid(name):
    for file, body in seeds(name).items():
        answer = send(TARGETS[name], body)
        assert answer.status == (404 if name == "feedback" else 200), (file, answer.body[:300])
        require_shape(TARGETS[name], answer)


def fuzz(name, data):
    target = TARGETS[name]
    body = data.draw(mutants(list(seeds(name).values())))
    length = data.draw(st.none() | st.integers(0, len(body))) if target.framed else None
    answer = send(target, body, length)
    require_shape(target, answer)
    require_meaning(target, body, answer)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutant_is_answered_or_refused(name, data):
    fuzz(name, data)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=800, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_many_mutants_are_answered_or_refused(name, data):
    fuzz(name, data)
