"""Files of rows, and what must come of them."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.server import model

CHURN = model("churn")
FEATURES = list(CHURN.signature.names)


def customers(count, seed=0):
    """Return rows of churn with a column that is no feature."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"{place:06}" for place in range(count)],
            "tenure_months": draw.integers(0, 72, count),
            "monthly_charges": draw.uniform(18, 120, count).round(2),
            "support_calls": draw.integers(0, 7, count).astype(float),
            "contract": draw.choice(["month-to-month", "one year", "two years"], count),
            "internet": draw.choice(["dsl", "fibre", "none"], count),
            "payment": draw.choice(["card", "check", "bank transfer"], count),
        }
    )


def answers(frame):
    """Return churn's predictions for a frame, by the way that requests take."""
    rows = frame[FEATURES].astype(object).where(frame[FEATURES].notna(), None).to_dict("records")
    return CHURN.predict(CHURN.reader(rows)).tolist()


def answers_of_folder(folder):
    """Return the rows of a folder's parts in their order."""
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))], ignore_index=True)


@pytest.fixture
def frame():
    return customers(300)


@pytest.fixture
def parquet(tmp_path, frame):
    frame.to_parquet(tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


@pytest.fixture
def score(model_cli):
    """Return a function that scores with churn and gives what was printed, or checks that it was refused."""

    def run(*args, refused=False):
        done = model_cli("score", "churn", *args)
        assert done.exit_code == (2 if refused else 0), done.output
        if refused:
            lines = [line for line in done.stderr.splitlines() if not line.startswith("part-")]
            assert len(lines) == 1, done.stderr
            assert lines[0].startswith("error: "), done.stderr
            return lines[0]
        return done.stdout

    return run
