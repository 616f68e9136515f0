"""What every peer asks: the estimator as it was pickled, given a data frame if it was trained with one."""

import json
import os

import joblib

estimator = joblib.load(os.environ["MODEL_FILE"])
columns = json.loads(os.environ["COLUMNS"])


def predict(rows):
    if hasattr(estimator, "feature_names_in_"):
        import pandas as pd

        rows = pd.DataFrame(rows, columns=columns)
    return estimator.predict(rows).tolist()
