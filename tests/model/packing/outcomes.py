"""What came of adding a model: a bundle that passes its check, or one sentence and nothing."""

import shutil
import unicodedata

import joblib
import pandas as pd


def outcome(folder, model_cli, estimator, data, *options):
    """Add a model; return its error, or None where the bundle is there and passes its check."""
    shutil.rmtree(folder / "b", ignore_errors=True)
    joblib.dump(estimator, folder / "mine.joblib")
    if isinstance(data, pd.DataFrame):
        data.to_pickle(folder / "rows.pkl")
        data = folder / "rows.pkl"
    where = ("--bundles", folder / "b")
    done = model_cli("add", folder / "mine.joblib", "--data", data, "--name", "mine", *where, *options)
    return judged(folder, model_cli, done)


def judged(folder, model_cli, done):
    """Return the one sentence of a refusal that left nothing, or None for a bundle that passes its check."""
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    if done.exit_code == 0:
        checked = model_cli("check", "mine", "--bundles", folder / "b")
        assert (checked.exit_code, "mine" in checked.stdout) == (0, True), checked.output
        shown = model_cli("card", "mine", "--bundles", folder / "b")
        assert shown.exit_code == 0, shown.output
        return None
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.stderr.rstrip().endswith(error)
    assert len(error) < 800
    assert not {unicodedata.category(char) for char in error} & {"Cc", "Cs", "Zl", "Zp"}
    assert not (folder / "b").exists() or not list((folder / "b").iterdir())
    return error
