"""Loading a bundle: what is imported, what it costs in threads, what it answers to many at once."""

import json
import subprocess
import sys
from threading import Thread

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.bundle.files import DEFAULT_ROOT, read
from model.packing.pack import Material, pack
from model.runtime.estimator import forget_names, parts, unpickle
from model.runtime.load import load
from model.runtime.onnx import OnnxModel
from tests.helpers.bundles import SAMPLES


def golden(model):
    return [list(row) for row in model.manifest.golden.rows]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_compiled_bundle_is_served_without_training_libraries(name):
    program = (
        "import json, sys\n"
        "from model.bundle.files import DEFAULT_ROOT\n"
        "from model.check import load_verified\n"
        f"model = load_verified(DEFAULT_ROOT, {name!r})\n"
        "loaded = {'sklearn', 'joblib', 'pandas', 'scipy', 'onnx', 'skl2onnx'} & set(sys.modules)\n"
        "print(json.dumps([model.manifest.runtime, sorted(loaded)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["onnx", []]


@pytest.mark.parametrize("name", SAMPLES)
def test_many_threads_get_their_own_answers(name):
    model = load(read(DEFAULT_ROOT, name))
    rows = golden(model)
    right = model.predict(model.reader(rows)).tolist()
    wrong = []

    def ask(place):
        for _ in range(200):
            if model.predict(model.reader([rows[place]])).tolist() != [right[place]]:
                wrong.append(place)

    threads = [Thread(target=ask, args=(place,)) for place in range(len(rows))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("name", SAMPLES)
def test_no_rows_get_no_answers(name):
    model = load(read(DEFAULT_ROOT, name))
    assert model.predict(model.reader([])).tolist() == []


def test_rows_by_name_and_position_get_the_same_probabilities():
    model = load(read(DEFAULT_ROOT, "churn"))
    rows = golden(model)
    named = [dict(reversed(list(zip(model.signature.names, row, strict=True)))) for row in rows]
    one, other = model.predict_proba(model.reader(rows)), model.predict_proba(model.reader(named))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[0].sum(axis=1) == pytest.approx(1)


def test_a_copy_with_wide_constants_gets_fewer_rows_at_once(tmp_path):
    known = np.arange(3000.0)
    curve = IsotonicRegression(out_of_bounds="clip").fit(known.reshape(-1, 1), known + np.sin(known))
    frame = pd.DataFrame({"a": known})
    pack(Material(name="curve", title="curve", estimator=curve, rows=frame, lean=True), tmp_path)
    served = load(read(tmp_path, "curve"))
    assert isinstance(served, OnnxModel)
    heights = []

    def recorded(run):
        return lambda outputs, rows: heights.append(len(rows)) or run(outputs, rows)

    rows = served.reader([[each] for each in np.linspace(0, 3000, 5000).tolist()])
    first = served.predict(rows)
    served._run = recorded(served._run)
    np.testing.assert_array_equal(served.predict(rows), first)
    np.testing.assert_allclose(first, curve.predict(rows))
    assert sum(heights) == 5000
    assert max(heights) * len(curve.X_thresholds_) < 2**21 + 10_000


def test_a_pickled_estimator_is_kept_to_one_thread(tmp_path):
    forest = RandomForestClassifier(3, n_jobs=2)
    search = GridSearchCV(make_pipeline(StandardScaler(), forest), {}, cv=2, n_jobs=1)
    search.fit(np.arange(40.0).reshape(-1, 2), [0, 1] * 10)
    search.n_jobs = 4
    joblib.dump(search, tmp_path / "search.joblib")
    loaded = unpickle((tmp_path / "search.joblib").read_bytes())
    assert {getattr(part, "n_jobs", None) for part in parts(loaded)} == {None, 1}


@pytest.mark.parametrize("ensemble", [True, False])
def test_what_calibration_has_fitted_is_kept_to_one_thread_and_takes_plain_rows(ensemble, tmp_path):
    forest = RandomForestClassifier(3, n_jobs=-1)
    frame = pd.DataFrame(np.arange(80.0).reshape(-1, 2), columns=["a", "b"])
    calibrated = CalibratedClassifierCV(forest, cv=2, ensemble=ensemble).fit(frame, [0, 1] * 20)
    joblib.dump(calibrated, tmp_path / "calibrated.joblib")
    loaded = unpickle((tmp_path / "calibrated.joblib").read_bytes())
    assert {each.estimator.n_jobs for each in loaded.calibrated_classifiers_} == {1}
    forget_names(loaded)
    np.testing.assert_array_equal(loaded.predict_proba(frame.to_numpy()), calibrated.predict_proba(frame))
