"""Callers tell what turned out to be true, and the metrics say how right each model was."""

import pytest

from tests.api.telemetry.test_metrics import samples, value

FLOWER = [5.1, 3.5, 1.4, 0.2]
WINE = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]


def tell(client, answer, truth):
    return client.post("/feedback", {"request_id": answer.headers["x-request-id"], "truth": truth})


@pytest.mark.parametrize("path", ["/score", "/v1/models/iris:predict"])
@pytest.mark.parametrize("truths", [[0], ["Iris-setosa"], [0, 1, "Iris-virginica"]])
def test_classes_are_right_or_wrong(path, truths, make_client):
    client = make_client("iris", feedback_capacity=10)
    answer = client.post(path, {"X" if path == "/score" else "instances": [FLOWER] * len(truths)})
    told = tell(client, answer, truths)
    version = client.service.models.default.version
    assert told.json == {"model": "iris", "version": version, "rows": len(truths)}
    found = samples(client)
    assert value(found, "feedback_rows_total", model="iris", version=version) == len(truths)
    assert value(found, "feedback_right_total", model="iris", version=version) == 1
    assert tell(client, answer, truths).status == 404


def test_numbers_are_off_by_so_much(make_client):
    client = make_client("wine", feedback_capacity=10)
    answer = client.post("/predict", {"data": [WINE]})
    assert tell(client, answer, answer.json["pred"][0] + 0.5).status == 200
    version = client.service.models.default.version
    error = value(samples(client), "feedback_absolute_error_total", model="wine", version=version)
    assert error == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("truth", "status"), [("Iris-blue", 422), ([0, 1], 422), (None, 422), (True, 422), ({"a": 1}, 422)]
)
def test_what_cannot_be_true_is_refused_and_may_be_told_again(truth, status, make_client):
    client = make_client("iris", feedback_capacity=10)
    answer = client.post("/score", {"X": FLOWER})
    assert tell(client, answer, truth).status == status
    assert tell(client, answer, 0).status == 200


def test_only_so_many_answers_are_remembered(make_client):
    client = make_client("iris", feedback_capacity=2)
    answers = [client.post("/score", {"X": FLOWER}) for _ in range(3)]
    assert [tell(client, each, 0).status for each in answers] == [404, 200, 200]


def test_it_is_off_until_it_is_asked_for_and_needs_the_key(make_client):
    client = make_client("iris")
    assert tell(client, client.post("/score", {"X": FLOWER}), 0).json["error"]["code"] == "off"
    assert make_client("iris", feedback_capacity=2, api_keys=("a-key-of-mine",)).post("/feedback", {}).status == 401
    assert make_client("iris", feedback_capacity=2).post("/feedback", {"request_id": 5}).status == 400
