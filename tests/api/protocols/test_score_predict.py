"""The tutorials' own requests get the tutorials' own answers, and never a 500."""

import pytest

from tests.helpers.bundles import SAMPLES

FLOWER = [5.1, 3.5, 1.4, 0.2]
WINE = [7.4, 0.7, 0.0, 1.9, 0.076, 11, 34, 0.9978, 3.51, 0.56, 9.4]
NAMED = dict(zip(["sepal_length", "sepal_width", "petal_length", "petal_width"], FLOWER, strict=True))


def test_tutorial_4_s_curl_is_answered_to_the_byte(make_client):
    answer = make_client("echo").post("/score", b'{"X":[1,2]}', {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.body) == (200, b'{"score":[1,2]}')


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/json; charset=utf-8"])
def test_score_reads_any_content_type_as_json(content_type, make_client):
    assert make_client().post("/score", {"X": FLOWER}, {"Content-Type": content_type}).json == {"score": [0]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"input": FLOWER}, {"prediction": [0]}),
        ({"input": [FLOWER, FLOWER]}, {"prediction": [0, 0]}),
        ({"data": [FLOWER]}, {"pred": [0]}),
        ({"data": FLOWER}, {"pred": [0]}),
        ({"instances": [FLOWER]}, {"predictions": [0]}),
        ({"inputs": [NAMED]}, {"predictions": [0]}),
        ({"dataframe_split": {"columns": list(NAMED), "data": [FLOWER]}}, {"predictions": [0]}),
        ({"dataframe_records": [NAMED]}, {"predictions": [0]}),
        (NAMED, {"species": 0}),
        ([NAMED, NAMED], {"prediction": [0, 0]}),
    ],
)
def test_predict_answers_under_the_caller_s_key(body, expected, make_client):
    answer = make_client().post("/predict", body)
    assert (answer.status, answer.json) == (200, expected)


def test_the_wine_record_answers_quality_with_its_header(make_client):
    client = make_client("wine")
    names = client.service.models.default.signature.names
    answer = client.post("/predict", dict(zip(names, WINE, strict=True)))
    assert 0 <= answer.json["quality"] <= 10
    assert float(answer.headers["x-model-score"]) == answer.json["quality"]


@pytest.mark.parametrize(
    ("model", "body", "status", "message"),
    [
        ("wine", {"data": [[1, 2]]}, 400, "column must be of length 11"),
        ("wine", {"data": [1, 2]}, 400, "column must be of length 11"),
        ("wine", b"hello", 400, "Request body must be JSON"),
        ("wine", b"", 400, "Request body must be JSON"),
        ("wine", {"data": "bad data"}, 400, "expected a list of rows, got a string"),
        ("wine", {}, 422, "is missing"),
        ("iris", {"input": [1, 2, 3, 4], "data": [1, 2, 3, 4]}, 400, "several keys"),
        ("iris", {**NAMED, "petal_width": "bad data"}, 422, "petal_width: expected a number, got a string"),
        ("iris", 5, 400, "expected an object"),
        ("iris", {"input": FLOWER, "sepal_width": 1}, 400, "sepal_width stands beside it"),
        ("iris", {"dataframe_split": [1]}, 400, "dataframe_split must hold"),
        ("iris", {"dataframe_split": {"columns": 5, "data": []}}, 400, "must be a list of names"),
    ],
)
def test_a_caller_s_mistake_is_a_4xx_in_words(model, body, status, message, make_client):
    answer = make_client(model).post("/predict", body)
    assert answer.status == status
    assert message in answer.json["message"]
    assert answer.json["detail"]
    assert answer.json["error"]["request_id"] == answer.headers["x-request-id"]


def test_predict_by_query(make_client):
    client = make_client("purchase")
    assert client.get("/predict?age=30&new_user=0&total_pages_visited=20").json == {"prediction": [1]}
    missing = client.get("/predict?age=30&new_user=x")
    assert missing.status == 422
    assert {fault["loc"][2] for fault in missing.json["detail"]} == {"new_user", "total_pages_visited"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("age=30&new_user=0&total_pages_visited=20&age=31", "age stands in the query twice"),
        ("age=30&new_user=0&total_pages_visited=20&proba=0&proba=1", "proba stands in the query twice"),
        ("age=30&new_user=0&total_pages_visited=20%ff", "not in UTF-8"),
        ("age=30&new_user=0&total_pages_visited=20&\u00e9=1", "percent-encoded"),
        ("age=30&new_user=0&total_pages_visited=9007199254740993", "cannot hold exactly"),
    ],
)
def test_a_query_that_two_readers_could_read_differently_is_refused(query, reason, make_client):
    answer = make_client("purchase").get(f"/predict?{query}")
    assert answer.status in (400, 422)
    assert reason in answer.json["message"]


CSV = b"age,new_user,total_pages_visited\n30,0,20\n40,1,1\n"


def upload(client, content, headers=None, field="file"):
    body = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="f.csv"\r\n\r\n%s\r\n--x--\r\n' % (
        field.encode(),
        content,
    )
    return client.post("/predict_file", body, {"Content-Type": "multipart/form-data; boundary=x", **(headers or {})})


def test_a_file_is_answered_as_json_or_with_a_column_more(make_client):
    client = make_client("purchase")
    assert upload(client, CSV).json == {"predictions": [1, 0]}
    assert client.post("/predict_file", CSV, {"Content-Type": "text/csv"}).json == {"predictions": [1, 0]}
    answer = upload(client, CSV, {"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.decode().splitlines() == [
        "age,new_user,total_pages_visited,prediction", "30,0,20,1", "40,1,1,0"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"age,new_user,total_pages_visited\n30,x,20\n", 422, "row 0, new_user"),
        (b"age,new_user\n30,0\n", 422, "total_pages_visited: is missing"),
        (b"age,new_user,total_pages_visited\n30,0\n", 400, "row 0 has 2 cells, the header 3"),
        (b"age\n", 400, "must have a header and at least one row"),
        (b"\xff\xfe\n\n", 400, "not a CSV table in UTF-8"),
        (b"", 400, "must have a header"),
    ],
)
def test_a_bad_file_is_reported(content, status, message, make_client):
    answer = upload(make_client("purchase"), content)
    assert answer.status == status
    assert message in answer.json["message"]


def test_a_form_without_the_file_is_reported(make_client):
    answer = upload(make_client("purchase"), CSV, field="other")
    assert (answer.status, answer.json["error"]["code"]) == (400, "malformed")


def test_probabilities_and_labels_come_beside_on_request(make_client):
    answer = make_client().post("/score?proba=1&labels=1", {"X": FLOWER}).json
    assert answer["score"] == [0]
    assert answer["labels"] == ["Iris-setosa"]
    assert sum(answer["probabilities"][0]) == pytest.approx(1)
    refused = make_client("wine").post("/score?proba=1", {"X": WINE})
    assert (refused.status, refused.json["error"]["code"]) == (400, "no_probabilities")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_bundle_answers_its_golden_rows(name, make_client):
    client = make_client(name)
    golden = client.service.models.default.manifest.golden
    answer = client.post("/score", {"X": [list(row) for row in golden.rows]}).json["score"]
    assert answer == pytest.approx(list(golden.predict)) if name in ("wine", "echo") else answer == list(golden.predict)
