"""KServe's first protocol, row by row of what its own server does and what it should do."""

import pytest

FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMED = dict(zip(["sepal_length", "sepal_width", "petal_length", "petal_width"], FLOWER, strict=True))
PREDICT = "/v1/models/iris:predict"


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
    ("body", "said"),
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
def test_a_caller_s_mistake_is_400_in_the_protocol_s_shape(body, said, make_client):
    answer = make_client().post(PREDICT, body)
    assert answer.status == 400
    assert list(answer.json) == ["error"]
    assert said in answer.json["error"]


def test_null_is_refused_where_the_model_does_not_take_it(make_client):
    answer = make_client("purchase").post("/v1/models/purchase:predict", {"instances": [[None, 1, 2]]})
    assert (answer.status, "age: may not be null" in answer.json["error"]) == (400, True)


def test_models_are_named_and_unknown_ones_said(make_client):
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
