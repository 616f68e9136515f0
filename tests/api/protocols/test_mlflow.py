"""MLflow's own request forms get its answer, and its shape of an error."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline.routes import INVOCATIONS
from api.protocols import mlflow
from api.protocols.message import Request
from tests.helpers.server import ask, model

ROW = {"age": 30, "new_user": 0, "total_pages_visited": 20}
MODELS = Models([model("purchase"), model("churn")], 1000)


def invoke(body, content_type="application/json", name="purchase"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads(ask(INVOCATIONS, MODELS, name, Request(content, {"CONTENT_TYPE": content_type})).body)[
        "predictions"
    ]


def refusal(*args, **more):
    try:
        invoke(*args, **more)
    except ApiError as failure:
        return failure
    return None


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
    ("body", "content_type", "status", "code", "message"),
    [
        ({}, "application/json", 400, "BAD_REQUEST", "exactly one of"),
        ({"inputs": [ROW], "instances": []}, "application/json", 400, "BAD_REQUEST", "exactly one of"),
        (b"no", "application/json", 400, "BAD_REQUEST", "is not JSON"),
        ({"inputs": {"age": [1, 2], "new_user": [1]}}, "application/json", 400, "BAD_REQUEST", "differ in length"),
        ({"inputs": {}}, "application/json", 422, "INVALID_PARAMETER_VALUE", "age: is missing"),
        ({"inputs": {"q": []}}, "application/json", 422, "INVALID_PARAMETER_VALUE", "q: is not a feature"),
        (
            {"dataframe_split": {"columns": ["q"], "data": []}},
            "application/json",
            422,
            "INVALID_PARAMETER_VALUE",
            "q: ",
        ),
        (
            {"dataframe_split": {"columns": [*ROW, "age"], "data": [[1, 2, 3, 4]]}},
            "application/json",
            400,
            "INVALID_PARAMETER_VALUE",
            "twice",
        ),
        (
            {"dataframe_split": {"columns": [*ROW, "q"], "data": [[1, 2, 3, 4]]}},
            "application/json",
            422,
            "INVALID_PARAMETER_VALUE",
            "q: is not a feature",
        ),
        (
            {"dataframe_split": {"columns": [*ROW], "data": [[1, 2, 3]], "index": [0, 1]}},
            "application/json",
            400,
            "BAD_REQUEST",
            "one entry for each row",
        ),
        ({"inputs": [{"age": 1}]}, "application/json", 422, "INVALID_PARAMETER_VALUE", "new_user: is missing"),
        (b"age,new_user,total_pages_visited\nx,1,2\n", "text/csv", 422, "INVALID_PARAMETER_VALUE", "row 0, age"),
        (b"x", "application/vnd.apache.parquet", 415, "BAD_REQUEST", "is not supported"),
    ],
)
def test_a_mistake_has_mlflow_s_shape(body, content_type, status, code, message, make_client):
    answer = make_client("purchase").post("/invocations", body, {"Content-Type": content_type})
    assert (answer.status, answer.json["error_code"]) == (status, code)
    assert message in answer.json["message"]


def test_ping_and_version(make_client):
    client = make_client()
    assert client.get("/ping").body == b"\n"
    assert client.get("/version").body.decode() == client.service.models.default.version


@given(st.lists(st.tuples(st.integers(15, 90), st.integers(0, 1), st.floats(0, 30)), min_size=1, max_size=12))
def test_every_form_and_every_height_get_the_same_answers(table):
    rows, names = [list(row) for row in table], list(ROW)
    records = [dict(zip(names, row, strict=True)) for row in rows]
    file = io.StringIO()
    csv.writer(file).writerows([names, *rows])
    answers = invoke({"instances": rows})
    assert answers == invoke({"dataframe_split": {"columns": names, "data": rows}})
    assert answers == invoke({"dataframe_records": records})
    assert answers == invoke({"inputs": {name: [each[name] for each in records] for name in names}})
    assert answers == invoke(file.getvalue().encode(), "text/csv")
    assert answers == [answer for row in rows for answer in invoke({"instances": [row]})]


pieces = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.sampled_from([*ROW, "columns", "data"]), inner, max_size=4)
    ),
    max_leaves=9,
)
SHAPE = {"BAD_REQUEST", "INVALID_PARAMETER_VALUE"}


@given(st.sampled_from(["purchase", "churn"]), st.sampled_from([*mlflow.FORMS, "x"]), pieces)
def test_nonsense_is_answered_or_refused_and_never_a_fault(name, form, rows):
    failure = refusal({form: rows or 1}, name=name)
    assert failure is None or (failure.status in (400, 422) and mlflow.render_error(failure, "")["error_code"] in SHAPE)


@given(st.binary(max_size=60) | st.text('ab,\n"1.\0', max_size=40).map(str.encode), st.sampled_from(["text/csv", ""]))
def test_no_bytes_are_a_fault(body, content_type):
    failure = refusal(body, content_type)
    assert failure is None or failure.status in (400, 422)
