"""Which tensors make rows, and which outputs come of them, asked of the functions themselves."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.inference.models import Models
from api.pipeline.routes import INFER
from api.protocols.message import Request
from api.protocols.open_inference import metadata
from api.protocols.open_inference.outputs import RequestedOutput, compute_output, declare_outputs
from model.schema.signature import Feature, Signature, Target
from tests.helpers.bundles import SAMPLES
from tests.helpers.server import ask, model

FLOWER = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
MODELS = Models([model(name) for name in SAMPLES], 1000)


def tensor(data, shape, datatype="FP64", name="X"):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def infer(*inputs, name="iris", **more):
    return json.loads(ask(INFER, MODELS, name, Request(json.dumps({"inputs": inputs, **more}).encode())).body)


def refused(*inputs, **more):
    with pytest.raises(ApiError) as caught:
        infer(*inputs, **more)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        # Each of these was once answered, with an answer to another question.
        ([tensor([v] * 4, [2, 2], name=n) for n, v in zip(NAMES, FLOWER, strict=True)], "expected a column of shape"),
        ([tensor(FLOWER, [4], name="sepal_length")], "sepal_width: is missing"),
        ([tensor(FLOWER, [1, 4], name="a"), tensor([1], [1], name="b")], "expected a column of shape"),
        ([tensor([1, 2], [2], name="a"), tensor([1], [1], name="b")], "differ in length"),
        ([tensor([1.0], [1], name=n) for n in NAMES[:3]], "petal_width: is missing"),
        ([tensor([True] * 4, [1, 4], "BOOL")], "expected a number, got a boolean"),
        ([tensor([True], [1], "BOOL", n) for n in NAMES], "expected a number, got a boolean"),
        ([tensor(["a"] * 4, [1, 4], "BYTES")], "expected a table of numbers"),
        ([tensor([[[[1]]], 2, 3, 4], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([FLOWER[:2], FLOWER[2:]], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([FLOWER[:3], FLOWER[3:]], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([[1, 2], [3, 4], [5, 6], [7, 8]], [2, 4])], "nested as its shape [2, 4] says"),
        ([tensor([[1, 2, 3], [4, 5, 6, 7, 8]], [2, 4])], "nested as its shape [2, 4] says"),
        ([tensor([FLOWER, *FLOWER], [2, 4])], "nested as its shape [2, 4] says"),
        ([tensor([[], FLOWER], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([[FLOWER]], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([FLOWER], [4])], "nested as its shape [4] says"),
        ([tensor([[], []], [0, 4])], "nested as its shape [0, 4] says"),
        ([tensor([], [1, 4])], "needs 4 elements, data has 0"),
        ([tensor([[]], [1, 4])], "nested as its shape [1, 4] says"),
        ([tensor([], [0])], "expected a tensor of shape [-1, 4]"),
        ([tensor([], [0, 0])], "expected a tensor of shape [-1, 4]"),
        ([tensor(FLOWER, [])], "shape must be"),
        ([tensor(FLOWER, [-1, -4])], "shape must be"),
        ([tensor(FLOWER, [1.0, 4])], "shape must be"),
        ([tensor(FLOWER, [1, 4.0])], "shape must be"),
        ([tensor(FLOWER, [True, 4])], "shape must be"),
        ([tensor(FLOWER, [2**62, 4])], "is larger than the maximum"),
        ([tensor(FLOWER, [2**63, 0])], "is larger than the maximum"),
        ([tensor(FLOWER, [1, 4], name="sepal_length")], "expected a column of shape"),
        ([tensor([[v] for v in FLOWER], [4, 1], name="sepal_length")], "sepal_width: is missing"),
        ([tensor([2**53 + 1, 2, 3, 4], [1, 4], "FP64")], "a float cannot hold exactly"),
        ([tensor([1, 2, 3, 4, 2**53 + 1, 2, 3, 4], [2, 4])], "cannot hold one of the whole numbers exactly"),
        ([tensor([2**24 + 1, 2, 3, 4], [1, 4], "FP32")], "cannot hold one of the whole numbers exactly"),
        ([tensor([2**53 + 1, 2, 3, 4], [1, 4], "INT64")], "a float cannot hold exactly"),
        ([tensor([2**64 - 1, 2, 3, 4], [1, 4], "UINT64")], "a float cannot hold exactly"),
        ([tensor([2**53 + 1], [1], "INT64", n) for n in NAMES], "a float cannot hold exactly"),
        (
            [tensor([2**53 + 1], [1], "INT64", NAMES[0]), *[tensor([0.5], [1], name=n) for n in NAMES[1:]]],
            "row 0, sepal_length: is a whole number that a float cannot hold exactly",
        ),
        (
            [tensor([2**64 - 1], [1], "UINT64", NAMES[0]), *[tensor([-5], [1], "INT64", n) for n in NAMES[1:]]],
            "row 0, sepal_length: is a whole number that a float cannot hold exactly",
        ),
        ([tensor([2**63, 2, 3, 4], [1, 4], "INT64")], "does not fit INT64"),
        ([tensor([-1, 2, 3, 4], [1, 4], "UINT8")], "does not fit UINT8"),
        ([tensor([1e39, 2, 3, 4], [1, 4], "FP32")], "is not a finite number of at most"),
        ([tensor([True, 2, 3, 4], [1, 4])], "FP64 data holds bool"),
        ([tensor([1, 0, 1, 1], [1, 4], "BOOL")], "BOOL data holds int"),
        ([tensor(["5.1"] * 4, [1, 4])], "FP64 data holds str"),
        ([{**tensor(FLOWER, [1, 4]), "parameters": {"binary_data_size": 0}}], "has data and binary_data_size"),
        ([{**tensor(FLOWER, [1, 4]), "parameters": {"content_type": "base64"}}], "content_type must be one of"),
        ([tensor([10**400, 2, 3, 4], [1, 4])], "is not a finite number of at most"),
        ([tensor([1.5, 2, 3, 4], [1, 4], "INT64")], "INT64 data holds float"),
    ],
)
def test_tensors_that_are_no_rows_are_refused(inputs, message):
    assert message in refused(*inputs)


@pytest.mark.parametrize("data", [[*FLOWER, *FLOWER], [FLOWER, FLOWER]])
def test_data_is_flat_or_nested(data):
    assert infer(tensor(data, [2, 4]))["outputs"][0]["data"] == [0, 0]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("height", [0, 2])
def test_answers_have_the_type_and_shape_that_metadata_declares(name, height):
    described = json.loads(metadata.model_metadata(MODELS, Request(b""), name).body)["outputs"]
    columns = [
        tensor([feature.typical] * height, [height], "BYTES" if feature.type == "string" else "FP64", feature.name)
        for feature in model(name).signature.features
    ]
    given = infer(*columns, name=name, outputs=[{"name": each["name"]} for each in described])["outputs"]
    for each in given:
        del each["data"]
    assert given == [{**each, "shape": [height, *each["shape"][1:]]} for each in described]


def test_columns_are_flat_or_nested_too():
    for shape, nested in ([1], False), ([1, 1], False), ([1, 1], True):
        columns = [tensor([[v]] if nested else [v], shape, name=n) for n, v in zip(NAMES, FLOWER, strict=True)]
        assert infer(*columns)["outputs"][0]["data"] == [0]


def test_whole_numbers_that_floats_hold_are_taken():
    for kind in ("FP64", "INT64", "FP32"):
        assert len(infer(tensor([2**60, 2, 3, 4], [1, 4], kind))["outputs"][0]["data"]) == 1


def test_each_output_has_its_own_form():
    wanted = [{"name": "predict"}, {"name": "predict_proba", "parameters": {"classification": 9}}]
    plain, best = infer(tensor(FLOWER, [1, 4]), outputs=wanted)["outputs"]
    assert (plain["datatype"], plain["data"]) == ("INT64", [0])
    assert (best["datatype"], best["shape"], best["data"][0][8:]) == ("BYTES", [1, 3], ":0:Iris-setosa")
    chances = [float(line.partition(":")[0]) for line in best["data"]]
    assert chances == sorted(chances, reverse=True)


@pytest.mark.parametrize(
    ("name", "output", "message"),
    [
        ("wine", {"name": "predict_proba"}, "gives no probabilities"),
        ("wine", {"name": "labels"}, "have no labels"),
        ("wine", {"name": "predict", "parameters": {"classification": 1}}, "gives no probabilities"),
        ("iris", {"name": "predict", "parameters": {"classification": 0}}, "at least 1"),
        ("iris", {"name": "predict", "parameters": {"classification": True}}, "at least 1"),
        ("iris", {"name": "zzz"}, "Unexpected inference output 'zzz' for model 'iris'"),
        ("iris", {"name": "zzz", "parameters": {"classification": 1}}, "Unexpected inference output 'zzz'"),
        ("iris", {"name": "predict", "parameters": {"binary_data": "yes"}}, "binary_data must be true or false"),
        ("iris", {"parameters": {}}, "objects with names"),
    ],
)
def test_outputs_that_a_model_has_not_are_refused(name, output, message):
    width = len(model(name).signature.names)
    assert message in refused(tensor([1.0] * width, [1, width]), name=name, outputs=[output])


def test_an_output_is_computed_once():
    twice = [{"name": "predict"}, {"name": "predict", "parameters": {"classification": 1}}]
    assert "requested once" in refused(tensor(FLOWER, [1, 4]), outputs=twice)
    assert "binary_data_output must be" in refused(tensor(FLOWER, [1, 4]), parameters={"binary_data_output": 1})


def test_an_identity_is_echoed_made_or_refused():
    flower = tensor(FLOWER, [1, 4])
    assert infer(flower, id="mine")["id"] == "mine"
    assert len({infer(flower)["id"], infer(flower, id=None)["id"]}) == 2
    assert refused(flower, id=7) == "id must be a string"


def test_targets_that_differ_in_classes_have_probabilities_but_no_tensor_of_them():
    targets = (Target(name="a", classes=(0, 1)), Target(name="b", classes=(0, 1, 2)))
    features = (Feature(name="x", type="number"),)
    signature = Signature(task="classification", features=features, targets=targets, proba=True)
    several = SimpleNamespace(name="several", signature=signature)
    assert [each["name"] for each in declare_outputs(several)] == ["predict", "labels"]
    with pytest.raises(ApiError, match="differ in number of classes"):
        compute_output(several, RequestedOutput("predict_proba"), np.ones((1, 1)), np.array([[0, 0]]))


numbers = st.floats(-1e6, 1e6) | st.integers(-9, 9) | st.none() | st.just("1") | st.booleans()


@given(st.sampled_from(["iris", "wine", "purchase"]), st.data())
def test_the_compact_form_answers_as_the_full_one_does(name, data):
    """A request that names the default output is answered by the full form."""
    width = len(model(name).signature.names)
    row = data.draw(st.lists(numbers, min_size=width, max_size=width))
    wide = {"name": "X", "shape": [1, width], "datatype": "FP64", "data": row}
    found = []
    for more in ({}, {"outputs": [{"name": "predict"}]}):
        try:
            body = json.dumps({"inputs": [wide], "id": "one", **more}).encode()
            found.append(ask(INFER, MODELS, name, Request(body)).body)
        except ApiError as failure:
            found.append((failure.status, failure.message))
    assert found[0] == found[1]
