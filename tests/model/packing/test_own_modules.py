"""A model with classes of the user's own modules brings their source, and runs that and nothing else."""

import json
import os
import subprocess
import sys
from importlib import import_module

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from model.bundle.files import CODE
from model.packing.own_modules import archive_of

MODULE = """
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
{more}

class Ratio(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.column_stack([X["a"] / (1 + abs(X["b"])), {factor} * X["b"]])
"""
ASK = """
import json, sys
from pathlib import Path
from model.check import load_verified
model = load_verified(Path("b"), "mine")
print(json.dumps(model.predict(model.reader([[1.0, 2.0], [-1.0, 0.5]])).tolist()))
"""
ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])


def ask(folder):
    """Ask the bundle in another process, whose current folder is the one that the model was made in."""
    done = subprocess.run([sys.executable, "-c", ASK], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def train(folder, module, **words):
    """Write a module, and a model whose class is in it; and forget the module."""
    place = (folder / module.replace(".", "/")).with_suffix(".py")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(MODULE.format(**{"more": "", "factor": 2, **words}))
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        ratio = import_module(module).Ratio()
        joblib.dump(make_pipeline(ratio, LogisticRegression()).fit(ROWS, ROWS["a"] > 0), folder / "mine.joblib")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in set(sys.modules) - before if name.split(".")[0] == module.split(".")[0]]:
            del sys.modules[name]
    ROWS.to_csv(folder / "rows.csv", index=False)


@pytest.fixture
def add(tmp_path, model_cli):
    """Return a function that adds the model with these options."""
    given = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b")
    return lambda *options: model_cli("add", tmp_path / "mine.joblib", *given, *options)


def test_what_was_packed_runs_and_not_what_lies_beside_the_service(tmp_path, add):
    train(tmp_path, "own_ratio")
    done = add("--code", tmp_path / "own_ratio.py")
    assert done.exit_code == 0, done.stderr
    (tmp_path / "own_ratio.py").write_text("raise RuntimeError('not what was packed')")
    assert ask(tmp_path) == [True, False]


def test_a_folder_of_modules_is_served(tmp_path, add):
    (tmp_path / "own_features").mkdir()
    (tmp_path / "own_features" / "parts.py").write_text("NOTHING = 0\n")
    train(tmp_path, "own_features.ratio", more="from .parts import NOTHING")
    assert add("--code", tmp_path / "own_features").exit_code == 0
    (tmp_path / "own_features").rename(tmp_path / "elsewhere")
    assert ask(tmp_path) == [True, False]


def test_own_code_is_judged_by_some_of_many_rows(tmp_path, add, model_cli):
    train(tmp_path, "own_judged")
    pd.concat([ROWS] * 30).assign(left=lambda rows: rows["a"] > 0).to_csv(tmp_path / "rows.csv", index=False)
    done = add("--code", tmp_path / "own_judged.py", "--target", "left")
    assert done.exit_code == 0, done.stderr
    for printed in (done.stdout, model_cli("card", "mine", "--bundles", tmp_path / "b").stdout):
        assert "300 of 1200 rows" in " ".join(printed.split())


def test_without_it_the_module_and_the_option_are_named(tmp_path, add):
    train(tmp_path, "own_lacking")
    done = add()
    assert done.exit_code == 2
    assert "needs the module own_lacking" in done.stderr
    assert "--code own_lacking.py" in done.stderr
    assert not (tmp_path / "b").exists()


def test_changed_code_is_refused(tmp_path, add, model_cli):
    train(tmp_path, "own_changed")
    assert add("--code", tmp_path / "own_changed.py").exit_code == 0
    place = tmp_path / "b" / "mine" / CODE
    place.write_bytes(place.read_bytes().replace(b"own_changed", b"own_chanced"))
    done = model_cli("check", "mine", "--bundles", tmp_path / "b")
    assert done.exit_code == 1
    assert "code.zip is not the file that was packed" in done.stderr


def test_one_process_does_not_take_two_modules_of_one_name_for_the_same(tmp_path, add):
    train(tmp_path, "own_twice")
    assert add("--code", tmp_path / "own_twice.py").exit_code == 0
    train(tmp_path, "own_twice", factor=3)
    done = add("--code", tmp_path / "own_twice.py", "--name", "other")
    assert done.exit_code == 2
    assert "another module 'own_twice' is loaded already" in done.stderr


def test_the_same_source_makes_the_same_archive(tmp_path):
    path = tmp_path / "own_same.py"
    path.write_text(MODULE.format(more="", factor=2))
    first = archive_of([path])
    os.utime(path, (1, 1))
    assert archive_of([path]) == first


WRONG = {
    "json.py": "another module 'json'",
    "no-name.py": "no name of a module",
    "notes.txt": "give a Python file",
    "broken.py": "is not Python",
    "empty": "folder with Python files",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_module_of_ones_own_is_refused(name, tmp_path, model_cli):
    place = tmp_path / name
    place.write_text("def (") if "." in name else place.mkdir()
    (tmp_path / "mine.joblib").write_bytes(b"\x80")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    options = ("--data", tmp_path / "rows.csv", "--bundles", tmp_path / "b", "--code", place)
    done = model_cli("add", tmp_path / "mine.joblib", *options)
    assert done.exit_code == 2
    assert WRONG[name] in done.stderr
