"""What the tutorials' servers ask: the estimator as it was pickled, in the fastest form that it takes.

Rows of numbers are an array. Of a data frame's names, scikit-learn warns that they are missing, and answers the same.
"""

import json
import os
import warnings

import joblib
import numpy as np

estimator = joblib.load(os.environ["MODEL_FILE"])
columns = json.loads(os.environ["COLUMNS"])
NUMBERS = os.environ["NUMBERS"] == "1"
warnings.simplefilter("ignore")


def predict(rows):
    if NUMBERS:
        return estimator.predict(np.asarray(rows, dtype=np.float64)).tolist()
    import pandas as pd

    return estimator.predict(pd.DataFrame(rows, columns=columns)).tolist()
