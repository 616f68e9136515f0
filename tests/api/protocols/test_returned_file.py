"""The file that comes back holds what was sent and the predictions, as one of `python -m model score` does."""

import csv

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from api.application import build
from api.openapi.examples import example
from api.settings import Settings
from model.check import load_verified
from model.packing.describe import Hints
from model.packing.pack import Material, pack
from tests.helpers.bundles import SAMPLES
from tests.helpers.server import Client, model

PATHS = ["/predict_file", "/batch"]
HEADERS = {"Content-Type": "text/csv", "Accept": "text/csv"}


def scored(model_cli, folder, name, content, *options):
    """Return what `python -m model score` makes of a file, or what it says of it."""
    (folder / "in.csv").write_text(content)
    done = model_cli("score", name, folder / "in.csv", folder / "out.csv", *options)
    return cells((folder / "out.csv").read_text()) if done.exit_code == 0 else done.stderr


def cells(text):
    """Return the lines of a CSV file; two files may write a number in different ways."""
    return [[float(cell) if cell.replace(".", "").isdigit() else cell for cell in line]
            for line in csv.reader(text.splitlines())]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_table_for_training_keeps_its_target_beside_the_prediction(name, path, make_client, model_cli, tmp_path):
    signature = model(name).signature
    header, row = example(model(name)).csv.splitlines()
    target = [each.name for each in signature.targets if each.name not in signature.names]
    content = "\n".join([",".join([header, *target]), ",".join([row, *("7" for _ in target)]), ""])
    found = cells(make_client(name).post(path, content.encode(), HEADERS).body.decode())
    assert found[0] == [*signature.names, *target, "prediction"]
    assert found[1][:-1] == cells(content)[1]
    assert found == scored(model_cli, tmp_path, name, content)


@pytest.mark.parametrize("column", ["prediction", " prediction "])
def test_a_file_that_has_predictions_already_is_refused(column, make_client, model_cli, tmp_path):
    content = example(model("iris")).csv.replace("\n", f",{column}\n", 1).rstrip("\n") + ",0\n"
    sentence = "has a column named 'prediction' already: rename it"
    for path in PATHS:
        answer = make_client().post(path, content.encode(), HEADERS)
        assert (answer.status, answer.json["message"]) == (400, f"the file {sentence}")
        # Where nothing is added to the file, it is a column like others.
        assert make_client().post(path, content.encode(), HEADERS | {"Accept": "application/json"}).status == 200
    assert sentence in scored(model_cli, tmp_path, "iris", content)


def test_each_of_several_targets_has_a_column(model_cli, tmp_path):
    rows = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7})
    truth = np.column_stack([2 * rows["a"], rows["b"] + 1])
    estimator, hints = LinearRegression().fit(rows, truth), Hints(targets=("up", "down"))
    pack(Material(name="two", title="two", estimator=estimator, rows=rows, hints=hints), tmp_path / "bundles")
    application, _ = build(Settings(model=("two",)), [load_verified(tmp_path / "bundles", "two")])
    content = "a,b,up\n1,2,3\n4,5,6\n"
    found = cells(Client(application).post("/predict_file", content.encode(), HEADERS).body.decode())
    assert found[0] == ["a", "b", "up", "prediction_up", "prediction_down"]
    assert np.allclose(found[1:], [[1, 2, 3, 2, 3], [4, 5, 6, 8, 6]])
    others = scored(model_cli, tmp_path, "two", content, "--bundles", tmp_path / "bundles")
    assert others[0] == found[0]
    assert np.allclose(others[1:], found[1:])


def test_a_model_that_gets_predictions_gives_its_own_another_name(model_cli, tmp_path):
    rows = pd.DataFrame({"a": np.arange(40.0), "prediction": np.arange(40.0) % 7})
    estimator = LinearRegression().fit(rows, rows.sum(axis=1))
    material = Material(name="next", title="next", estimator=estimator, rows=rows, hints=Hints(targets=("sum",)))
    pack(material, tmp_path / "bundles")
    application, _ = build(Settings(model=("next",)), [load_verified(tmp_path / "bundles", "next")])
    content = "a,prediction\n1,2\n"
    found = cells(Client(application).post("/predict_file", content.encode(), HEADERS).body.decode())
    others = scored(model_cli, tmp_path, "next", content, "--bundles", tmp_path / "bundles")
    assert found[0] == others[0] == ["a", "prediction", "prediction_sum"]
    assert np.allclose(found[1], [1, 2, 3])
