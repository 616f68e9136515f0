"""Churn: whether a customer leaves; numbers and categories, with gaps in both, as tables really are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from model.packing.datasets import SampleModel
from model.packing.describe import Hints

ROWS = 3000
NUMBERS = ["tenure_months", "monthly_charges", "support_calls"]
CATEGORIES = ["contract", "internet", "payment"]


def sample_model(_: Path | None) -> SampleModel:
    """Return made-up customers and a pipeline over both kinds of columns."""
    table = _customers()
    left = table.pop("left")
    train, test, right, held = train_test_split(table, left, test_size=0.2, random_state=42, stratify=left)
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
        (
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
            CATEGORIES,
        ),
    )
    return SampleModel(
        title="Customer churn",
        estimator=make_pipeline(columns, LogisticRegression(max_iter=1000)),
        rows=train,
        target=right,
        test_rows=test,
        test_target=held,
        hints=Hints(
            targets=("left",), titles=("stays", "leaves"), units={"tenure_months": "months", "monthly_charges": "$"}
        ),
        notes=("Customers were made up by a known rule, gaps included; a random fifth was held out.",),
    )


def _customers() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    table = pd.DataFrame(
        {
            "tenure_months": rng.gamma(1.6, 20, ROWS).round().clip(0, 72),
            "monthly_charges": rng.normal(65, 28, ROWS).round(2).clip(18, 120),
            "support_calls": rng.poisson(1.4, ROWS).astype(float),
            "contract": rng.choice(["month-to-month", "one year", "two years"], ROWS, p=[0.55, 0.21, 0.24]),
            "internet": rng.choice(["dsl", "fibre", "none"], ROWS, p=[0.34, 0.44, 0.22]),
            "payment": rng.choice(["bank transfer", "card", "check"], ROWS, p=[0.3, 0.3, 0.4]),
        }
    )
    pull = (
        -1.2
        - 0.04 * table["tenure_months"]
        + 0.015 * table["monthly_charges"]
        + 0.45 * table["support_calls"]
        + table["contract"].map({"month-to-month": 0.9, "one year": -0.4, "two years": -1.5})
        + table["internet"].map({"dsl": 0.0, "fibre": 0.5, "none": -0.6})
    )
    left = rng.random(ROWS) < 1 / (1 + np.exp(-pull))
    for name, share in {"monthly_charges": 0.05, "support_calls": 0.08, "internet": 0.04, "payment": 0.06}.items():
        table.loc[rng.random(ROWS) < share, name] = np.nan
    return table.assign(left=np.where(left, "yes", "no"))
