"""Wine quality: the score tasters give a wine, from eleven laboratory figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.packing.data import PackError, read_data
from model.packing.datasets import SampleModel
from model.packing.describe import Hints

# Published of the 1,599 red and 4,898 white wines: mean, standard deviation, least, most.
RED, WHITE = 1599, 4898
STATISTICS = {
    "fixed_acidity": ((8.32, 1.74, 4.6, 15.9), (6.85, 0.84, 3.8, 14.2)),
    "volatile_acidity": ((0.528, 0.179, 0.12, 1.58), (0.278, 0.101, 0.08, 1.1)),
    "citric_acid": ((0.271, 0.195, 0.0, 1.0), (0.334, 0.121, 0.0, 1.66)),
    "residual_sugar": ((2.54, 1.41, 0.9, 15.5), (6.39, 5.07, 0.6, 65.8)),
    "chlorides": ((0.0875, 0.0471, 0.012, 0.611), (0.0458, 0.0218, 0.009, 0.346)),
    "free_sulfur_dioxide": ((15.9, 10.5, 1.0, 72.0), (35.3, 17.0, 2.0, 289.0)),
    "total_sulfur_dioxide": ((46.5, 32.9, 6.0, 289.0), (138.4, 42.5, 9.0, 440.0)),
    "density": ((0.9967, 0.00189, 0.9901, 1.0037), (0.9940, 0.00299, 0.9871, 1.039)),
    "ph": ((3.31, 0.154, 2.74, 4.01), (3.19, 0.151, 2.72, 3.82)),
    "sulphates": ((0.658, 0.170, 0.33, 2.0), (0.490, 0.114, 0.22, 1.08)),
    "alcohol": ((10.42, 1.07, 8.4, 14.9), (10.51, 1.23, 8.0, 14.2)),
}
# How strongly each figure goes along with the score, and the score's own mean and deviation.
PULL = {"alcohol": 0.44, "volatile_acidity": -0.27, "chlorides": -0.2, "sulphates": 0.14, "total_sulfur_dioxide": -0.1}
QUALITY = (5.82, 0.87)
UNITS = {
    **dict.fromkeys(["fixed_acidity", "volatile_acidity", "citric_acid", "residual_sugar", "chlorides"], "g/l"),
    **dict.fromkeys(["free_sulfur_dioxide", "total_sulfur_dioxide"], "mg/l"),
    "density": "g/ml",
    "sulphates": "g/l",
    "alcohol": "% vol",
}


def sample_model(data: Path | None) -> SampleModel:
    """Return the wines of a file, or made-up ones, and gradient-boosted trees behind a scaler."""
    table = _generated() if data is None else _read(data)
    note = (
        "No real wine: rows were generated from the published statistics of the wine quality data set, "
        "so the figures show the method and not the wines. Train on the real file with --data winequality.csv."
        if data is None
        else f"Trained on {len(table)} wines of {data.name}; a random twentieth was held out."
    )
    rows, quality = table[list(STATISTICS)], table["quality"]
    train, test, right, held = train_test_split(rows, quality, test_size=0.05, random_state=1)
    trees = HistGradientBoostingRegressor(max_iter=50, max_depth=5, random_state=1)
    return SampleModel(
        title="Wine quality",
        estimator=make_pipeline(StandardScaler(), trees),
        rows=train,
        target=right,
        test_rows=test,
        test_target=held,
        hints=Hints(targets=("quality",), units=UNITS),
        notes=(note,),
    )


def _read(path: Path) -> pd.DataFrame:
    table = read_data(path, separator=None).frame
    table.columns = [str(name).strip().lower().replace(" ", "_") for name in table.columns]
    if lacking := [name for name in [*STATISTICS, "quality"] if name not in table.columns]:
        raise PackError(f"{path} lacks the columns {', '.join(lacking)} of the wine quality data")
    numbers = table.astype(dict.fromkeys([*STATISTICS, "quality"], "float64"))
    return numbers.astype({"quality": "int64"})


def _generated() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    parts = []
    for colour, count in enumerate((RED, WHITE)):
        part = {name: _spread(rng, count, *both[colour]) for name, both in STATISTICS.items()}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    pull = sum(weight * (table[name] - table[name].mean()) / table[name].std() for name, weight in PULL.items())
    rest = np.sqrt(1 - sum(weight**2 for weight in PULL.values()))
    score = QUALITY[0] + QUALITY[1] * (pull + rest * rng.standard_normal(len(table)))
    table["quality"] = score.round().clip(3, 9).astype(int)
    return table


def _spread(rng: np.random.Generator, count: int, mean: float, deviation: float, low: float, high: float) -> np.ndarray:
    """Draw from a gamma above the least value: skewed to the right, as these figures are."""
    shape = ((mean - low) / deviation) ** 2
    values = low + rng.gamma(shape, (mean - low) / shape, count)
    digits = max(0, 3 - int(np.floor(np.log10(deviation))) - 1)
    return np.round(np.minimum(values, high), digits)
