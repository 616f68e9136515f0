"""Explanations: what a feature did is what changes when it alone becomes typical."""

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
