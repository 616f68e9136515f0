"""MLflow's own request forms get its answer, and its shape of an error."""

import pytest

ROW = {"age": 30, "new_user": 0, "total_pages_visited": 20}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": list(reversed(ROW)), "data": [list(reversed(ROW.values()))]}},
        {"dataframe_records": [ROW]},
        {"instances": [list(ROW.values())]},
        {"inputs": [ROW]},
        {"inputs": {name: [value] for name, value in ROW.items()}},
        {"inputs": {name: [[value]] for name, value in ROW.items()}, "params": {"x": 1}},
    ],
)
def test_each_form_is_answered(body, make_client):
    answer = make_client("purchase").post("/invocations", body, {"Content-Type": "application/json"})
    assert (answer.status, answer.json) == (200, {"predictions": [1]})


def test_csv_is_read_by_name(make_client):
    content = b"extra,total_pages_visited,age,new_user\nx,20,30,0\ny,1,40,1\n"
    answer = make_client("purchase").post("/invocations", content, {"Content-Type": "text/csv; charset=utf-8"})
    assert answer.json == {"predictions": [1, 0]}
    gaps = b"tenure_months,monthly_charges,support_calls,contract,internet,payment\n1,,9,month-to-month,,card\n"
    assert make_client("churn").post("/invocations", gaps, {"Content-Type": "text/csv"}).json == {
        "predictions": ["yes"]
    }


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code", "said"),
    [
        ({}, "application/json", 400, "BAD_REQUEST", "exactly one of"),
        ({"inputs": [ROW], "instances": []}, "application/json", 400, "BAD_REQUEST", "exactly one of"),
        (b"no", "application/json", 400, "BAD_REQUEST", "is not JSON"),
        ({"inputs": {"age": [1, 2], "new_user": [1]}}, "application/json", 400, "BAD_REQUEST", "differ in length"),
        ({"inputs": [{"age": 1}]}, "application/json", 422, "INVALID_PARAMETER_VALUE", "new_user: is missing"),
        (b"age,new_user,total_pages_visited\nx,1,2\n", "text/csv", 422, "INVALID_PARAMETER_VALUE", "row 0, age"),
        (b"x", "application/vnd.apache.parquet", 415, "BAD_REQUEST", "is not taken"),
    ],
)
def test_a_mistake_has_mlflow_s_shape(body, content_type, status, code, said, make_client):
    answer = make_client("purchase").post("/invocations", body, {"Content-Type": content_type})
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert said in answer.json["message"]


def test_ping_and_version(make_client):
    client = make_client()
    assert client.get("/ping").body == b"\n"
    assert client.get("/version").body.decode() == client.service.models.default.version
