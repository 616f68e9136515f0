"""CloudEvents in both forms, and what is no whole event."""

import json
from base64 import b64encode

import pytest

ROWS = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
PATH = "/v1/models/iris:predict"
EVENT = {"specversion": "1.0", "id": "7", "source": "a-test", "type": "a.request"}
BINARY = {f"ce-{name}": value for name, value in EVENT.items()}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}


def test_an_event_in_headers_is_answered_in_headers(make_client):
    answer = make_client("iris").post(PATH, ROWS, {**BINARY, "Content-Type": "application/json"})
    assert (answer.status, answer.json) == (200, {"predictions": [0]})
    assert answer.headers["ce-type"] == "io.kserve.inference.response"
    assert answer.headers["ce-source"] == "io.kserve.inference.iris"
    assert answer.headers["ce-id"] != "7"


@pytest.mark.parametrize("data", [{"data": ROWS}, {"data_base64": b64encode(json.dumps(ROWS).encode()).decode()}])
def test_an_event_in_json_is_answered_in_json(data, make_client):
    answer = make_client("iris").post(PATH, {**EVENT, **data}, STRUCTURED)
    assert answer.headers["content-type"] == "application/cloudevents+json"
    assert answer.json["data"] == {"predictions": [0]}
    assert answer.json["source"] == "io.kserve.inference.iris"


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (ROWS, {"ce-specversion": "1.0"}, "id, source, type is missing"),
        ({"data": ROWS}, STRUCTURED, "specversion, id, source, type is missing"),
        ([], STRUCTURED, "the event is no object"),
        ({**EVENT, "data_base64": "%"}, STRUCTURED, "data_base64 is not base64"),
        ({**EVENT, "data_base64": "e30=", "data": ROWS}, STRUCTURED, "data and data_base64"),
        ({**EVENT, "data": {"instances": [[10**30 + 1, 1, 1, 1]]}}, STRUCTURED, "sepal_length"),
        (json.dumps({**EVENT, "data": 1}).encode()[:-1] + b',"data":2}', STRUCTURED, "key twice"),
        ({**EVENT, "data": {"instances": [["wide"]]}}, STRUCTURED, "X has 1 features"),
        (b"{", STRUCTURED, "not JSON"),
    ],
)
def test_what_is_no_whole_event_is_refused(body, headers, message, make_client):
    answer = make_client("iris").post(PATH, body, headers)
    assert (answer.status, message in answer.json["error"]) == (400, True), answer.body
