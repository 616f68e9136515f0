"""The own files of XGBoost and CatBoost hold all that serves them; a Booster of LightGBM does not."""

from importlib import import_module

import joblib
import numpy as np
import pytest

from model.bundle.files import read
from model.runtime.load import load
from tests.helpers.boosting import require_boosting
from tests.model.packing.boosters import NUMBER, ROWS, THREE, TWO, WORDS, catboost, lightgbm, xgboost

pytestmark = pytest.mark.xdist_group("boosting")


@pytest.fixture(autouse=True)
def _libraries():
    require_boosting()


def booster(objective, target):
    library = import_module("xgboost")
    labels = library.DMatrix(ROWS, label=target)
    return library.train(
        {"objective": objective, "num_class": 3} if "multi" in objective else {"objective": objective}, labels, 5
    )


FILES = {
    "two classes": ("model.ubj", lambda: xgboost("Classifier").fit(ROWS, TWO)),
    "three classes": ("model.json", lambda: xgboost("Classifier").fit(ROWS, THREE)),
    "numbers": ("model.ubj", lambda: xgboost("Regressor").fit(ROWS, NUMBER)),
    "ranks": ("model.json", lambda: xgboost("Ranker").fit(ROWS, TWO, qid=np.arange(len(ROWS)) // 10)),
    "a classifier by another objective": (
        "model.ubj",
        lambda: xgboost("Classifier", objective="reg:logistic").fit(ROWS, TWO),
    ),
    "words": ("model.cbm", lambda: catboost("Classifier").fit(ROWS, WORDS)),
    "more numbers": ("model.cbm", lambda: catboost("Regressor").fit(ROWS, NUMBER)),
}


def added(file, model_cli):
    ROWS.to_csv(file.parent / "rows.csv", index=False)
    return model_cli("add", file, "--data", file.parent / "rows.csv", "--bundles", file.parent / "b", "--name", "mine")


def served(file, model_cli):
    done = added(file, model_cli)
    assert done.exit_code == 0, done.output
    assert "runs the code" not in done.output
    model = load(read(file.parent / "b", "mine"))
    return np.asarray(model.predict(model.reader(ROWS.to_numpy().tolist())))


@pytest.mark.parametrize("name", FILES)
def test_a_librarys_own_file_is_served_as_its_estimator_answers(name, tmp_path, model_cli):
    file, make = FILES[name]
    estimator = make()
    estimator.save_model(tmp_path / file)
    right = estimator.predict(ROWS).ravel()
    found = served(tmp_path / file, model_cli)
    assert np.allclose(found, right, rtol=1e-6) if right.dtype.kind == "f" else found.tolist() == right.tolist()


@pytest.mark.parametrize(
    ("objective", "target"), [("binary:logistic", TWO), ("multi:softprob", THREE), ("reg:squarederror", NUMBER)]
)
def test_a_booster_of_xgboost_says_by_its_objective_what_it_is(objective, target, tmp_path, model_cli):
    library = import_module("xgboost")
    model = booster(objective, target)
    model.save_model(tmp_path / "model.ubj")
    right = model.predict(library.DMatrix(ROWS))
    found = served(tmp_path / "model.ubj", model_cli)
    if objective == "binary:logistic":
        assert found.tolist() == (right > 0.5).astype(int).tolist()
    elif objective == "multi:softprob":
        assert found.tolist() == right.argmax(axis=1).tolist()
    else:
        assert np.allclose(found, right, rtol=1e-6)


def test_the_card_says_that_the_file_lacks_what_was_missing(tmp_path, model_cli):
    xgboost("Classifier", missing=-999.0).fit(ROWS, TWO).save_model(tmp_path / "model.ubj")
    assert added(tmp_path / "model.ubj", model_cli).exit_code == 0
    assert "do not say what was missing" in read(tmp_path / "b", "mine").manifest.notes[0]


def test_a_booster_that_answers_with_margins_is_refused(tmp_path, model_cli):
    booster("binary:logitraw", TWO).save_model(tmp_path / "model.ubj")
    done = added(tmp_path / "model.ubj", model_cli)
    assert (done.exit_code, "answers with margins" in done.output) == (2, True)


MISTAKES = {
    "text": (b"tree\nversion=v4\n", "holds a Booster of LightGBM"),
    "cut": (b"CBM1 and no more", "is not a model of CatBoost"),
    "json": (b'{"learner": 1}', "is not a model of XGBoost"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_a_library_cannot_open_is_refused_in_a_line(mistake, tmp_path, model_cli):
    content, why = MISTAKES[mistake]
    (tmp_path / "model.bin").write_bytes(content)
    done = added(tmp_path / "model.bin", model_cli)
    assert (done.exit_code, done.output.count("error: ")) == (2, 1)
    assert why in done.output


def test_a_booster_of_lightgbm_is_recognized(tmp_path, model_cli):
    lightgbm("Classifier").fit(ROWS, TWO).booster_.save_model(tmp_path / "model.txt")
    done = added(tmp_path / "model.txt", model_cli)
    assert "holds a Booster of LightGBM" in done.output


def test_a_pickled_booster_is_refused_with_advice(tmp_path, model_cli):
    boosters = {
        "LGBMClassifier": lightgbm("Classifier").fit(ROWS, TWO).booster_,
        ".ubj": booster("binary:logistic", TWO),
    }
    for advice, each in boosters.items():
        joblib.dump(each, tmp_path / "booster.pkl")
        done = added(tmp_path / "booster.pkl", model_cli)
        assert (done.exit_code, done.output.count("error: ")) == (2, 1)
        assert "holds a Booster, not a scikit-learn estimator: " in done.output
        assert advice in done.output
