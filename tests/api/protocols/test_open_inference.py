"""The Open Inference Protocol, in JSON and in bytes."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.transport.test_fast_path import FAST
from tests.helpers.server import Client

FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
INFER = "/v2/models/iris/infer"


def tensor(data, shape, datatype="FP64", name="X", **more):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **more}


def infer(client, *inputs, path=INFER, **more):
    return client.post(path, {"inputs": list(inputs), **more})


@pytest.mark.parametrize(
    "inputs",
    [
        [tensor(FLOWER, [1, 4])],
        [tensor([FLOWER], [1, 4], "FP32", "anything")],
        [tensor(FLOWER, [4])],
        [tensor(FLOWER, [1, 4], "fp64")],
        [tensor([5, 3, 1, 0], [1, 4], "INT64")],
        [tensor([5, 3, 1, 0], [1, 4], "UINT8")],
        [tensor([value], [1], name=name) for name, value in zip(NAMES, FLOWER, strict=True)],
        [tensor([value], [1, 1], name=name) for name, value in reversed(list(zip(NAMES, FLOWER, strict=True)))],
    ],
)
def test_rows_come_as_one_tensor_or_as_columns(inputs, make_client):
    answer = infer(make_client(), *inputs, id="mine", parameters={"content_type": "pd"})
    assert answer.status == 200, answer.body
    assert answer.json["id"] == "mine"
    assert (answer.json["model_name"], len(answer.json["model_version"])) == ("iris", 12)
    assert answer.json["outputs"] == [{"name": "predict", "shape": [1], "datatype": "INT64", "data": [0]}]


def test_outputs_are_those_asked_for(make_client):
    names = ["output-0", "predict_proba", "labels"]
    outputs = [{"name": name} for name in names] + [{"name": "predict", "parameters": {"classification": 2}}]
    found = infer(make_client(), tensor([FLOWER, FLOWER], [2, 4]), outputs=outputs).json["outputs"]
    assert [(each["name"], each["datatype"], each["shape"]) for each in found] == [
        ("output-0", "INT64", [2]), ("predict_proba", "FP64", [2, 3]),
        ("labels", "BYTES", [2]), ("predict", "BYTES", [2, 2]),
    ]  # fmt: skip
    assert found[2]["data"] == ["Iris-setosa", "Iris-setosa"]
    assert found[3]["data"][0].endswith(":0:Iris-setosa")


def test_a_mixed_model_takes_a_column_a_feature_and_answers_words(make_client):
    client = make_client("churn")
    columns = [
        tensor([1, 60], [2], "INT64", "tenure_months"), tensor([99.0, None], [2], "FP64", "monthly_charges"),
        tensor([7, 0], [2, 1], "INT32", "support_calls"),
        tensor(["month-to-month", "two years"], [2], "BYTES", "contract"),
        tensor(["fibre", None], [2], "BYTES", "internet"), tensor(["card", "new"], [2], "BYTES", "payment"),
    ]  # fmt: skip
    found = infer(client, *columns, path="/v2/models/churn/infer").json
    assert found["outputs"][0] == {"name": "predict", "shape": [2], "datatype": "BYTES", "data": ["yes", "no"]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "inputs must be"),
        ({"inputs": []}, "inputs must be"),
        (b"{", "is not JSON"),
        ({"inputs": [tensor(FLOWER, [1, 4], "FP99")]}, "datatype must be one of"),
        ({"inputs": [tensor(FLOWER, [2, 4])]}, "needs 8 elements, data has 4"),
        ({"inputs": [tensor([1, 2], [1, 2])]}, "expected a tensor of shape [-1, 4]"),
        ({"inputs": [tensor(FLOWER, [-1, 4])]}, "shape must be"),
        ({"inputs": [tensor(FLOWER, [1, 4], "FP16")]}, "FP16 has no JSON form"),
        ({"inputs": [tensor([1, 2, 3, "x"], [1, 4])]}, "FP64 data holds str"),
        ({"inputs": [tensor([1, 2, 3, 300], [1, 4], "UINT8")]}, "does not fit UINT8"),
        ({"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP64"}]}, "data must be a list"),
        ({"inputs": [tensor([1], [1], name="a"), tensor([1], [1], name="a")]}, "name of its own"),
        ({"inputs": [tensor([1], [1], name="a"), tensor([1], [1], name="b")]}, "a: is not a feature"),
        ({"inputs": [tensor(FLOWER, [1, 4])], "outputs": [{"name": "zzz"}]}, "Unexpected inference output 'zzz'"),
        ({"inputs": [tensor(FLOWER, [1, 4], parameters=5)]}, "parameters must be an object"),
    ],
)
def test_a_mistake_is_400_in_the_protocol_s_shape(body, message, make_client):
    answer = make_client().post(INFER, body)
    assert answer.status == 400
    assert list(answer.json) == ["error"]
    assert message in answer.json["error"]


def test_null_is_nan_where_the_model_takes_it_and_refused_elsewhere(make_client):
    assert infer(make_client(), tensor([None, 3.5, 1.4, 0.2], [1, 4])).status == 200
    refused = infer(make_client("purchase"), tensor([None, 1, 2], [1, 3]), path="/v2/models/purchase/infer")
    assert (refused.status, "age: may not be null" in refused.json["error"]) == (400, True)


def test_the_rest_of_the_protocol(make_client):
    client = make_client("iris", "churn")
    version = client.service.models.default.version
    for path in ("/v2", "/v2/"):
        assert "binary_tensor_data" in client.get(path).json["extensions"]
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True}
    assert client.get("/v2/models").json == {"models": ["iris", "churn"]}
    iris, churn = (client.get(f"/v2/models/{name}").json for name in ("iris", "churn"))
    assert (iris["versions"], iris["platform"]) == ([version], "onnx_onnxv1")
    assert iris["inputs"] == [{"name": "X", "datatype": "FP64", "shape": [-1, 4]}]
    assert [each["datatype"] for each in churn["inputs"]] == ["FP64"] * 3 + ["BYTES"] * 3
    assert [each["name"] for each in churn["outputs"]] == ["predict", "predict_proba", "labels"]
    assert client.get(f"/v2/models/iris/versions/{version}/ready").json == {"name": "iris", "ready": True}
    assert infer(client, tensor(FLOWER, [1, 4]), path=f"/v2/models/iris/versions/{version}/infer").status == 200
    assert client.get("/v2/models/iris/versions/1").status == 404
    assert client.get("/v2/models/nope").json == {"error": "Model with name nope does not exist."}
    assert [each["state"] for each in client.post("/v2/repository/index", {}).json] == ["READY", "READY"]
    assert client.post("/v2/repository/models/iris/load", {}).status == 501


def framed(raw, *inputs, **more):
    header = json.dumps({"inputs": list(inputs), **more}).encode()
    return header + raw, {
        "Inference-Header-Content-Length": str(len(header)),
        "Content-Type": "application/octet-stream",
    }


def described(name, shape, datatype, size):
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}


def test_binary_in_and_binary_out(make_client):
    raw = np.array([FLOWER, [6.7, 3.0, 5.2, 2.3]], dtype="<f4").tobytes()
    outputs = [{"name": "predict"}, {"name": "predict_proba", "parameters": {"binary_data": False}}]
    body, headers = framed(
        raw, described("X", [2, 4], "FP32", len(raw)), parameters={"binary_data_output": True}, outputs=outputs
    )
    answer = make_client().post(INFER, body, headers)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    size = int(answer.headers["inference-header-content-length"])
    found = json.loads(answer.body[:size])["outputs"]
    assert found[0] == {"name": "predict", "shape": [2], "datatype": "INT64", "parameters": {"binary_data_size": 16}}
    assert struct.unpack("<2q", answer.body[size:]) == (0, 2)
    assert len(found[1]["data"]) == 6


def test_binary_texts_and_json_mix(make_client):
    words = b"".join(len(w).to_bytes(4, "little") + w for w in (b"month-to-month",))
    columns = [tensor([value], [1], name=name) for name, value in
               (("tenure_months", 1.0), ("monthly_charges", 99.0), ("support_calls", 8.0))]  # fmt: skip
    texts = [tensor(["fibre"], [1], "BYTES", "internet"), tensor(["card"], [1], "BYTES", "payment")]
    body, headers = framed(words, *columns, described("contract", [1], "BYTES", len(words)), *texts,
                           outputs=[{"name": "labels", "parameters": {"binary_data": True}}])  # fmt: skip
    answer = make_client("churn").post("/v2/models/churn/infer", body, headers)
    assert answer.body.endswith(b"\x06\x00\x00\x00leaves")


@pytest.mark.parametrize(
    ("size", "raw", "length", "message"),
    [
        (32, b"x" * 31, None, "the body does not have"),
        (31, b"x" * 31, None, "need 32 bytes, got 31"),
        (32, b"x" * 33, None, "1 bytes follow the last tensor"),
        (-1, b"", None, "the body does not have"),
        (32, b"x" * 32, "99999", "must be the size of the JSON part"),
        (32, b"x" * 32, "-3", "must be the size of the JSON part"),
    ],
)
def test_frames_that_do_not_add_up_are_refused(size, raw, length, message, make_client):
    body, headers = framed(raw, described("X", [1, 4], "FP64", size))
    headers |= {"Inference-Header-Content-Length": length} if length else {}
    answer = make_client().post(INFER, body, headers)
    assert (answer.status, message in answer.json["error"]) == (400, True), answer.body


def test_bytes_without_the_length_header_are_refused(make_client):
    answer = make_client().post(INFER, b"{}", {"Content-Type": "application/octet-stream"})
    assert "inference-header-content-length is missing" in answer.json["error"]


@given(st.lists(st.lists(st.floats(0, 9, width=32), min_size=4, max_size=4), min_size=1, max_size=20))
def test_json_and_bytes_get_the_same_answers(rows):
    shape = [len(rows), 4]
    wanted = infer(FAST, tensor(rows, shape), outputs=[{"name": "predict_proba"}]).json["outputs"][0]["data"]
    raw = np.array(rows, dtype="<f8").tobytes()
    body, headers = framed(raw, described("X", shape, "FP64", len(raw)), outputs=[{"name": "predict_proba"}])
    assert FAST.post(INFER, body, headers).json["outputs"][0]["data"] == wanted


pieces = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.text(max_size=4) | st.sampled_from(["FP64", "BYTES", "X"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)
keys = dict.fromkeys(("name", "shape", "datatype", "data"), pieces)
odd = st.fixed_dictionaries({}, optional={**keys, "parameters": st.dictionaries(st.just("binary_data_size"), pieces)})


@given(st.lists(odd, max_size=3), pieces, st.binary(max_size=60), st.sampled_from([None, "0", "40", "x"]))
def test_nothing_but_an_error_in_shape_comes_of_nonsense(inputs, outputs, raw, length):
    body, headers = framed(raw, *inputs, outputs=outputs)
    answer = Client(FAST.application).post(
        INFER, body, headers | ({"Inference-Header-Content-Length": length} if length else {})
    )
    assert answer.status in (200, 400, 413)
    assert answer.status == 200 or list(answer.json) == ["error"]
