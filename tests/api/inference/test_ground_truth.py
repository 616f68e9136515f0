"""Callers send what turned out to be true, and the metrics say how right each model was."""

import json
from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from api.application import build
from api.inference.answers import Answers
from api.settings import Settings
from api.telemetry.logs import Log
from tests.api.telemetry.test_metrics import samples, value
from tests.helpers.server import Client, model

FLOWER = [5.1, 3.5, 1.4, 0.2]
WINE = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]

KNOWN = {"X-Request-ID": "known"}


def _client(name):
    return Client(*build(Settings(feedback_capacity=10), [model(name)], Log("error")))


def send_truth(client, answer, truth):
    return client.post("/feedback", {"request_id": answer.headers["x-request-id"], "truth": truth})


@pytest.mark.parametrize("path", ["/score", "/v1/models/iris:predict"])
@pytest.mark.parametrize("truths", [[0], ["Iris-setosa"], [0, 1, "Iris-virginica"]])
def test_classes_are_right_or_wrong(path, truths, make_client):
    client = make_client("iris", feedback_capacity=10)
    answer = client.post(path, {"X" if path == "/score" else "instances": [FLOWER] * len(truths)})
    response = send_truth(client, answer, truths)
    version = client.service.models.default.version
    assert response.json == {"model": "iris", "version": version, "rows": len(truths)}
    found = samples(client)
    assert value(found, "feedback_rows_total", model="iris", version=version) == len(truths)
    assert value(found, "feedback_right_total", model="iris", version=version) == 1
    assert send_truth(client, answer, truths).status == 404


def test_numbers_are_off_by_so_much(make_client):
    client = make_client("wine", feedback_capacity=10)
    answer = client.post("/predict", {"data": [WINE]})
    assert send_truth(client, answer, answer.json["pred"][0] + 0.5).status == 200
    version = client.service.models.default.version
    error = value(samples(client), "feedback_absolute_error_total", model="wine", version=version)
    assert error == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("truth", "status"), [("Iris-blue", 422), ([0, 1], 422), (None, 422), (True, 422), ({"a": 1}, 422)]
)
def test_what_cannot_be_true_is_refused_and_may_be_sent_again(truth, status, make_client):
    client = make_client("iris", feedback_capacity=10)
    answer = client.post("/score", {"X": FLOWER})
    refused = send_truth(client, answer, truth)
    assert refused.status == status
    named = (
        "the answer has 1 rows, the truth has 2" if truth == [0, 1] else "(it has Iris-setosa, Iris-versicolor, Iris-v"
    )
    assert named in refused.body.decode()
    assert send_truth(client, answer, 0).status == 200


def test_only_so_many_answers_are_remembered(make_client):
    client = make_client("iris", feedback_capacity=2)
    answers = [client.post("/score", {"X": FLOWER}) for _ in range(3)]
    assert [send_truth(client, each, 0).status for each in answers] == [404, 200, 200]


def test_it_is_off_until_it_is_asked_for_and_needs_the_key(make_client):
    client = make_client("iris")
    assert send_truth(client, client.post("/score", {"X": FLOWER}), 0).json["error"]["code"] == "off"
    assert make_client("iris", feedback_capacity=2, api_keys=("a-key-of-mine",)).post("/feedback", {}).status == 401
    assert make_client("iris", feedback_capacity=2).post("/feedback", {"request_id": 5}).status == 400


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)
bodies = st.one_of(
    values.map(json.dumps),
    values.map(lambda truth: json.dumps({"request_id": "known", "truth": truth})),
    st.just('{"request_id": "known", "truth": 1e999}'),
    st.just('{"request_id": "known", "truth": ' + "[" * 5000),
    st.just('{"request_id": "known", "truth": [' + "1e308," * 5000 + "1]}"),
    st.just('{"' + "x" * 100_000 + '": 1}'),
).map(lambda text: text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", ["iris", "wine", "churn"])
@given(body=bodies | st.binary(max_size=30))
def test_feedback_of_any_shape_is_taken_or_refused_and_spoils_no_metric(name, body):
    client = _client(name)
    (served,) = client.service.metrics.served
    client.post(f"/v1/models/{name}:predict", {"instances": list(served.manifest.golden.rows[:1])}, KNOWN)
    answer = client.post("/feedback", body)
    assert answer.status in (200, 400, 404, 413, 422)
    assert len(answer.body) < 500
    assert all(isfinite(number) for number in samples(client).values())


def test_errors_near_the_largest_number_add_up_to_a_number(make_client):
    client = make_client("wine", feedback_capacity=10)
    for _ in range(2):
        answer = client.post("/predict", {"data": [WINE] * 9})
        assert send_truth(client, answer, [1.7e308, -1.7e308, *[1.7e308] * 7]).status == 200
    version = client.service.models.default.version
    assert isfinite(value(samples(client), "feedback_absolute_error_total", model="wine", version=version))


def test_a_model_of_several_targets_takes_no_feedback():
    client = _client("iris")
    manifest = client.service.models.default.manifest
    (target,) = manifest.signature.targets
    several = replace(manifest, signature=replace(manifest.signature, targets=(target, target)))
    client.service.models.ground_truth.remember("known", several, Answers([[0, 1]], array=np.array([[0, 1]])))
    answer = client.post("/feedback", {"request_id": "known", "truth": [[0, 1]]})
    assert (answer.status, answer.json["error"]["code"]) == (400, "no_feedback")


@pytest.mark.parametrize("truth", [True, "yes"])
def test_a_class_that_is_true_is_named_by_its_title_too(truth):
    client = _client("iris")
    manifest = client.service.models.default.manifest
    target = replace(manifest.signature.targets[0], classes=(False, True), titles=("no", "yes"))
    boolean = replace(manifest, signature=replace(manifest.signature, targets=(target,)))
    client.service.models.ground_truth.remember("known", boolean, Answers([True], array=np.array([True])))
    assert client.post("/feedback", {"request_id": "known", "truth": truth}).status == 200
    assert client.service.metrics.models["iris"].accuracy.correct == 1
