"""Purchase: whether a visitor of a shop buys, from age, being new, and pages seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from model.packing.datasets import SampleModel
from model.packing.describe import Hints

ROWS = 4000


def sample_model(_: Path | None) -> SampleModel:
    """Return made-up visitors and a logistic regression."""
    rng = np.random.default_rng(42)
    table = pd.DataFrame(
        {
            "age": np.clip(rng.normal(31, 8.3, ROWS).round(), 17, 79).astype(int),
            "new_user": (rng.random(ROWS) < 0.68).astype(int),
            "total_pages_visited": np.clip(rng.gamma(2.2, 2.6, ROWS).round(), 1, 30).astype(int),
        }
    )
    pull = 0.6 * (table["total_pages_visited"] - 9) - 1.4 * table["new_user"] - 0.05 * (table["age"] - 31)
    bought = pd.Series((rng.random(ROWS) < 1 / (1 + np.exp(-pull))).astype(int), name="purchase")
    train, test, right, held = train_test_split(table, bought, test_size=0.2, random_state=42, stratify=bought)
    return SampleModel(
        title="Purchase",
        estimator=LogisticRegression(),
        rows=train,
        target=right,
        test_rows=test,
        test_target=held,
        hints=Hints(
            targets=("purchase",),
            titles=("no purchase", "purchase"),
            units={"age": "years", "total_pages_visited": "pages"},
        ),
        notes=("Visitors were made up by a known rule; a random fifth was held out.",),
    )
