"""Walk every estimator of scikit-learn that predicts, pack each, and write how it is served: docs/models.md.

Run `python -m tools.estimators` to write the page again.
"""

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, NuSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from model.bundle.manifest import Manifest
from model.packing.pack import Material, pack
from model.user_error import UserError

PAGE = Path(__file__).parents[1] / "docs" / "models.md"


def rows_of(count: int, width: int) -> tuple[pd.DataFrame, dict[str, np.ndarray | pd.Series]]:
    """Make rows of numbers, and a target of each kind."""
    rng = np.random.default_rng(0)
    names = list("abcdefghijklmnopqrstuvwxyz"[:width])
    rows = pd.DataFrame(rng.gamma(2.0, 1.0, (count, width)).round(3), columns=names)
    classes = (rows["a"] + rng.normal(0, 0.5, count) > 2).astype(int) + (rows["b"] > 2.5).astype(int)
    two = (classes > 0).astype(int)
    numbers = 3 * rows["a"] - 2 * rows["b"] * (rows["c"] > 2) + 10
    table = np.column_stack([numbers, 2 * rows["c"] + 1])
    labels = np.column_stack([two, rows["c"] > 2]).astype(int)
    return rows, {"classes": classes, "two": two, "numbers": numbers, "table": table, "labels": labels}


ROWS, TARGETS = rows_of(120, 4)
EXPERIMENTAL = ("HalvingGridSearchCV", "HalvingRandomSearchCV")
"""Listed only once somebody's import has enabled them."""

TWO_CLASSIFIERS = [("tree", DecisionTreeClassifier(max_depth=3)), ("line", LogisticRegression())]
TWO_REGRESSORS = [("tree", DecisionTreeRegressor(max_depth=3)), ("line", Ridge())]

# Estimators around others, and those that want what the others do not.
BUILT = {
    "ClassifierChain": (ClassifierChain(LogisticRegression()), "labels"),
    "FixedThresholdClassifier": (FixedThresholdClassifier(LogisticRegression(), threshold=0.4), "two"),
    "GridSearchCV": (GridSearchCV(SVC(), {"C": [1, 10]}), "classes"),
    "LocalOutlierFactor": (LocalOutlierFactor(novelty=True), None),
    "MultiOutputClassifier": (MultiOutputClassifier(LogisticRegression()), "labels"),
    "MultiOutputRegressor": (MultiOutputRegressor(Ridge()), "table"),
    "NuSVC": (NuSVC(nu=0.1), "classes"),
    "Pipeline": (make_pipeline(StandardScaler(), SVC()), "classes"),
    "RandomizedSearchCV": (RandomizedSearchCV(Ridge(), {"alpha": [0.1, 1]}, n_iter=2, random_state=0), "numbers"),
    "RegressorChain": (RegressorChain(LinearRegression()), "table"),
    "SelfTrainingClassifier": (SelfTrainingClassifier(LogisticRegression()), "classes"),
    "StackingClassifier": (
        StackingClassifier(TWO_CLASSIFIERS), "classes"
    ),
    "StackingRegressor": (StackingRegressor(TWO_REGRESSORS), "numbers"),
    "TunedThresholdClassifierCV": (TunedThresholdClassifierCV(LogisticRegression()), "two"),
    "VotingClassifier": (
        VotingClassifier(TWO_CLASSIFIERS, voting="soft"),
        "classes",
    ),
    "VotingRegressor": (VotingRegressor(TWO_REGRESSORS), "numbers"),
}  # fmt: skip
BESIDES = {
    "CalibratedClassifierCV(SVC)": (CalibratedClassifierCV(SVC()), "classes"),
    "multi-label KNeighborsClassifier": (KNeighborsClassifier(), "labels"),
    "multi-label MLPClassifier": (MLPClassifier(max_iter=50, random_state=0), "labels"),
    "multi-label RandomForestClassifier": (RandomForestClassifier(20, random_state=0), "labels"),
    "GridSearchCV(HistGradientBoostingClassifier)": (
        GridSearchCV(HistGradientBoostingClassifier(max_iter=10), {"max_depth": [2, 3]}, cv=2), "classes"
    ),
}  # fmt: skip


def contestants(rows=ROWS, targets=TARGETS) -> dict[str, tuple]:
    """Name every estimator that predicts, with what it is fitted on."""
    found = {}
    for name, kind in all_estimators():
        if (not hasattr(kind, "predict") and name not in BUILT) or name in EXPERIMENTAL:
            continue
        if name in BUILT:
            found[name] = (BUILT[name][0], rows, targets.get(BUILT[name][1]))
            continue
        try:
            estimator = kind()
        except TypeError:
            estimator = kind(LogisticRegression() if "lassif" in name else Ridge())
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=0)
        taken = rows[["a"]] if name == "IsotonicRegression" else rows.round() if name == "CategoricalNB" else rows
        found[name] = (estimator, taken, targets[target_of(name, estimator)])
    return found | {name: (estimator, rows, targets[target]) for name, (estimator, target) in BESIDES.items()}


def target_of(name, estimator):
    if is_classifier(estimator):
        return "classes"
    if name.startswith("MultiTask") or name in {"CCA", "PLSCanonical", "PLSRegression"}:
        return "table"
    return "numbers"


def pack_all(folder: Path) -> dict[str, Manifest | str]:
    """Fit and pack each; keep the manifest, or the reason why there is none."""
    results, wanted = {}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (estimator, rows, target) in contestants().items():
            estimator.fit(rows, target)
            slug = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
            try:
                manifest = pack(Material(name=slug, title=name, estimator=estimator, rows=rows, lean=True), folder)
            except UserError as error:
                results[name] = str(error)
                continue
            results[name] = manifest
            answer = estimator.predict(rows)
            wanted[slug] = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer).tolist()
    (folder / "wanted.json").write_text(json.dumps(wanted))
    rows = {"wide": ROWS.to_numpy().tolist()}
    (folder / "rows.json").write_text(json.dumps(rows))
    return results


AGAIN = """
import json, sys
from pathlib import Path
import numpy as np
from model.bundle.files import names, read
from model.runtime.load import load
folder = Path(sys.argv[1])
wanted = json.loads((folder / "wanted.json").read_text())
rows = json.loads((folder / "rows.json").read_text())["wide"]
for name in names(folder):
    model = load(read(folder, name))
    sent = [row[: len(model.signature.features)] for row in rows]
    sent = [[round(v) for v in row] for row in sent] if name == "categoricalnb" else sent
    try:
        answers, right = model.predict(model.reader(sent)), np.asarray(wanted[name])
    except Exception as error:
        print("FAILED", name, error)
        continue
    right = right.reshape(answers.shape)
    same = (answers == right).all() if right.dtype.kind in "iuUb" else np.allclose(answers, right, rtol=1e-5, atol=1e-5)
    print("same" if same else "DIFFERENT", name)
"""


def load_all_again(folder: Path) -> list[str]:
    """Load every bundle in a fresh process, and return a line each on whether its answers are still the same."""
    command = [sys.executable, "-W", "ignore", "-c", AGAIN, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def page(results: dict[str, Manifest | str]) -> str:
    """Return the table as Markdown."""
    manifests = {name: each for name, each in results.items() if isinstance(each, Manifest)}
    compiled = [name for name, each in manifests.items() if each.runtime == "onnx"]
    refused = len(results) - len(manifests)
    lines = [
        "# Which models are served, and how",
        "",
        "Every estimator of scikit-learn that has `predict`, and some put together from others, was packed on a table",
        "of numbers. *Compiled* means that an ONNX copy gave the same labels as scikit-learn on every training row and",
        "on up to 10,000 hostile rows, and numbers within 1e-6, up to a limit of at least a million; without a copy",
        "scikit-learn itself answers. *Compact* means that one row is answered in plain Python too. Nearer to a",
        "boundary between two labels than 1e-9 of the distance between two training rows, a copy's label is not",
        "promised to be scikit-learn's, whose own may depend on the other rows of a call; a compact form leaves such",
        "rows to the full model. LightGBM, XGBoost and CatBoost have [a page of their own](boosting.md).",
        "HistGradientBoosting over pandas categories that are texts is served by scikit-learn.",
        "",
        "This page says what can be compiled (`model add --lean`). Without `--lean`, `add` leaves out a copy that it",
        "measures to be slower than scikit-learn, such as that of nearest neighbours:",
        "[bundles.md](bundles.md#the-fastest-form).",
        "",
        f"**{len(compiled)} compiled, {len(manifests) - len(compiled)} served by scikit-learn, {refused} not served;",
        f"{sum(each.compact is not None for each in manifests.values())} have a compact form.**",
        "`make estimators` writes this page, and a test keeps it true.",
        "",
        "| estimator | served | input, or why not compiled | compact form |",
        "|---|---|---|---|",
    ]
    for name, each in sorted(results.items()):
        if isinstance(each, str):
            lines.append(f"| {name} | no | {each} | |")
        elif each.runtime == "onnx":
            lines.append(f"| {name} | compiled | {each.input.dtype} | {_compact(each)} |")
        else:
            lines.append(f"| {name} | by scikit-learn | {steady(each.reason)} | {_compact(each)} |")
    return "\n".join(lines) + "\n"


def _compact(manifest: Manifest) -> str:
    return "yes" if manifest.compact is not None else ""


def steady(reason: str) -> str:
    """Return a reason without what changes from one machine to the next."""
    return re.sub(r"array\(.*?\)\)|\b\d+ of \d+ rows", "some", reason).replace("|", "/")


def main() -> None:
    with TemporaryDirectory() as folder:
        PAGE.write_text(page(pack_all(Path(folder))), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
