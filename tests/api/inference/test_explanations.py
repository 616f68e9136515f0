"""Explanations: what a feature did is what changes when it alone becomes typical."""

import json

import numpy as np
import pytest

from tests.helpers.server import model

ROW = [7.0, 3.2, 6.0, 2.2]


def test_an_effect_is_the_difference_that_the_typical_value_makes(make_client):
    client = make_client("iris")
    found = client.post("/explain", {"X": [ROW]}).json
    (explanation,) = found["explanations"]
    assert (found["predictions"], explanation["explains"]) == ([2], "probability of Iris-virginica")
    for place, (effect, feature) in enumerate(
        zip(explanation["effects"], model("iris").signature.features, strict=True)
    ):
        other = [*ROW[:place], feature.typical, *ROW[place + 1 :]]
        asked = client.post("/v1/models/iris:predict?proba=1", {"instances": [ROW, other]}).json["probabilities"]
        assert effect["feature"] == feature.name
        assert effect["effect"] == pytest.approx(asked[0][2] - asked[1][2])
    assert max(explanation["effects"], key=lambda each: each["effect"])["feature"] in ("petal_width", "petal_length")
    assert "minus" in found["method"]


def test_kserve_s_verb_explains_named_rows_of_any_model(make_client):
    client = make_client("iris", "wine")
    row = {feature.name: feature.typical for feature in model("wine").signature.features}
    found = client.post("/v1/models/wine:explain", {"instances": [row]}).json
    assert found["explanations"][0]["explains"] == "quality"
    assert {each["effect"] for each in found["explanations"][0]["effects"]} == {0.0}


def test_explaining_is_not_counted_as_asking(make_client):
    client = make_client("iris")
    client.post("/explain", {"X": [ROW]})
    watch = client.service.metrics.models["iris"]
    client.service.metrics.flush()
    assert sum(watch.predicted.counts.values()) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [({"X": [[1]]}, 400), ({"X": [["a", 1, 1, 1]]}, 422), ({"Y": 1}, 400), ({"X": [ROW] * 101}, 413)],
)
def test_what_cannot_be_explained_is_refused(body, status, make_client):
    assert make_client("iris").post("/explain", body).status == status


def strict(answer):
    return json.loads(answer.body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("name", ["iris", "wine", "purchase", "churn"])
@pytest.mark.parametrize("number", [1.7e308, -1.7e308, 5e-324, 1e999, 10**400, None])
def test_extreme_values_are_explained_or_refused(name, number, make_client):
    client = make_client(name)
    row = [value if isinstance(value, str) else number for value in model(name).manifest.golden.rows[0]]
    body = json.dumps({"X": [row]}).replace("Infinity", "1e999").encode()
    answer = client.post("/explain", body)
    assert answer.status in (200, 400, 422)
    strict(answer)


@pytest.mark.parametrize(
    ("name", "answers", "status"),
    [
        ("wine", [1.7e308, -1.7e308], 422),
        ("wine", [float("nan"), 1.0], 422),
        ("wine", [1e308, 1e308], 200),
        ("iris", [7, 7], 422),
    ],
)
def test_answers_that_no_effect_can_be_taken_of_are_refused(name, answers, status, make_client, monkeypatch):
    client = make_client(name)
    served = client.service.models.default
    first, others = answers
    monkeypatch.setattr(served, "_predict", lambda rows: np.array([first, *[others] * (len(rows) - 1)]))
    answer = client.post("/explain", {"X": [list(served.manifest.golden.rows[0])]})
    assert answer.status == status
    strict(answer)


def test_probabilities_of_zero_are_explained(make_client, monkeypatch):
    client = make_client("iris")
    monkeypatch.setattr(client.service.models.default, "_predict_proba", lambda rows: [np.zeros((len(rows), 3))])
    answer = client.post("/explain", {"X": [ROW]})
    assert (answer.status, {each["effect"] for each in strict(answer)["explanations"][0]["effects"]}) == (200, {0.0})
