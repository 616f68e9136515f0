"""What keeps a server from turning ready: each fault has its own sentence and exit code 1."""

import json
import re

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from model.bundle.files import DEFAULT_ROOT, read, write
from model.packing.pack import Material, pack


def rewrite(folder, name, files=None, **changes):
    """Pack a bundle again with something changed, as somebody with our own tools could."""
    found = read(folder, name)
    write(folder, msgspec.structs.replace(found.manifest, **changes), files or found.files, replace=True)


def other_answers(folder):
    golden = read(folder, "iris").manifest.golden
    rewrite(folder, "iris", golden=msgspec.structs.replace(golden, predict=tuple((p + 1) % 3 for p in golden.predict)))


def other_probabilities(folder):
    golden = read(folder, "iris").manifest.golden
    shifted = tuple(tuple((row[1], row[0], row[2]) for row in table) for table in golden.proba)
    rewrite(folder, "iris", golden=msgspec.structs.replace(golden, proba=shifted))


def tamper(file):
    def change(folder):
        path = folder / "iris" / file
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return change


def edit_manifest(folder):
    path = folder / "iris" / "manifest.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"title": "Another"}))


FAULTS = {
    "tampered pickle": (tamper("model.joblib"), r"model\.joblib is not the file that was packed"),
    "tampered copy": (tamper("model.onnx"), r"model\.onnx is not the file that was packed"),
    "edited manifest": (edit_manifest, r"manifest\.json was changed after packing"),
    "another version": (
        lambda folder: rewrite(folder, "iris", requires={"onnxruntime": "1.2.3"}),
        r"was packed with onnxruntime 1\.2\.3, but \S+ is installed",
    ),
    "a missing library": (lambda folder: rewrite(folder, "iris", requires={"noflow": "1"}), "needs noflow 1"),
    "changed labels": (other_answers, r"answers differently .* 12 of 12 golden rows"),
    "changed probabilities": (other_probabilities, r"answers differently .* \d+ of 12 golden rows"),
    "no model at all": (
        lambda folder: rewrite(folder, "iris", {**read(folder, "iris").files, "model.onnx": b"nothing"}),
        "cannot be loaded",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_its_sentence(fault, bundles, model_cli):
    spoil, message = FAULTS[fault]
    spoil(bundles)
    done = model_cli("check", "iris", "--bundles", bundles)
    assert done.exit_code == 1, done.output
    assert re.fullmatch(rf"error: iris: .*{message}.*\n", done.output), done.output


def test_all_committed_bundles_are_good(model_cli):
    done = model_cli("check")
    assert done.exit_code == 0, done.output
    assert len(re.findall("good; compiled; equal to scikit-learn on 1000 drawn rows", done.output)) == 5


def test_one_bad_bundle_does_not_hide_the_others(bundles, model_cli):
    tamper("model.onnx")(bundles)
    done = model_cli("check", "--bundles", bundles)
    assert done.exit_code == 1
    assert done.output.count("good") == 4


def test_a_copy_that_differs_from_its_original_is_found(tmp_path, model_cli):
    """Golden rows that agree with the copy do not help it: it is held against scikit-learn too."""
    rows = pd.DataFrame({"a": np.arange(20.0)})
    for name, slope in (("right", 1.0), ("wrong", 2.0)):
        estimator = LinearRegression().fit(rows, slope * rows["a"])
        pack(Material(name=name, title=name, estimator=estimator, rows=rows), tmp_path)
    right, wrong = read(tmp_path, "right"), read(tmp_path, "wrong")
    rewrite(tmp_path, "wrong", {**wrong.files, "model.joblib": right.files["model.joblib"]})
    done = model_cli("check", "--bundles", tmp_path)
    assert done.exit_code == 1
    assert "error: wrong: the compiled copy differs from scikit-learn: answers differ" in done.output
    assert "right" in done.output


def test_an_unknown_bundle_and_an_empty_folder_are_reported(tmp_path, model_cli):
    assert "there is no bundle 'nope'" in model_cli("check", "nope", "--bundles", DEFAULT_ROOT).output
    assert "no bundles' folder" in model_cli("check", "--bundles", tmp_path / "none").output
