"""What a model raises, or answers that is no number: 422 with the row, and the reason in the log alone."""

import io
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from api.application import build
from api.settings import Settings
from api.telemetry.logs import Log
from model.bundle.files import read
from model.packing.pack import Material, pack
from model.runtime.load import load
from tests.helpers.server import Client

ROWS = pd.DataFrame({"x": np.linspace(0.1, 2, 80), "z": np.arange(80.0) * 7 % 13})


def picky(frame):
    if (frame["x"] < 0).any():
        raise KeyError("a secret of the model")
    return frame


def served(folder, estimator, target):
    """Pack and load a model, and return a client and the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(ROWS, target)
        pack(Material(name="mine", title="Mine", estimator=estimator, rows=ROWS), folder)
    stream = io.StringIO()
    application, service = build(
        Settings(model=("mine",), bundles=folder), [load(read(folder, "mine"))], Log("info", stream)
    )
    return Client(application, service), stream


def test_own_code_that_raises_is_the_row_s_fault_and_its_text_stays_in_the_log(tmp_path):
    client, log = served(tmp_path, make_pipeline(FunctionTransformer(picky), Ridge()), ROWS["x"])
    answer = client.post("/score", {"X": [[1, 2], [1, 3], [-1, 2], [2, 2]]}, {"X-Request-ID": "mine-1"})
    assert answer.status == 422
    assert answer.json["error"]["code"] == "refused"
    assert [each["row"] for each in answer.json["error"]["details"]] == [2]
    assert "secret" not in answer.body.decode()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [each for each in lines if each["event"] == "model_error"]
    assert (line["request_id"], line["error"], line["model"]) == ("mine-1", "KeyError", "mine")
    assert "a secret of the model" in line["traceback"]
    assert client.post("/score", {"X": [1, 2]}).status == 200


@pytest.mark.parametrize("path", ["/score", "/predict", "/v1/models/mine:predict", "/invocations"])
def test_an_answer_that_is_no_number_is_refused_with_its_row(path, tmp_path):
    client, _ = served(tmp_path, PoissonRegressor(max_iter=500), np.exp(ROWS["x"]))
    key = {"/score": "X", "/predict": "instances", "/v1/models/mine:predict": "instances", "/invocations": "instances"}
    far = [[1.0, 2.0], [1e5, 1.0]]
    answer = client.post(path, {key[path]: far}, {"Content-Type": "application/json"})
    assert answer.status in (400, 422)
    assert "row 1: the model's answer is not a finite number" in answer.body.decode()
    assert client.post("/score", {"X": [1e5, 1.0]}).status == 422


def test_a_column_is_answered_as_a_column(tmp_path):
    client, _ = served(tmp_path, LinearRegression(), ROWS[["x"]] * 3)
    one, many = (client.post("/score", {"X": rows}).json["score"] for rows in ([0.5, 1], [[0.5, 1], [1, 2]]))
    assert np.allclose(one, [[1.5]])
    assert np.allclose(many, [[1.5], [3.0]])
