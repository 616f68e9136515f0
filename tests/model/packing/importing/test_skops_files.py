"""Files of skops: what is known is opened, what is not is named, and nothing in a file runs."""

import json
import re
import sys
import zipfile
from functools import partial
from io import BytesIO

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

from model.bundle.files import read
from model.packing.importing.skops_checks import has_sound_trees
from model.runtime.load import load

RNG = np.random.default_rng(3)
NUMBERS = pd.DataFrame(RNG.normal(size=(150, 3)).round(3), columns=["x", "y", "z"])
CITIES = NUMBERS.assign(city=RNG.choice(["Oslo", "Rome"], 150))
WORDS = np.where(NUMBERS["x"] > 0, "yes", "no")
MIXED = make_column_transformer((SimpleImputer(), ["x", "y"]), (OneHotEncoder(), ["city"]), remainder="passthrough")


MODELS = {
    "columns": (make_pipeline(MIXED, GradientBoostingClassifier(n_estimators=5)), CITIES),
    "forest": (RandomForestClassifier(5, random_state=0), NUMBERS),
    "search": (
        GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), {"standardscaler": ["passthrough"]}),
        NUMBERS,
    ),
    "histograms": (HistGradientBoostingRegressor(max_iter=5), NUMBERS),
}


def added(path, rows, model_cli, *options):
    rows.to_csv(path.with_suffix(".csv"), index=False)
    where = ("--data", path.with_suffix(".csv"), "--bundles", path.parent / "b", "--name", "mine")
    return model_cli("add", path, *where, *options)


@pytest.mark.parametrize("name", MODELS)
def test_a_file_of_skops_is_served_as_its_estimator_answers(name, tmp_path, model_cli):
    estimator, rows = MODELS[name]
    estimator.fit(rows, NUMBERS["y"] if name == "histograms" else WORDS)
    skops.io.dump(estimator, tmp_path / "mine.skops")
    done = added(tmp_path / "mine.skops", rows, model_cli)
    assert done.exit_code == 0, done.output
    assert "runs the code" not in done.output
    model = load(read(tmp_path / "b", "mine"))
    answers = model.predict(model.reader(rows.to_numpy().tolist()))
    right = estimator.predict(rows)
    assert np.allclose(answers, right) if name == "histograms" else answers.tolist() == right.tolist()


def test_a_type_that_nobody_knows_is_named_and_can_be_trusted(tmp_path, model_cli):
    skops.io.dump(KNeighborsClassifier(algorithm="kd_tree").fit(NUMBERS, WORDS), tmp_path / "mine.skops")
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert done.exit_code == 2
    options = done.output.split("if you know them to be harmless, add ")[1].split(" (")[0].split()
    assert options[:2] == ["--trust", "sklearn.metrics._dist_metrics.EuclideanDistance64"]
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli, *options)
    assert done.exit_code == 0, done.output


TREES = {
    "a tree": DecisionTreeClassifier(max_depth=3),
    "a forest": make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)),
    "boosting": GradientBoostingClassifier(n_estimators=3),
    "histograms": HistGradientBoostingClassifier(max_iter=3),
    "a search": GridSearchCV(HistGradientBoostingClassifier(max_iter=3), {"max_depth": [3]}),
}


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize(("field", "value"), [("left", 0), ("left", 10**6), ("right", 10**6), ("feature", 3)])
def test_a_tree_that_leads_out_of_itself_is_refused(name, field, value, tmp_path, model_cli):
    """Compiled code walks it without looking: it would read memory that is not the tree's, or never end."""
    fitted = clone(TREES[name]).fit(NUMBERS, WORDS)
    assert has_sound_trees(fitted)
    skops.io.dump(fitted, tmp_path / "good.skops")
    with zipfile.ZipFile(tmp_path / "good.skops") as good, zipfile.ZipFile(tmp_path / "mine.skops", "w") as bad:
        for each in good.namelist():
            bad.writestr(each, spoiled(good.read(each), FIELDS[field], value))
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert (done.exit_code, "holds a tree that fitting does not make" in done.output) == (2, True)


FIELDS = {"left": ("left_child", "left"), "right": ("right_child", "right"), "feature": ("feature", "feature_idx")}


def spoiled(content, names, value):
    """Change one inner node where the content is an array of nodes."""
    if not content.startswith(b"\x93NUMPY"):
        return content
    array = np.load(BytesIO(content))
    field = next((name for name in names if name in (array.dtype.names or ())), None)
    if field is None:
        return content
    array[field][0] = value
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_what_a_file_asks_for_does_not_run(tmp_path, model_cli):
    """The module that it names is not even imported."""
    (tmp_path / "harmful_module.py").write_text("raise SystemExit('it ran')")
    skops.io.dump(LogisticRegression().fit(NUMBERS, WORDS), tmp_path / "good.skops")
    with zipfile.ZipFile(tmp_path / "good.skops") as good, zipfile.ZipFile(tmp_path / "mine.skops", "w") as bad:
        for each in good.namelist():
            content = good.read(each)
            if each == "schema.json":
                schema = json.loads(content)
                schema["__module__"], schema["__class__"] = "harmful_module", "Model"
                content = json.dumps(schema).encode()
            bad.writestr(each, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert (done.exit_code, "harmful_module" in sys.modules) == (2, False)
    assert "add --trust harmful_module.Model" in done.output


def without_nodes(forest):
    for several in forest._predictors:
        for each in several:
            each.nodes = each.nodes[:0]


def within_a_set(vote):
    bad = clone(TREES["a tree"]).fit(NUMBERS, WORDS)
    bad.tree_ = Bunch(children_left=np.array([-1]))
    vote.estimators_ = {bad}


def of_another_kind(tree):
    tree.tree_ = 7


CRAFTED = {
    "no nodes": (HistGradientBoostingClassifier(max_iter=3), without_nodes),
    "within a set": (VotingClassifier([("tree", DecisionTreeClassifier())]), within_a_set),
    "another kind": (DecisionTreeClassifier(), of_another_kind),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_what_fitting_does_not_make_is_refused(name, tmp_path, model_cli):
    estimator, craft = CRAFTED[name]
    craft(estimator.fit(NUMBERS, WORDS))
    skops.io.dump(estimator, tmp_path / "mine.skops")
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert (done.exit_code, "holds a tree that fitting does not make" in done.output) == (2, True), done.output


def test_a_function_with_fixed_arguments_is_named_and_can_be_trusted(tmp_path, model_cli):
    """skops names partial and the function one by one; what is bound to what only shows once it is opened."""
    clipped = make_pipeline(FunctionTransformer(partial(np.clip, a_min=-1, a_max=1)), LogisticRegression())
    skops.io.dump(clipped.fit(NUMBERS, WORDS), tmp_path / "mine.skops")
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert done.exit_code == 2, done.output
    (trust,) = re.findall(r"add (--trust \S+clip)", done.output)
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli, *trust.split())
    assert done.exit_code == 0, done.output


def test_another_version_of_scikit_learn_is_noted_and_trust_is_for_skops(tmp_path, model_cli):
    skops.io.dump(LogisticRegression().fit(NUMBERS, WORDS), tmp_path / "good.skops")
    with zipfile.ZipFile(tmp_path / "good.skops") as good, zipfile.ZipFile(tmp_path / "mine.skops", "w") as older:
        for each in good.namelist():
            older.writestr(each, good.read(each).replace(b'"\\"1.9.1\\""', b'"\\"1.2.0\\""'))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "named.skops").symlink_to(tmp_path / "mine.skops")
    NUMBERS.to_csv(tmp_path / "rows.csv", index=False)
    where = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    assert model_cli("add", tmp_path / "link" / "named.skops", *where).exit_code == 0
    assert "saved with scikit-learn 1.2.0" in read(tmp_path / "b", "named").manifest.notes[0]
    joblib.dump(LogisticRegression().fit(NUMBERS, WORDS), tmp_path / "mine.joblib")
    done = model_cli("add", tmp_path / "mine.joblib", *where, "--trust", "some.Type")
    assert (done.exit_code, "--trust is for files of skops" in done.output) == (2, True)


def test_histogram_boosting_with_categories_is_taken(tmp_path, model_cli):
    boosting = HistGradientBoostingRegressor(max_iter=3, categorical_features=["x"])
    rows = NUMBERS.assign(x=np.arange(150) % 4)
    skops.io.dump(boosting.fit(rows, NUMBERS["y"]), tmp_path / "mine.skops")
    done = added(tmp_path / "mine.skops", rows, model_cli)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("spoil", ["a state", "no state"])
def test_a_damaged_file_is_refused_in_a_line(spoil, tmp_path, model_cli):
    with zipfile.ZipFile(tmp_path / "mine.skops", "w") as archive:
        archive.writestr("schema.json", "{" if spoil == "no state" else '{"protocol": 2, "__loader__": "Nothing"}')
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    assert (done.exit_code, done.output.count("error: ")) == (2, 1)
    assert "mine.skops cannot be opened" in done.output


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"an empty archive"])
def test_what_is_no_file_of_skops_is_reported_in_a_line(content, tmp_path, model_cli):
    (tmp_path / "mine.skops").write_bytes(content)
    if not content.startswith(b"PK"):
        zipfile.ZipFile(tmp_path / "mine.skops", "w").close()
    done = added(tmp_path / "mine.skops", NUMBERS, model_cli)
    errors = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert done.exit_code == 2
    assert len(errors) == 1
    assert "nor one of skops" in errors[0]
