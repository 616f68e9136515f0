"""KServe's first protocol, row by row of what its own server does and what it should do."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline.routes import PREDICT_V1
from api.protocols import kserve_v1
from api.protocols.message import Request
from tests.helpers.server import ask, model

FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMED = dict(zip(["sepal_length", "sepal_width", "petal_length", "petal_width"], FLOWER, strict=True))
PREDICT = "/v1/models/iris:predict"
MODELS = Models([model("iris"), model("churn")], 1000)


def predict(rows, key="instances", name="iris"):
    return json.loads(ask(PREDICT_V1, MODELS, name, Request(json.dumps({key: rows}).encode())).body)["predictions"]


def refusal(rows, key, name):
    try:
        predict(rows, key, name)
    except ApiError as failure:
        return failure
    return None


@pytest.mark.parametrize(
    "body",
    [
        {"instances": [FLOWER]},
        {"inputs": [FLOWER]},
        {"instances": "ignored", "inputs": [FLOWER]},
        {"instances": [NAMED]},
        {"instances": [{name: [value] for name, value in NAMED.items()}]},
        {"instances": [[{name: value} for name, value in NAMED.items()][:0] or [NAMED]]},
        {"instances": FLOWER},
    ],
)
def test_all_forms_of_rows_are_taken(body, make_client):
    answer = make_client().post(PREDICT, body)
    assert (answer.status, answer.json) == (200, {"predictions": [0]})


def test_records_of_lists_are_several_rows(make_client):
    body = {"instances": [{name: [value, value] for name, value in NAMED.items()}]}
    assert make_client().post(PREDICT, body).json == {"predictions": [0, 0]}


def test_no_rows_get_no_predictions(make_client):
    assert make_client().post(PREDICT, {"instances": []}).json == {"predictions": []}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"instances": [[1, 2]]}, "X has 2 features, but RandomForestClassifier is expecting 4 features as input."),
        ({"instances": "x"}, 'Expected "instances" to be a list'),
        ({"other": 1}, '"instances" or "inputs"'),
        ([1], '"instances" or "inputs"'),
        (b"{", "Unrecognized request format: "),
        (b"", "Unrecognized request format: "),
        (b'{"instances":[[NaN,1,1,1]]}', "Unrecognized request format: "),
        ({"instances": [["a", 1, 2, 3]]}, "row 0, sepal_length: expected a number, got a string"),
        ({"instances": [{"a": [1], "b": [1, 2]}]}, "differ in length"),
    ],
)
def test_a_caller_s_mistake_is_400_in_the_protocol_s_shape(body, message, make_client):
    answer = make_client().post(PREDICT, body)
    assert answer.status == 400
    assert list(answer.json) == ["error"]
    assert message in answer.json["error"]


def test_null_is_refused_where_the_model_does_not_take_it(make_client):
    answer = make_client("purchase").post("/v1/models/purchase:predict", {"instances": [[None, 1, 2]]})
    assert (answer.status, "age: may not be null" in answer.json["error"]) == (400, True)


def test_models_are_named_and_unknown_ones_reported(make_client):
    client = make_client("iris", "wine")
    assert client.get("/v1/models").json == {"models": ["iris", "wine"]}
    assert client.get("/v1/models/wine").json == {"name": "wine", "ready": True}
    for answer in (client.get("/v1/models/nope"), client.post("/v1/models/nope:predict", {"instances": []})):
        assert (answer.status, answer.json) == (404, {"error": "Model with name nope does not exist."})
    wrong = client.get(PREDICT)
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


def test_probabilities_and_labels_on_request(make_client):
    found = make_client("churn").post("/v1/models/churn:predict?proba=1&labels=1", {
        "instances": [{"tenure_months": 2, "monthly_charges": 99, "support_calls": 7, "contract": "month-to-month",
                       "internet": "fibre", "payment": None}]}).json  # fmt: skip
    assert found["predictions"] == ["yes"]
    assert found["labels"] == ["leaves"]
    assert found["probabilities"][0][1] > 0.5


@pytest.mark.parametrize("content_type", ["text/csv", "application/octet-stream", "application/vnd.apache.parquet"])
def test_a_body_that_says_it_is_no_json_is_415(content_type, make_client):
    answer = make_client().post(PREDICT, b"1,2,3,4", {"Content-Type": content_type})
    assert (answer.status, list(answer.json)) == (415, ["error"])


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "text/plain", "application/x-json"],
)
def test_json_is_read_under_any_name_that_clients_give_it(content_type, make_client):
    assert make_client().post(PREDICT, {"instances": [FLOWER]}, {"Content-Type": content_type}).json == {
        "predictions": [0]
    }


@given(st.lists(st.lists(st.floats(0, 9), min_size=4, max_size=4), max_size=12))
def test_every_form_and_every_height_get_the_same_answers(rows):
    records = [dict(zip(NAMED, row, strict=True)) for row in rows]
    answers = predict(rows)
    assert answers == predict(records) == predict([[each] for each in records], "inputs")
    assert answers == predict([{name: [value] for name, value in each.items()} for each in records])
    assert answers == [answer for row in rows for answer in predict([row])]


cells = st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats(allow_nan=False) | st.text(max_size=3)
pieces = st.recursive(
    cells,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.sampled_from([*NAMED, "a"]), inner, max_size=4)
    ),
    max_leaves=9,
)


@given(st.sampled_from(["iris", "churn"]), st.sampled_from(["instances", "inputs", "x"]), st.lists(pieces, min_size=1))
def test_nonsense_is_answered_or_refused_and_never_a_fault(name, key, rows):
    failure = refusal(rows, key, name)
    assert failure is None or (
        failure.status == 400 and kserve_v1.render_error(failure, "") == {"error": failure.message}
    )
