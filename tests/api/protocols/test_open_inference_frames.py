"""The binary tensor extension to the byte: what goes in, what comes out, what is refused."""

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline.routes import INFER
from api.protocols.message import Request
from tests.helpers.server import ask, model

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
LENGTH = "inference-header-content-length"
KIND = {"CONTENT_TYPE": "application/octet-stream"}
GIVEN = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH"
MODELS = Models([model(name) for name in ("iris", "purchase", "churn")], 1000)


def infer(raw, inputs, name="iris", length=None, **more):
    header = json.dumps({"inputs": inputs, **more}).encode()
    headers = {GIVEN: str(len(header)) if length is None else length}
    return ask(INFER, MODELS, name, Request(header + raw, KIND | headers))


def binary(raw, shape, datatype, name="X"):
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": len(raw)}}


def plain(data, shape, datatype="FP64", name="X"):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def outputs(reply):
    size = int(dict(reply.headers).get(LENGTH, len(reply.body)))
    return json.loads(reply.body[:size])["outputs"], reply.body[size:]


def texts(*words):
    return b"".join(struct.pack("<I", len(word.encode())) + word.encode() for word in words)


def refused(*args, **more):
    with pytest.raises(ApiError) as caught:
        infer(*args, **more)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize("code", ["<u1", "<u2", "<u4", "<u8", "<i1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8"])
def test_each_number_type_is_read_little_endian(code):
    raw = np.array(FLOWERS).astype(code).tobytes()
    datatype = {"u": "UINT", "i": "INT", "f": "FP"}[code[1]] + str(int(code[2]) * 8)
    answers, _ = outputs(infer(raw, [binary(raw, [2, 4], datatype)]))
    as_json, _ = outputs(infer(b"", [plain(np.array(FLOWERS).astype(code).astype("f8").tolist(), [2, 4])]))
    assert answers == as_json


def test_a_whole_answer_to_the_byte():
    raw = np.array(FLOWERS).tobytes()
    asked = [{"name": name} for name in ("predict", "labels", "output-0")]
    reply = infer(raw, [binary(raw, [2, 4], "FP64")], id="i", parameters={"binary_data_output": True}, outputs=asked)
    header = (
        f'{{"model_name":"iris","model_version":"{model("iris").version}","id":"i","outputs":['
        '{"name":"predict","shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}},'
        '{"name":"labels","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":33}},'
        '{"name":"output-0","shape":[2],"datatype":"INT64","parameters":{"binary_data_size":16}}]}'
    )
    numbers = struct.pack("<2q", 0, 2)
    assert reply.body == header.encode() + numbers + texts("Iris-setosa", "Iris-virginica") + numbers
    assert reply.content_type == "application/octet-stream"
    assert reply.headers == ((LENGTH, str(len(header))),)


@pytest.mark.parametrize(
    ("whole", "flag", "binary_out"),
    [(True, None, True), (True, False, False), (False, True, True), (None, True, True), (None, None, False)],
)
def test_an_output_s_own_flag_wins(whole, flag, binary_out):
    output = {"name": "predict", "parameters": {} if flag is None else {"binary_data": flag}}
    parameters = {} if whole is None else {"binary_data_output": whole}
    (found,), rest = outputs(infer(b"", [plain(FLOWERS, [2, 4])], parameters=parameters, outputs=[output]))
    assert (rest == struct.pack("<2q", 0, 2), "data" not in found) == (binary_out, binary_out)


def test_json_and_binary_inputs_mix_and_words_have_their_length_before_them():
    words, numbers = texts("month-to-month", "two years"), struct.pack("<2f", 99, 20)
    inputs = [
        plain([1, 60], [2], "INT64", "tenure_months"), binary(numbers, [2, 1], "FP32", "monthly_charges"),
        plain([[7], [0]], [2, 1], "INT32", "support_calls"), binary(words, [2], "BYTES", "contract"),
        plain(["fibre", None], [2], "BYTES", "internet"), plain(["card", "new"], [2], "BYTES", "payment"),
    ]  # fmt: skip
    reply = infer(numbers + words, inputs, "churn", parameters={"binary_data_output": True})
    assert outputs(reply)[1] == texts("yes", "no")


@pytest.mark.parametrize(
    ("raw", "size", "shape", "datatype", "message"),
    [
        (b"x" * 31, 31, [1, 4], "FP64", "need 32 bytes, got 31"),
        (b"x" * 31, 32, [1, 4], "FP64", "the body does not have"),
        (b"x" * 33, 32, [1, 4], "FP64", "1 bytes follow the last tensor"),
        (b"x" * 32, True, [1, 4], "FP64", "the body does not have"),
        (b"", 0, [2**40, 4], "FP64", "the shape is larger"),
        (b"", 0, [0, 10**30], "FP64", "the shape is larger"),
        (b"x" * 8, 8, [1] * 65, "FP64", "shape must be that of a column"),
        (b"x" * 32, 32, [-1, 4], "FP64", "shape must be a list of sizes"),
        (b"x" * 32, 32, [], "FP64", "shape must be that of a column"),
        (b"x" * 32, 32, [4.0], "FP64", "shape must be a list of sizes"),
        (b"\2\0\1\1", 4, [1, 4], "BOOL", "a BOOL is a byte of 0 or 1"),
        (b"\0" * 4, 4, [2**28], "BYTES", "need at least 1073741824 bytes, got 4"),
        (struct.pack("<I", 9) + b"abc", 7, [1], "BYTES", "ends within element 0"),
        (texts("a") + b"zz", 7, [1], "BYTES", "2 bytes follow the last element"),
        (struct.pack("<I", 1) + b"\xff", 5, [1], "BYTES", "an element is not UTF-8"),
    ],
)
def test_a_tensor_that_does_not_add_up_is_refused(raw, size, shape, datatype, message):
    described = {"name": "X", "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}
    assert message in refused(raw, [described])


@pytest.mark.parametrize("length", ["9" * 5000, "-3", "", "x", "1e2", "99999", "\u0663"])
def test_a_length_that_is_none_is_refused(length):
    assert "must be the size of the JSON part" in refused(b"", [plain(FLOWERS, [2, 4])], length=length)


def test_nan_is_a_missing_value_in_bytes_as_well():
    raw = np.array([[np.nan, 3.5, 1.4, 0.2]]).tobytes()
    assert outputs(infer(raw, [binary(raw, [1, 4], "FP64")])) == outputs(
        infer(b"", [plain([None, 3.5, 1.4, 0.2], [1, 4])])
    )
    raw = np.array([[np.nan, 1, 2]]).tobytes()
    assert "age: may not be null" in refused(raw, [binary(raw, [1, 3], "FP64")], "purchase")


def test_a_large_tensor_reaches_the_model_as_the_array_that_it_is(monkeypatch):
    seen = []
    monkeypatch.setattr(MODELS, "read", lambda _, rows, names: seen.append((rows, names)) or rows)
    raw = np.tile(np.array(FLOWERS, "<f8"), (500, 1)).tobytes()
    infer(raw, [binary(raw, [1000, 4], "FP64")])
    assert (type(seen[0][0]), seen[0][0].base is not None, seen[0][1]) == (np.ndarray, True, None)


flowers = st.lists(st.lists(st.floats(0, 9, width=32), min_size=4, max_size=4), max_size=20)


@given(flowers)
def test_columns_a_table_and_single_rows_get_the_same_answers(rows):
    table, asked = np.array(rows, "<f8").reshape(-1, 4), [{"name": "predict"}, {"name": "predict_proba"}]
    whole, _ = outputs(infer(table.tobytes(), [binary(table.tobytes(), [len(rows), 4], "FP64")], outputs=asked))
    raws = {name: table[:, place].tobytes() for place, name in enumerate(NAMES)}
    columns = [binary(raw, [len(rows), 1], "FP64", name) for name, raw in raws.items()]
    assert outputs(infer(b"".join(raws.values()), columns, outputs=asked))[0] == whole
    single = [outputs(infer(b"", [plain(row, [4])], outputs=asked))[0] for row in rows]
    assert [answer for each in single for answer in each[0]["data"]] == whole[0]["data"]
    assert [p for each in single for p in each[1]["data"]] == pytest.approx(whole[1]["data"], abs=1e-6)


@given(st.binary(max_size=80), st.none() | st.text(max_size=6), st.sampled_from(["iris", "churn"]))
def test_nonsense_is_never_more_than_a_refusal(body, length, name):
    headers = {} if length is None else {GIVEN: length}
    with pytest.raises(ApiError) as caught:
        ask(INFER, MODELS, name, Request(body, KIND | headers))
    assert caught.value.status == 400
