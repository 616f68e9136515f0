"""Pipelines as users build them, the rows that they were trained on, and adding one of them."""

import joblib
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC

RNG = np.random.default_rng(3)
CITY = RNG.choice(["Oslo", "Rome", "Köln"], 200)
SIZE = RNG.gamma(3, 20, 200).round(1)
TABLE = pd.DataFrame({"city": CITY, "size": SIZE, "rooms": (SIZE / 25 + 1).astype(int), "lift": SIZE > 50})
TABLE.loc[::9, "size"] = np.nan
PRICE = SIZE * 3 + (CITY == "Oslo") * 50
DEAR = np.where(PRICE > 200, "dear", "cheap")
TEXTS = [f"{a} {b} {c}" for a, b, c in RNG.choice(["good", "bad", "fine", "awful", "tea", "cup", "don't"], (120, 3))]
MOOD = np.array(["bad" in text or "awful" in text for text in TEXTS])
NUMBERS = pd.DataFrame(RNG.normal(size=(150, 3)), columns=["x", "y", "z"])


def mixed(*last, categories="ignore"):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer(
        (numbers, ["size", "rooms"]), (OneHotEncoder(handle_unknown=categories), ["city"]), remainder="passthrough"
    )
    return make_pipeline(columns, *last)


def ordinal():
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, ["city"]), remainder="passthrough")
    return make_pipeline(columns, HistGradientBoostingClassifier(max_iter=20, random_state=0))


PIPELINES = {
    "text": (make_pipeline(TfidfVectorizer(), LogisticRegression()), pd.DataFrame({"review": TEXTS}), MOOD),
    "mixed": (mixed(GradientBoostingClassifier(n_estimators=20, random_state=0)), TABLE, DEAR),
    "closed": (mixed(Ridge(), categories="error"), TABLE, PRICE),
    "ordinal": (ordinal(), TABLE, DEAR),
    "searched": (GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [1, 9]}), NUMBERS, NUMBERS["x"] > 0),
    "several": (MultiOutputRegressor(KNeighborsRegressor()), NUMBERS, NUMBERS[["x", "y"]] * 2),
    "groups": (make_pipeline(StandardScaler(), KMeans(3, n_init=1, random_state=0)), NUMBERS, None),
    "odd-ones": (IsolationForest(n_estimators=20, random_state=0), NUMBERS, None),
}


def fit(name):
    estimator, rows, target = PIPELINES[name]
    if name == "text":
        return estimator.fit(rows["review"], target), rows, target
    return estimator.fit(rows, target), rows, target


def added(tmp_path, model_cli, name, *options):
    estimator, rows, _ = fit(name)
    joblib.dump(estimator, tmp_path / f"{name}.joblib")
    rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return model_cli("add", tmp_path / f"{name}.joblib", "--data", tmp_path / f"{name}.csv",
                     "--bundles", tmp_path / "b", *options)  # fmt: skip
